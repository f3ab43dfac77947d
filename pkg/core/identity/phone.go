package identity

import (
	"strings"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
)

// PhoneFault says why a phone number has no form that could be hashed.
type PhoneFault uint8

// The faults.
const (
	PhoneOK PhoneFault = iota
	// PhoneInvalid: not a number that E.164 allows: 1 to 9 and 6 to 14 digits.
	PhoneInvalid
	// PhoneNoCountry: a number in national form whose country nobody knows. The
	// same digits with a plus sign are somebody else's number.
	PhoneNoCountry
)

// The digits of an E.164 number, its country code included.
const minE164, maxE164 = 7, 15

// AppendE164 appends the digits of a phone number, country code first and
// without plus sign. A plus sign or 00 begins an international number; anything
// else is a national one of the country own, else of fallback (ISO 3166-1
// alpha-2; "" where not known). Without a country only a number that is valid
// with a plus sign in front is taken for an international one that lacks it.
func AppendE164(dst []byte, s, own, fallback string) ([]byte, PhoneFault) {
	s = trimInvisible(s)
	start := len(dst)
	if strings.HasPrefix(s, "+") {
		// No trunk prefix, no extension: what is left of the rule is the digits.
		if out, plain := AppendDigits(dst, s[1:]); plain {
			return fitE164(out, start)
		}
	}
	s = asciiDigits(s)
	if scientific(s) {
		return dst, PhoneInvalid
	}
	s = cutExtension(s)
	if international(s) {
		return internationalPhone(dst, s)
	}
	out, fault := nationalPhone(dst, s, own, fallback)
	if fault != PhoneOK {
		return dst[:start], fault
	}
	return fitE164(out, start)
}

// fitE164 refuses digits behind start that no number is made of. 00 behind a plus
// sign is the prefix once more.
func fitE164(dst []byte, start int) ([]byte, PhoneFault) {
	digits := dst[start:]
	if len(digits) > 2 && digits[0] == '0' && digits[1] == '0' {
		dst = append(dst[:start], digits[2:]...)
	}
	dst = withoutTrunk(dst, start)
	digits = dst[start:]
	if n := len(digits); n < minE164 || n > maxE164 || !callingCode(digits) || repeated(digits) {
		return dst[:start], PhoneInvalid
	}
	return dst, PhoneOK
}

// withoutTrunk removes the zero that +44 020 7946 0958 has behind the country code:
// it is dialled inside the country only. In Italy and some other countries it is
// part of the number, so that it stays where the number exists with it, and where
// no zero is dialled.
func withoutTrunk(dst []byte, start int) []byte {
	digits := dst[start:]
	if !callingCode(digits) {
		return dst
	}
	at := codeLength(codeOf(digits))
	if at >= len(digits) || digits[at] != '0' {
		return dst
	}
	number, err := phonenumbers.Parse("+"+string(digits), phonenumbers.UNKNOWN_REGION)
	if err == nil && phonenumbers.IsValidNumber(number) {
		return appendNumber(dst[:start], number)
	}
	region := phonenumbers.GetRegionCodeForCountryCode(codeOf(digits))
	if phonenumbers.GetNddPrefixForRegion(region, true) != "0" {
		return dst // nobody dials a zero there
	}
	return append(dst[:start+at], digits[at+1:]...)
}

// codeLength is how many digits a country code has.
func codeLength(code int) int {
	switch {
	case code < 10:
		return 1
	case code < 100:
		return 2
	default:
		return 3
	}
}

// repeated reports one digit many times over, which forms are filled with.
func repeated(digits []byte) bool {
	for _, c := range digits[1:] {
		if c != digits[0] {
			return false
		}
	}
	return true
}

// international reports whether the first thing that counts in s is a plus sign
// or 00.
func international(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '+':
			return true
		case isDigit(c):
			return c == '0' && i+1 < len(s) && s[i+1] == '0'
		}
	}
	return false
}

// internationalPhone reads the digits behind the prefix. The "(0)" of +44 (0)113
// is dialled inside the country only, but in Italy and some other countries the
// zero is part of the number: where only that is valid, it stays.
func internationalPhone(dst []byte, s string) ([]byte, PhoneFault) {
	start := len(dst)
	before, after, trunk := strings.Cut(s, "(0)")
	if !trunk {
		return fitE164(onlyDigits(dst, s), start)
	}
	with, fault := fitE164(onlyDigits(nil, before+"0"+after), 0)
	keep := fault == PhoneOK && validNumber(with)
	out, fault := fitE164(onlyDigits(dst, before+after), start)
	if keep && (fault != PhoneOK || !validNumber(out[start:])) {
		return append(out[:start], with...), PhoneOK
	}
	return out, fault
}

func onlyDigits(dst []byte, s string) []byte {
	for i := range len(s) {
		if isDigit(s[i]) {
			dst = append(dst, s[i])
		}
	}
	return dst
}

// nationalPhone reads s as people of a country write it. What begins with that
// country's code and is valid as it stands only lacks its plus sign: read as
// national, a German 49151... would get a second 49. A number that is valid there
// wins, then one that is valid with a plus sign, then one that could exist there.
func nationalPhone(dst []byte, s, own, fallback string) ([]byte, PhoneFault) {
	digits := onlyDigits(nil, s)
	if len(digits) == 0 || len(digits) > maxE164+2 {
		return dst, PhoneInvalid
	}
	abroad := len(digits) <= maxE164 && callingCode(digits) && validNumber(digits)
	var possible *phonenumbers.PhoneNumber
	known := false
	for _, region := range [...]string{own, fallback} {
		code := phonenumbers.GetCountryCodeForRegion(region)
		if region == "" || code == 0 {
			continue
		}
		known = true
		if abroad && codeOf(digits) == code {
			return append(dst, digits...), PhoneOK
		}
		number, err := phonenumbers.Parse(s, region)
		valid := err == nil && phonenumbers.IsValidNumber(number)
		if valid && len(digits) <= longNational {
			return appendNumber(dst, number), PhoneOK
		}
		if digits[0] == '0' && callingCode(digits[1:]) && codeOf(digits[1:]) == code && validNumber(digits[1:]) {
			return append(dst, digits[1:]...), PhoneOK // one zero of 00 is missing
		}
		if valid {
			return appendNumber(dst, number), PhoneOK
		}
		if err == nil && possible == nil && int(number.GetCountryCode()) == code && phonenumbers.IsPossibleNumber(number) {
			possible = number
		}
	}
	switch {
	case abroad && (known || s[0] != '(' && s[0] != '['):
		return append(dst, digits...), PhoneOK
	case possible != nil && !repeated(digits):
		return appendNumber(dst, possible), PhoneOK
	case known:
		return dst, PhoneInvalid
	default:
		return dst, PhoneNoCountry
	}
}

// longNational is how many digits a national number has at most in practice, its
// zero in front included; numbering plans allow more.
const longNational = 12

// codeOf is the country code that digits begin with, which have one.
func codeOf(digits []byte) int {
	code := 0
	for _, c := range digits[:min(3, len(digits))] {
		if code = code*10 + int(c-'0'); callingCodes[code] {
			return code
		}
	}
	return 0
}

func appendNumber(dst []byte, n *phonenumbers.PhoneNumber) []byte {
	return append(dst, strings.TrimPrefix(phonenumbers.Format(n, phonenumbers.E164), "+")...)
}

// scientific recognises what spreadsheets make of a long number: 4.91512E+12.
func scientific(s string) bool {
	for i := 1; i+1 < len(s); i++ {
		if s[i]|0x20 == 'e' && isDigit(s[i-1]) && (isDigit(s[i+1]) || (s[i+1] == '+' || s[i+1] == '-') && i+2 < len(s) && isDigit(s[i+2])) {
			return true
		}
	}
	return false
}

// cutExtension removes the extension of a switchboard, which is no part of the
// number: ;ext=, ext., x or # and up to seven digits at the end, or what follows
// them behind the digits of a whole number.
func cutExtension(s string) string {
	end := len(s)
	start := end
	for start > 0 && isDigit(s[start-1]) {
		start--
	}
	if n := end - start; n >= 1 && n <= 7 {
		head := s[:start]
		for head != "" {
			r, n := utf8.DecodeLastRuneInString(head)
			if !IsSpace(r) {
				break
			}
			head = head[:len(head)-n]
		}
		for _, word := range [...]string{";ext=", "ext.", "ext", "x", "#"} {
			if n := len(head) - len(word); n >= 0 && strings.EqualFold(head[n:], word) {
				return head[:n]
			}
		}
	}
	digits := 0
	for i := range len(s) {
		switch c := s[i]; {
		case isDigit(c):
			digits++
		case digits >= minE164 && (c|0x20 == 'x' || c == '#' || c == ';'):
			return s[:i]
		case digits >= minE164 && c|0x20 == 'e' && len(s) > i+2 && strings.EqualFold(s[i:i+3], "ext"):
			return s[:i]
		}
	}
	return s
}

// asciiDigits writes the decimal digits of other scripts as ASCII.
func asciiDigits(s string) string {
	if IsASCII(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		for _, zero := range [...]rune{0x660, 0x6F0, 0x966, 0x9E6, 0xE50, 0xFF10} {
			if r >= zero && r <= zero+9 {
				return '0' + r - zero
			}
		}
		if r == 0xFF0B { // full-width plus
			return '+'
		}
		return r
	}, s)
}
