package identity

// A card number has as many digits (ISO/IEC 7812-1).
const minCard, maxCard = 13, 19

// findCard finds the first card number: 13 to 19 digits, together or with
// single spaces or hyphens between them, that no word or digit touches.
func findCard(s string, from int) (start, end int, ok bool) { return cardIn(s, from, len(s)) }

// cardIn is findCard for numbers that begin in s[from:to].
func cardIn(s string, from, to int) (start, end int, ok bool) {
	for i := from; i < to; {
		end, next, ok := cardAt(s, i)
		if ok {
			return i, end, true
		}
		i = next
	}
	return 0, 0, false
}

// cardAt reads the card number that begins at i; without one, next is where
// another may begin.
func cardAt(s string, i int) (end, next int, ok bool) {
	if !isDigit(s[i]) || i > 0 && isWord(s[i-1]) {
		return 0, i + 1, false
	}
	var digits [maxCard + 1]byte
	n, j := 0, i
	for ; j < len(s); j++ {
		c := s[j]
		if isDigit(c) {
			if n < len(digits) {
				digits[n] = c
			}
			n++
			end = j + 1
			continue
		}
		if (c == ' ' || c == '-') && isDigit(s[j-1]) {
			continue
		}
		break
	}
	ok = n <= maxCard && cardNumber(digits[:n]) && (end == len(s) || !isWord(s[end]))
	return end, j + 1, ok
}

// cardNumber is the one definition of what looks like a card number: a prefix of
// an issuer, a length that this issuer's cards have, and a right check digit. An
// article number is none: one in ten that begins like a card has the check digit
// of both.
func cardNumber(digits []byte) bool {
	return len(digits) >= minCard && len(digits) <= maxCard && issuer(digits) && luhn(digits) && !gtin(digits)
}

// luhn checks the check digit of ISO/IEC 7812-1.
func luhn(digits []byte) bool {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// gtin checks the check digit of the numbers of 13 and 14 digits that stand on
// articles (EAN, UPC, ISBN; GS1 General Specifications 7.9).
func gtin(digits []byte) bool {
	if len(digits) > 14 {
		return false
	}
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			d *= 3
		}
		sum += d
	}
	return sum%10 == 0
}

// lengths is a set of numbers of digits.
type lengths uint32

func ofLengths(list ...int) lengths {
	var set lengths
	for _, n := range list {
		set |= 1 << n
	}
	return set
}

// issuers are the prefixes that card networks use, as ranges of four digits, and
// the lengths of their cards. Sources: ISO/IEC 7812, the networks' own tables.
var issuers = [...]struct {
	from, to int
	lengths  lengths
}{
	{2200, 2204, ofLengths(16, 19)},     // Mir
	{2221, 2720, ofLengths(16)},         // Mastercard
	{3000, 3059, ofLengths(14, 16)},     // Diners
	{3400, 3499, ofLengths(15)},         // American Express
	{3528, 3589, ofLengths(16, 19)},     // JCB
	{3600, 3699, ofLengths(14, 16)},     // Diners
	{3700, 3799, ofLengths(15)},         // American Express
	{3800, 3999, ofLengths(14, 16)},     // Diners
	{4000, 4999, ofLengths(13, 16, 19)}, // Visa
	{5000, 5099, ofLengths(16, 18, 19)}, // Maestro
	{5100, 5599, ofLengths(16)},         // Mastercard
	{5600, 5899, ofLengths(16, 18, 19)}, // Maestro
	{6011, 6011, ofLengths(16, 19)},     // Discover
	{6200, 6299, ofLengths(16, 19)},     // UnionPay
	{6304, 6304, ofLengths(16, 18, 19)}, // Maestro
	{6440, 6599, ofLengths(16, 19)},     // Discover
	{6700, 6799, ofLengths(16, 18, 19)}, // Maestro
	{9792, 9792, ofLengths(16)},         // Troy
}

func issuer(digits []byte) bool {
	p := 0
	for _, c := range digits[:4] {
		p = p*10 + int(c-'0')
	}
	for i := range issuers {
		r := &issuers[i]
		if p >= r.from && p <= r.to && r.lengths&(1<<len(digits)) != 0 {
			return true
		}
	}
	return false
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
	return groupedCard(s, i)
}

// groupedCard reports whether a card number begins at the digit at i with single
// spaces or hyphens between its digits.
func groupedCard(s string, i int) bool {
	var digits [maxCard]byte
	n, end := 0, i
	for j := i; j < len(s); j++ {
		if isDigit(s[j]) {
			if n == len(digits) {
				return false
			}
			digits[n] = s[j]
			n, end = n+1, j+1
			continue
		}
		if s[j] != ' ' && s[j] != '-' || !isDigit(s[j-1]) {
			break
		}
	}
	return cardNumber(digits[:n]) && (end == len(s) || !isWord(s[end]))
}

// cardGroups reports whether a card number in the groups that are printed on
// cards begins at the digit at i, with any one separator between all of them:
// 4-4-4-4 and 4-4-4-4-3, 4-6-5 (American Express) or 4-6-4 (Diners).
func cardGroups(s string, i int) bool {
	if i+minCard > len(s) || !is(s[i+4], groupByte) || !isDigit(s[i+3]) {
		return false
	}
	var digits [maxCard]byte
	var groups [5]int
	n, g := 0, 0
	separator := ""
	for j := i; j <= len(s); j++ {
		if j < len(s) && isDigit(s[j]) {
			if n == len(digits) || g == len(groups) {
				return false
			}
			digits[n] = s[j]
			n++
			groups[g]++
			continue
		}
		if groups[0] != 4 {
			return false
		}
		whole := groups == [5]int{4, 4, 4, 4} || groups == [5]int{4, 4, 4, 4, 3} || groups == [5]int{4, 6, 5} || groups == [5]int{4, 6, 4}
		if whole && (j == len(s) || !isAlnum(s[j])) && cardNumber(digits[:n]) {
			return true
		}
		end := j
		for end < len(s) && end-j < 3 && is(s[end], groupByte) {
			end++
		}
		if end == j || separator != "" && s[j:end] != separator {
			return false
		}
		separator, j = s[j:end], end-1
		g++
	}
	return false
}
