package identity

import (
	"strconv"
	"strings"
)

// Suspect says what kind of personal data or secret a string looks like.
type Suspect uint8

// What a string can look like.
const (
	NotSuspect Suspect = iota
	SuspectEmail
	SuspectPhone
	SuspectCard
	SuspectToken
	SuspectIBAN
	SuspectNationalID
	SuspectHidden // encoded more often than anything honest is
)

var suspectNames = [...]string{"", "email", "phone", "card", "token", "iban", "national_id", "hidden"}

// String gives a word for diagnostics.
func (s Suspect) String() string {
	if int(s) < len(suspectNames) {
		return suspectNames[s]
	}
	return "suspect(?)"
}

// rule is one of the two ways to judge a string.
type rule struct {
	// id: digits, hyphens, dots and slashes are how shops number, so fewer
	// forms of numbers and secrets count than in free text.
	id bool
}

var textRule, idRule = rule{}, rule{id: true}

// Look tells what free text looks like, or holds anywhere in it:
//
//   - e-mail: x@y.z, also written with "[at]" or "at" and "dot"
//   - card: 13 to 19 digits, Luhn-valid, with an issuer's prefix and length
//   - phone: 8 to 15 digits that begin with + or 00, or contain spaces,
//     brackets or several separators; never bare digits, never a date
//   - IBAN: a country, its length and mod 97
//   - national id: a form with letters or dots, and its check digits
//   - token: see findToken; and a password behind its name
//
// each also where characters are escaped (URL, HTML, JavaScript, mail), written
// with look-alikes, or encoded as a word of base64, base32 or hex. docs/detector.md
// has the figures. It is not a proof of the opposite: a name is not recognised.
func Look(s string) Suspect {
	if len(s) < 5 { // nothing above is shorter than a@b.c
		return NotSuspect
	}
	return textRule.judge(s, maxNested)
}

// LookID tells what an id holds: of an event, an order, an article, a click or a
// browser. Ids are not free text. Digits, hyphens, dots and slashes are how shops
// number, so only these are personal data, each as a delimited part of the id:
//
//   - e-mail, IBAN: as in free text
//   - phone: + and a country code that exists, with 7 to 15 digits; 00 and a
//     valid international number, where a separator stands in it or at least
//     eleven digits follow the 00; a valid number behind "tel" and the like; 8 to
//     15 digits with spaces or brackets between them that no year or date begins
//   - card: an issuer's prefix, a length of that issuer and Luhn, together or in
//     groups, unless a date or the check digit of an article number (GTIN) makes
//     it something else
//   - national id: one that no number of an order is written like
//   - token: a well-known prefix, "Bearer", the head of a key file
func LookID(s string) Suspect {
	if len(s) < 5 {
		return NotSuspect
	}
	return idRule.judge(s, maxNested)
}

// LookNumber tells whether a number looks like a card's, whatever its sign.
func LookNumber(n int64) Suspect {
	if n < 0 {
		n = -n // the least number stays negative, and is no card's
	}
	if n < 1e12 {
		return NotSuspect
	}
	var digits [20]byte
	if cardNumber(strconv.AppendInt(digits[:0], n, 10)) {
		return SuspectCard
	}
	return NotSuspect
}

// maxLayers is how often escapes are undone. Links that pass through three
// systems are escaped three times; what is escaped more often than this is
// refused for that alone, so that time stays bounded and nothing hides.
const maxLayers = 6

// maxNested is how deep an encoded word may hold another one.
const maxNested = 2

// seen is what one pass over the bytes of a string tells: which searches can
// find anything. It rules most of them out, because every text of every event is
// judged.
type seen struct {
	digits int
	all    uint16
}

func glance(s string) (g seen) {
	for i := range len(s) {
		class := classes[s[i]]
		g.digits += int(class & digitByte)
		g.all |= class
	}
	return g
}

// judge searches s, and s without its escapes and look-alikes, layer by layer.
func (r rule) judge(s string, nested int) Suspect {
	g := glance(s)
	if k := r.search(s, g, nested); k != NotSuspect || g.all&veilByte == 0 {
		return k
	}
	for range maxLayers {
		plain, changed := unveil(s)
		if !changed {
			return NotSuspect
		}
		if k := r.search(plain, glance(plain), nested); k != NotSuspect {
			return k
		}
		s = plain
	}
	if _, changed := unveil(s); changed {
		return SuspectHidden
	}
	return NotSuspect
}

// search looks only for what can be there.
func (r rule) search(s string, g seen, nested int) Suspect {
	if g.all&atByte != 0 {
		if _, _, ok := findEmail(s, 0); ok {
			return SuspectEmail
		}
	}
	var dot bool
	if g.all&spaceByte != 0 {
		var secret bool
		if dot, secret = spaced(s); secret {
			return SuspectToken
		}
	}
	if (dot || g.all&atByte != 0 || g.all&bracketByte != 0 && bracketed(s)) && spelledEmail(s, dot) {
		return SuspectEmail
	}
	if g.digits >= minIDNumber {
		if k := r.numbers(s); k != NotSuspect {
			return k
		}
	}
	if g.all&assignByte != 0 && assigned(s) {
		return SuspectToken
	}
	if len(s) >= minToken {
		return r.words(s, nested)
	}
	return NotSuspect
}

// words looks at the words that are long enough for a secret or an encoded text.
func (r rule) words(s string, nested int) Suspect {
	for start, end := longWord(s, 0); end > 0; start, end = longWord(s, end) {
		if k := r.word(s[start:end], nested); k != NotSuspect {
			return k
		}
	}
	return NotSuspect
}

// word judges a long word: each of its parts between signs, and all of it.
func (r rule) word(word string, nested int) Suspect {
	parts := 0
	for i := 0; i < len(word); {
		j := i
		for j < len(word) && is(word[j], alnumByte) {
			j++
		}
		switch n := j - i; {
		case n == 0:
		case is(word[i], prefixByte) && isToken(word[i:]):
			return SuspectToken
		case n < minToken:
		case nationalWord(word[i:j]):
			return SuspectNationalID
		case nested > 0:
			if k := r.encoded(word[i:j], nested-1); k != NotSuspect {
				return k
			}
		}
		i, parts = j+1, parts+1
	}
	if !r.id {
		if _, _, ok := mixedRun(word); ok {
			return SuspectToken
		}
	}
	if nested > 0 && parts > 1 {
		return r.encoded(word, nested-1)
	}
	return NotSuspect
}

// longWord gives the first run of at least minToken bytes of which secrets are
// made, from position from on, where none may go on; end is zero without one. A
// run that is long enough covers the last byte of its shortest form, so most
// bytes of short words are never read.
func longWord(s string, from int) (start, end int) {
	for i := from; i+minToken <= len(s); {
		j := i + minToken - 1
		for j >= i && is(s[j], tokenByte) {
			j--
		}
		if j >= i {
			i = j + 1
			continue
		}
		for end = i + minToken; end < len(s) && is(s[end], tokenByte); end++ {
		}
		return i, end
	}
	return 0, 0
}

// boundaryAt reports that no letter or digit stands in front of position i.
func boundaryAt(s string, i int) bool { return i == 0 || !isAlnum(s[i-1]) }

// foldedAt reports whether s goes on at i with a lower-case word, whatever its
// case.
func foldedAt(s string, i int, word string) bool {
	return i >= 0 && i+len(word) <= len(s) && strings.EqualFold(s[i:i+len(word)], word)
}
