package google

import (
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/sluicehq/sluice/pkg/core/geo"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// The digits of an E.164 number.
const (
	minDigits = 7
	maxDigits = 15
)

// appendPhone gives a number in E.164. Google's library keeps the digits and
// puts a plus in front, which turns every national number into somebody
// else's. So a leading 00 counts as a plus, and a number with neither is read
// as a national one of country where that is known; without a country the
// library's answer stands. Numbers of fewer than 7 or more than 15 digits are
// refused.
func appendPhone(dst []byte, s, country string) ([]byte, bool) {
	s = identity.Trim(s)
	if strings.HasPrefix(s, "+") {
		// No trunk prefix, no extension: what is left of the rule is the digits.
		if out, plain := identity.AppendDigits(append(dst, '+'), s[1:]); plain {
			return fitE164(out, len(dst))
		}
	}
	return appendPhoneByRule(dst, s, country)
}

func appendPhoneByRule(dst []byte, s, country string) ([]byte, bool) {
	international := isInternational(s)
	if !international && country != "" {
		if code, known := geo.Country(country); known {
			if number, ok := national(s, code); ok && len(number) > minDigits && len(number) <= maxDigits+1 {
				return append(dst, number...), true
			}
		}
	}
	start := len(dst)
	if international {
		s = withoutTrunk(s)
	}
	return fitE164(appendDigits(append(dst, '+'), withoutExtension(s)), start)
}

// fitE164 drops 00 in front of the digits that were appended behind start and a
// plus, and refuses what no number's digits are.
func fitE164(dst []byte, start int) ([]byte, bool) {
	if digits := dst[start+1:]; len(digits) > 2 && digits[0] == '0' && digits[1] == '0' {
		dst = append(dst[:start+1], digits[2:]...)
	}
	if n := len(dst) - start - 1; n < minDigits || n > maxDigits {
		return dst[:start], false
	}
	return dst, true
}

// isInternational reports whether the first thing that counts in s is a plus
// or 00.
func isInternational(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '+':
			return true
		case c >= '0' && c <= '9':
			return c == '0' && strings.HasPrefix(s[i:], "00")
		}
	}
	return false
}

// withoutTrunk removes the "(0)" of +44 (0)113: nobody dials it from abroad.
func withoutTrunk(s string) string {
	before, after, found := strings.Cut(s, "(0)")
	if !found {
		return s
	}
	return before + after
}

// withoutExtension cuts the extension of a switchboard, which is no part of
// the number.
func withoutExtension(s string) string {
	digits := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits++
		case digits >= minDigits && (c == 'x' || c == 'X' || c == '#' || c == ';'):
			return s[:i]
		case digits >= minDigits && (c == 'e' || c == 'E') && len(s) > i+2 && strings.EqualFold(s[i:i+3], "ext"):
			return s[:i]
		}
	}
	return s
}

func appendDigits(dst []byte, s string) []byte {
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			dst = append(dst, s[i])
		}
	}
	return dst
}

// national reads s as people of country write it. What begins with that
// country's code and is valid as it stands only lacks its plus: read as
// national, a German 49151... would get a second 49. Then a number that is
// valid there wins, then one that is valid with a plus in front (the code of
// another country without it), then one that could exist there.
func national(s, country string) (string, bool) {
	abroad, abroadErr := phonenumbers.Parse("+"+s, "")
	first := strings.IndexAny(s, "0123456789")
	// No country's code begins with 0; the library would read on behind it.
	abroadValid := abroadErr == nil && first >= 0 && s[first] != '0' && phonenumbers.IsValidNumber(abroad)
	if abroadValid && int(abroad.GetCountryCode()) == phonenumbers.GetCountryCodeForRegion(country) {
		return phonenumbers.Format(abroad, phonenumbers.E164), true
	}
	local, err := phonenumbers.Parse(s, country)
	if err == nil && phonenumbers.IsValidNumber(local) {
		return phonenumbers.Format(local, phonenumbers.E164), true
	}
	if abroadValid {
		return phonenumbers.Format(abroad, phonenumbers.E164), true
	}
	if err == nil && phonenumbers.IsPossibleNumber(local) {
		return phonenumbers.Format(local, phonenumbers.E164), true
	}
	return "", false
}
