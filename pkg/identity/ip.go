package identity

import (
	"net/netip"
	"strings"
)

// notPublic are ranges beyond those that netip knows: shared address space of
// carriers, "this network", and what is reserved.
var notPublic = [...]netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("240.0.0.0/4"),
}

// PublicIP reads the address of a client. It takes what proxies and logs make
// of one: surrounding space, brackets, a port, a zone. An IPv4 address in IPv6
// form is unmapped. Private, loopback, link-local, multicast and unspecified
// addresses are refused: they say nothing about anybody. So is a list.
func PublicIP(raw Raw) (netip.Addr, bool) {
	s := Trim(raw.Reveal())
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 || !portOrNothing(s[end+1:]) {
			return netip.Addr{}, false
		}
		s = s[1:end]
	} else if i := strings.IndexByte(s, ':'); i > 0 && strings.IndexByte(s[i+1:], ':') < 0 {
		// One colon only: IPv4 and a port.
		if !portOrNothing(s[i:]) {
			return netip.Addr{}, false
		}
		s = s[:i]
	}
	addr, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}, false
	}
	addr = addr.WithZone("").Unmap()
	if !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return netip.Addr{}, false
	}
	for _, p := range notPublic {
		if p.Contains(addr) {
			return netip.Addr{}, false
		}
	}
	return addr, true
}

func portOrNothing(s string) bool {
	if s == "" {
		return true
	}
	if s[0] != ':' || len(s) < 2 || len(s) > 6 {
		return false
	}
	return allDigits(s[1:])
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
