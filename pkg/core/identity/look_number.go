package identity

import (
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
)

// minIDNumber is how many digits stand together at least before they can be a
// number: the shortest phone number with a country code.
const minIDNumber = 7

// numbers looks at every stretch of digits and of what people write between
// them. Most stretches are versions, sizes and years, and too short.
func (r rule) numbers(s string) Suspect {
	for from := 0; from < len(s); {
		start, end, digits := stretch(s, from)
		if digits >= minIDNumber {
			if k := r.stretch(s, start, end); k != NotSuspect {
				return k
			}
		}
		from = end + 1
	}
	return NotSuspect
}

// stretch gives the next run of digits and separators.
func stretch(s string, from int) (start, end, digits int) {
	for from < len(s) && classes[s[from]]&dialByte == 0 {
		from++
	}
	for end = from; end < len(s); end++ {
		class := classes[s[end]]
		if class&dialByte == 0 {
			break
		}
		digits += int(class & digitByte)
	}
	return from, end, digits
}

// stretch judges the numbers that begin in s[start:end].
func (r rule) stretch(s string, start, end int) Suspect {
	if ibanBefore(s, start, end) {
		return SuspectIBAN
	}
	if k := idNumbers(s, start, end); k != NotSuspect {
		return k
	}
	if nationalNumber(s, start, end, r) {
		return SuspectNationalID
	}
	if r.id {
		return NotSuspect
	}
	if _, _, ok := cardIn(s, start, end); ok {
		return SuspectCard
	}
	if _, _, ok := phoneIn(s, start, end); ok {
		return SuspectPhone
	}
	return NotSuspect
}

// idNumbers looks at every number that begins from start to end. A number
// begins at a plus sign, at a digit or bracket that no letter or digit touches,
// or behind a word that announces it.
func idNumbers(s string, start, end int) Suspect {
	inRun := 0 // where the number that was looked at last ends
	for i := start; i < end; i++ {
		c := s[i]
		switch {
		case c == '+':
			if plusNumber(s, i) {
				return SuspectPhone
			}
		case i > 0 && isDigit(s[i-1]):
		case isDigit(c):
			if k := announced(s, i); k != NotSuspect {
				return k
			}
			if i > 0 && isLetter(s[i-1]) {
				continue
			}
			if cardPart(s, i, i < inRun) || cardGroups(s, i) {
				return SuspectCard
			}
			if c == '0' && zeroNumber(s, i, i < inRun) {
				return SuspectPhone
			}
			fallthrough
		case (c == '(' || c == '[' || isDigit(c)) && boundaryAt(s, i):
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

func isAlnum(c byte) bool { return is(c, alnumByte) }

// The words that announce a number which stands right behind them, or behind
// one of :, =, / and a hyphen.
var (
	phoneWords = [...]string{"tel", "telefon", "phone", "wa.me", "whatsapp", "msisdn", "callto", "sms"}
	cardWords  = [...]string{"cc", "ccn", "pan", "card", "creditcard", "visa", "mastercard", "amex"}
)

// announced judges the bare digits at i behind a word that says what they are.
func announced(s string, i int) Suspect {
	if i < 2 || i+minPhone > len(s) || !isDigit(s[i+minPhone-1]) {
		return NotSuspect
	}
	at := i
	if !isLetter(s[at-1]) {
		if at--; s[at] != ':' && s[at] != '=' && s[at] != '/' && s[at] != '-' {
			return NotSuspect
		}
	}
	end := i
	for end < len(s) && isDigit(s[end]) {
		end++
	}
	number := s[i:end]
	if len(number) < minPhone || end < len(s) && isLetter(s[end]) {
		return NotSuspect
	}
	if len(number) <= maxPhone && endsWithWord(s[:at], phoneWords[:]) && (number[0] == '0' || validNumber([]byte(number))) {
		return SuspectPhone
	}
	if cardNumber([]byte(number)) && endsWithWord(s[:at], cardWords[:]) {
		return SuspectCard
	}
	return NotSuspect
}

// endsWithWord reports whether s ends with one of the words, as a word.
func endsWithWord(s string, words []string) bool {
	for _, w := range words {
		if at := len(s) - len(w); foldedAt(s, at, w) && boundaryAt(s, at) {
			return true
		}
	}
	return false
}

// plusNumber reports whether the plus sign at i begins an international number:
// a country code that exists and 7 to 15 digits in all. Behind a letter or digit
// the plus sign may join two parts, and the number has to be a valid one.
func plusNumber(s string, i int) bool {
	joined := i > 0 && isAlnum(s[i-1])
	return numberEnds(s, i+1, func(digits []byte, _ int) bool {
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
	return numberEnds(s, i+2, func(digits []byte, end int) bool {
		// What stands behind the first separator may be the line of an order.
		return (end > piece || piece-i >= least || run.spaces || run.closed) && callingCode(digits) && validNumber(digits)
	})
}

// numberEnds asks for each place where the number that begins at i may end,
// because another part of the id can follow it behind a separator.
func numberEnds(s string, i int, is func(digits []byte, end int) bool) bool {
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
			if n >= minIDNumber && (i+1 == len(s) || !isAlnum(s[i+1])) && is(digits[:n], i+1) {
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

// betweenDigits are the characters that stand between the digits of one number
// that a plus sign or 00 begins.
func betweenDigits(c byte) bool {
	switch c {
	case '-', '.', '/', '(', ')', '[', ']', ',', '_':
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
