package httpclient

import "net/netip"

// special are ranges that are set aside and therefore no provider's address,
// beyond those that net/netip knows (private, loopback, link-local,
// multicast). From the IANA registries of special-purpose addresses
// (RFC 6890 and its updates).
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),       // this network
	netip.MustParsePrefix("100.64.0.0/10"),   // carrier-grade NAT, also cloud metadata services
	netip.MustParsePrefix("192.0.0.0/24"),    // protocol assignments
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("192.88.99.0/24"),  // former 6to4 relays
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved, broadcast
	netip.MustParsePrefix("100::/64"),        // discard
	netip.MustParsePrefix("2001::/23"),       // protocol assignments, Teredo
	netip.MustParsePrefix("2001:db8::/32"),   // documentation
	netip.MustParsePrefix("3fff::/20"),       // documentation
	netip.MustParsePrefix("fec0::/10"),       // former site-local
}

var (
	nat64   = netip.MustParsePrefix("64:ff9b::/96")
	sixTo4  = netip.MustParsePrefix("2002::/16")
	v4compa = netip.MustParsePrefix("::/96")
)

// public reports whether an address is one of the public internet. An IPv6
// address that carries an IPv4 address is judged by that one too: otherwise
// 64:ff9b::7f00:1 would be a way to 127.0.0.1.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsValid() || !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, prefix := range special {
		if prefix.Contains(a) {
			return false
		}
	}
	bytes := a.As16()
	switch {
	case nat64.Contains(a), a.Is6() && v4compa.Contains(a):
		return public(netip.AddrFrom4([4]byte(bytes[12:16])))
	case sixTo4.Contains(a):
		return public(netip.AddrFrom4([4]byte(bytes[2:6])))
	}
	return true
}
