package identity

import (
	"net/netip"
	"strings"
)

// reserved reports IPv4 addresses that are nobody's, beyond those that netip
// knows: "this network" (0.0.0.0/8), the shared space of carriers
// (100.64.0.0/10), and what is reserved (240.0.0.0/4).
func reserved(addr netip.Addr) bool {
	if !addr.Is4() {
		return false
	}
	b := addr.As4()
	return b[0] == 0 || b[0] == 100 && b[1]>>6 == 1 || b[0] >= 240
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
	if !addr.IsGlobalUnicast() || addr.IsPrivate() || reserved(addr) {
		return netip.Addr{}, false
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
