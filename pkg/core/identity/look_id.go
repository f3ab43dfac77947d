package identity

import (
	"strings"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
)

// minIDNumber is how many digits an id has at least before a number can stand
// in it: the shortest phone number with a country code.
const minIDNumber = 7

// LookID tells what an id holds: of an event, an order, an article. Ids are not
// free text. Their digits, hyphens, dots and slashes are how shops number, so
// only these are personal data, each as a delimited part of the id:
//
//   - e-mail: x@y.z, also percent-encoded
//   - phone: + and a country code that exists, with 7 to 15 digits; 00 and a
//     valid international number, where a separator stands in it or at least
//     eleven digits follow the 00; 8 to 15 digits with spaces or brackets
//     between them that no year or date begins
//   - card: an issuer's prefix, a length of that issuer and Luhn, together or in
//     groups, unless a date or the check digit of an article number (GTIN) makes
//     it something else
func LookID(s string) Suspect {
	digits, all := 0, uint16(0)
	for i := range len(s) {
		class := classes[s[i]]
		digits += int(class & digitByte)
		all |= class
	}
	if all&addressByte != 0 {
		if _, _, ok := findEmail(s, 0); ok {
			return SuspectEmail
		}
	}
	if digits >= minIDNumber {
		if k := lookIDNumbers(s); k != NotSuspect {
			return k
		}
	}
	if all&addressByte != 0 && strings.IndexByte(s, '%') >= 0 {
		return lookDecoded(s, lookIDText)
	}
	return NotSuspect
}

// lookIDText is LookID for text that is decoded.
func lookIDText(s string) Suspect {
	if _, _, ok := findEmail(s, 0); ok {
		return SuspectEmail
	}
	if countDigits(s) < minIDNumber {
		return NotSuspect
	}
	return lookIDNumbers(s)
}

// lookIDNumbers looks at every number of an id. A number begins at a plus sign,
// or at a digit or bracket that no letter or digit touches.
func lookIDNumbers(s string) Suspect {
	inRun := 0 // where the number that was looked at last ends
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '+':
			if plusNumber(s, i) {
				return SuspectPhone
			}
		case i > 0 && isAlnum(s[i-1]):
		case isDigit(c):
			if cardPart(s, i, i < inRun) {
				return SuspectCard
			}
			if c == '0' && zeroNumber(s, i, i < inRun) {
				return SuspectPhone
			}
			fallthrough
		case c == '(' || c == '[':
			if i < inRun {
				continue // a group of a number that was judged as a whole
			}
			run, ok := phoneRun(s, i)
			if !ok {
				continue
			}
			if run.spaced(s) && !glued(s, run.end) {
				return SuspectPhone
			}
			inRun = run.end
		}
	}
	return NotSuspect
}

func isAlnum(c byte) bool { return isDigit(c) || isLetter(c) }

// plusNumber reports whether the plus sign at i begins an international number:
// a country code that exists and 7 to 15 digits in all. Behind a letter or digit
// the plus sign may join two parts, and the number has to be a valid one.
func plusNumber(s string, i int) bool {
	joined := i > 0 && isAlnum(s[i-1])
	return numberEnds(s, i+1, func(digits []byte) bool {
		return callingCode(digits) && (!joined || validNumber(digits))
	})
}

// zeroNumber reports whether the zero at i begins 00 and a valid international
// number. Ids that are filled with zeros in front begin so too: no country code
// begins with 0, and short ones without a separator are numbers of orders. inner
// tells that it is a group of a longer number, whose separators prove nothing.
func zeroNumber(s string, i int, inner bool) bool {
	if i+2 >= len(s) || s[i+1] != '0' {
		return false
	}
	const least = 2 + 11 // digits in one piece that need no separator
	piece := i
	for piece < len(s) && isDigit(s[piece]) {
		piece++
	}
	run, _ := phoneRun(s, i)
	separated := run.spaces || run.closed || run.separators > 0 && !inner
	if !separated && piece-i < least {
		return false
	}
	return numberEnds(s, i+2, func(digits []byte) bool { return callingCode(digits) && validNumber(digits) })
}

// numberEnds asks for each place where the number that begins at i may end,
// because another part of the id can follow it behind a separator.
func numberEnds(s string, i int, is func(digits []byte) bool) bool {
	var digits [maxPhone]byte
	n := 0
	for ; i < len(s); i++ {
		c := s[i]
		if isDigit(c) {
			if n == len(digits) {
				return false
			}
			digits[n] = c
			n++
			if n >= minIDNumber && (i+1 == len(s) || !isAlnum(s[i+1])) && is(digits[:n]) {
				return true
			}
			continue
		}
		if space := spaceAt(s, i); space > 0 {
			i += space - 1
			continue
		}
		if !betweenDigits(c) {
			return false
		}
	}
	return false
}

// betweenDigits are the characters that stand between the digits of one number.
func betweenDigits(c byte) bool {
	switch c {
	case '-', '.', '/', '(', ')', '[', ']':
		return true
	}
	return false
}

// spaceAt gives the length of the white space that begins at i, or zero.
func spaceAt(s string, i int) int {
	if s[i] < utf8.RuneSelf {
		if s[i] == ' ' || s[i] == '\t' {
			return 1
		}
		return 0
	}
	if r, n := utf8.DecodeRuneInString(s[i:]); IsSpace(r) {
		return n
	}
	return 0
}

// validNumber asks the numbering plans whether the digits behind a plus sign are
// a number that can be dialled.
func validNumber(digits []byte) bool {
	number, err := phonenumbers.Parse("+"+string(digits), phonenumbers.UNKNOWN_REGION)
	return err == nil && phonenumbers.IsValidNumber(number)
}

// cardPart reports whether a card number begins at the digit at i: digits
// together with exactly a length of the issuer, or in groups. A number that
// begins inside a longer one (inner) has the groups of four that cards have.
func cardPart(s string, i int, inner bool) bool {
	end := i
	for end < len(s) && isDigit(s[end]) {
		end++
	}
	whole := s[i:end]
	touched := end < len(s) && (isLetter(s[end]) || s[end] == '_' && end+1 < len(s) && isLetter(s[end+1]))
	// Cards of thirteen digits are out of use; numbers of orders and articles
	// have as many.
	if n := len(whole); n > minCard && n <= maxCard && !touched && cardNumber([]byte(whole)) && !dateFirst(whole) {
		return true
	}
	if end == len(s) || s[end] != ' ' && s[end] != '-' || inner && end-i != 4 {
		return false
	}
	e, _, ok := cardAt(s, i)
	return ok && e > end
}
