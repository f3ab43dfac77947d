package meta

import (
	"bytes"

	"github.com/sluicehq/sluice/pkg/core/identity"
)

// email lower-cases and checks the form. Dots and +tags stay: Meta matches the
// address as its owner wrote it. Addresses outside ASCII are dropped, as Meta's
// own libraries drop them.
func email(dst []byte, s string, _ Hints) ([]byte, bool) {
	dst = identity.AppendLower(dst, s)
	at := bytes.IndexByte(dst, '@')
	if at < 0 || !localPart(dst[:at]) || !domainPart(dst[at+1:]) {
		return dst, false
	}
	return dst, true
}

// What a byte may be in an address. Bytes outside ASCII may be nothing.
const (
	atomByte  = 1 << iota // of a local part, between dots
	labelByte             // of a domain, between dots
)

var addressBytes = func() (table [256]uint8) {
	for i := range table {
		if alnum(byte(i)) {
			table[i] = atomByte | labelByte
		}
	}
	for _, c := range "_!#$%&'*+/=?^`{|}~-" {
		table[c] |= atomByte
	}
	table['-'] |= labelByte
	return table
}()

// localPart accepts atoms joined by single dots.
func localPart(s []byte) bool {
	atom := 0
	for _, c := range s {
		switch {
		case addressBytes[c]&atomByte != 0:
			atom++
		case c == '.' && atom > 0:
			atom = 0
		default:
			return false
		}
	}
	return atom > 0
}

// domainPart accepts at least two labels of letters, digits and inner hyphens.
func domainPart(s []byte) bool {
	labels, label := 0, 0
	last := byte('.')
	for _, c := range s {
		switch {
		case c == '.':
			if last == '.' || last == '-' {
				return false
			}
			labels, label = labels+1, 0
		case addressBytes[c]&labelByte == 0 || c == '-' && label == 0:
			return false
		default:
			label++
		}
		last = c
	}
	return labels > 0 && label > 0 && last != '-'
}
