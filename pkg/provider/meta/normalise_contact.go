package meta

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"

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

// The lengths of a phone number with its country code (E.164 has at most 15
// digits; fewer than 7 are a short code or an extension).
const minPhone, maxPhone = 7, 15

// phone keeps the digits, without leading zeros, which also removes the
// international prefix 00. An extension and the trunk marker (0) are no part of
// the number. A number in national form gets a country code only where the
// destination names a default country.
func phone(dst []byte, s string, h Hints) ([]byte, bool) {
	if s[0] == '+' {
		// No extension, no trunk marker, no zero in front: what is left of the
		// rule is the digits.
		if out, plain := identity.AppendDigits(dst, s[1:]); plain && len(out) > 0 && out[0] != '0' {
			return out, len(out) >= minPhone && len(out) <= maxPhone
		}
	}
	return phoneByRule(dst, s, h)
}

func phoneByRule(dst []byte, s string, h Hints) ([]byte, bool) {
	s = cutExtension(s)
	if h.PhoneCountry != "" && !strings.HasPrefix(s, "+") && !strings.HasPrefix(s, "00") {
		if out, ok := nationalPhone(dst, s, h); ok && len(out) <= maxPhone {
			return out, true
		}
	}
	trunk := strings.Index(s, "(0)")
	for i := 0; i < len(s); i++ {
		if i == trunk {
			i += len("(0)") - 1
			continue
		}
		if c := s[i]; digit(c) && (c != '0' || len(dst) > 0) {
			dst = append(dst, c)
		}
	}
	return dst, len(dst) >= minPhone && len(dst) <= maxPhone
}

// cutExtension removes what matches (;ext=|ext\.?|x|#)\s*[0-9]{1,7}\s*$, in any
// case, and nothing else.
func cutExtension(s string) string {
	end := len(s)
	start := end
	for start > 0 && digit(s[start-1]) {
		start--
	}
	if n := end - start; n < 1 || n > 7 {
		return s
	}
	head := s[:start]
	for head != "" {
		r, n := utf8.DecodeLastRuneInString(head)
		if !identity.IsSpace(r) {
			break
		}
		head = head[:len(head)-n]
	}
	for _, word := range [...]string{";ext=", "ext.", "ext", "x", "#"} {
		if n := len(head) - len(word); n >= 0 && strings.EqualFold(head[n:], word) {
			return head[:n]
		}
	}
	return s
}

// nationalPhone reads s as a number of the subject's own country, else of the
// destination's default country, and appends it with its country code. What
// begins with that country's code and is a valid number as it stands only lacks
// its plus sign, and is left to the ordinary rule; so is a number that is valid
// with another country's code and in neither of the two.
func nationalPhone(dst []byte, s string, h Hints) ([]byte, bool) {
	plus, err := phonenumbers.Parse("+"+s, "")
	abroad := err == nil && !zeroFirst(s) && phonenumbers.IsValidNumber(plus)
	var possible *phonenumbers.PhoneNumber
	for _, region := range [...]string{strings.ToUpper(h.Country), h.PhoneCountry} {
		if region == "" {
			continue
		}
		code := phonenumbers.GetCountryCodeForRegion(region)
		number, err := phonenumbers.Parse(s, region)
		if err != nil || int(number.GetCountryCode()) != code {
			continue
		}
		if abroad && int(plus.GetCountryCode()) == code {
			return dst, false
		}
		if phonenumbers.IsValidNumber(number) {
			return appendE164(dst, number), true
		}
		if region == h.PhoneCountry && phonenumbers.IsPossibleNumber(number) {
			possible = number
		}
	}
	if abroad || possible == nil {
		return dst, false
	}
	return appendE164(dst, possible), true
}

// zeroFirst reports whether the first digit is 0, with which no country's code
// begins; the library would read on behind it.
func zeroFirst(s string) bool {
	i := strings.IndexAny(s, "0123456789")
	return i >= 0 && s[i] == '0'
}

func appendE164(dst []byte, n *phonenumbers.PhoneNumber) []byte {
	return append(dst, strings.TrimPrefix(phonenumbers.Format(n, phonenumbers.E164), "+")...)
}
