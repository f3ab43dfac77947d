package identity

import (
	"crypto/sha256"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Field says what a value is for. Some words that stand for nothing in an id are
// somebody's name.
type Field uint8

// The fields that have words of their own.
const (
	AnyField Field = iota // ids, click ids, contact data and everything else
	GivenName
	FamilyName
	Place // a city, a region, a street
)

// Placeholder reports that s stands for no value: a variable that nobody filled,
// the word of a program for nothing, an unfilled template, zeros, punctuation,
// white space, or the hash of one of these. It looks at the whole value, without
// case and surrounding white space: nullarbor-1 is a value.
//
// Consent is read without it: there a placeholder is malformed, never absent.
func Placeholder(field Field, s string) bool {
	s = trimInvisible(s)
	if s == "" {
		return true
	}
	if len(s) <= longestWord && wordStarts[len(s)][s[0]|lowerBit] {
		var buf [longestWord]byte
		word := buf[:0]
		for i := range len(s) {
			c := s[i]
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			word = append(word, c)
		}
		if except, known := placeholders[string(word)]; known {
			return except&(1<<field) == 0
		}
	}
	return blank(s) || template(s) || hashOfPlaceholder(field, s)
}

// placeholders are the words, in lower case, and the fields in which each is a
// value. Sources: what the bug reports of PostHog (12008), Segment, RudderStack
// and Stape list; zero values of languages; the fields' own names.
var placeholders = func() map[string]uint8 {
	const (
		never  = 0
		given  = 1 << GivenName
		family = 1 << FamilyName
		place  = 1 << Place
	)
	words := map[string]uint8{}
	for _, group := range [...]struct {
		list   string
		except uint8
	}{
		{"undefined undef (undefined) (null) (none) (empty) (blank) (unknown) (other) not_set (not-set) notset n/a n.a. #n/a #ref! #value! #null! " +
			"<nil> <null> <none> <undefined> \\n \\0 -1 -infinity [] {} () '' \"\" [object] [null] unknown not_authenticated notavailable not_available not_applicable nullnull", never},
		{"event_id eventid transaction_id transactionid order_id orderid external_id user_id userid client_id clientid customer_id session_id lead_id " +
			"click_id gclid gbraid wbraid dclid fbclid fbc fbp msclkid ttclid twclid distinct_id distinctid", never},
		{"null none", family | place},
		{"nan nil na", given | family | place},
		{"true false test void empty blank guest anonymous id email string default", given | family | place},
	} {
		for _, word := range strings.Fields(group.list) {
			words[word] = group.except
		}
	}
	for _, phrase := range [...]string{
		"(not set)", "(not provided)", "not set", "not available", "not applicable", "not authenticated", "[object object]", "object object", "null null",
		"undefined undefined", "(data not available)",
	} {
		words[phrase] = never
	}
	return words
}()

// longestWord is the length of the longest of them.
const longestWord = 20

// wordStarts are the first bytes of the words of each length, with lowerBit set:
// most values are found to be no word without being hashed.
var wordStarts = func() (starts [longestWord + 1][256]bool) {
	for word := range placeholders {
		starts[len(word)][word[0]|lowerBit] = true
	}
	return starts
}()

const lowerBit = 'a' - 'A'

// blank reports that s holds nothing but zeros, punctuation and white space: a
// hyphen, 0, the UUID of zeros.
func blank(s string) bool {
	for i, r := range s {
		switch {
		case r >= utf8.RuneSelf:
			if !IsSpace(r) && !unicode.IsPunct(r) && r != '\u2212' && !invisible(r) {
				return false
			}
		case r > '0' && r <= '9', isLetter(s[i]):
			return false
		}
	}
	return true
}

// invisible reports characters of no width that copying leaves behind, and control
// characters beyond ASCII: some servers trim U+0085, and find nothing.
func invisible(r rune) bool {
	return r >= 0x80 && r <= 0x9F || r >= 0x200B && r <= 0x200F || r == 0x2060 || r == 0xFEFF || r == 0xAD
}

// trimInvisible trims white space and characters of no width.
func trimInvisible(s string) string {
	if s = Trim(s); s == "" || s[0] < utf8.RuneSelf && s[len(s)-1] < utf8.RuneSelf {
		return s
	}
	return strings.TrimFunc(s, func(r rune) bool { return IsSpace(r) || invisible(r) })
}

// brackets part an unfilled variable from the text around it.
var brackets = [...][2]string{{"{{", "}}"}, {"${", "}"}, {"#{", "}"}, {"<%", "%>"}, {"[[", "]]"}}

// template reports a template whose variables nobody filled: {{id}} or ${id}
// anywhere, {id}, %id%, <id>, [id], $id or __ID__ as a whole.
func template(s string) bool {
	if !marked(s) {
		return false
	}
	if strings.IndexByte(s, '%') >= 0 {
		if decoded, changed := percentDecode(s); changed {
			s = decoded
		}
	}
	for _, b := range brackets {
		if from := strings.Index(s, b[0]); from >= 0 && strings.Contains(s[from+2:], b[1]) {
			return true
		}
	}
	if len(s) < 3 {
		return false
	}
	inner := s[1 : len(s)-1]
	switch first, last := s[0], s[len(s)-1]; {
	case first == '{' && last == '}':
		return !bracedUUID(inner)
	case first == '%' && last == '%', first == '<' && last == '>':
		return true
	case first == '[' && last == ']':
		return variableName(inner)
	case first == '$':
		return variableName(s[1:])
	default:
		return len(s) > 4 && strings.HasPrefix(s, "__") && strings.HasSuffix(s, "__") && variableName(s)
	}
}

// marked reports that s may be a template: a bracket or percent sign anywhere, a
// dollar sign or underscore in front.
func marked(s string) bool {
	for i := range len(s) {
		if templateMarks[s[i]] {
			return true
		}
	}
	return s != "" && (s[0] == '$' || s[0] == '_')
}

var templateMarks = [256]bool{'{': true, '[': true, '<': true, '%': true}

// variableName reports letters, underscores, dots, spaces and hyphens only.
func variableName(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && c != '_' && c != '.' && c != ' ' && c != '-' {
			return false
		}
	}
	return true
}

// bracedUUID recognises how Microsoft's systems write a UUID, without its braces.
func bracedUUID(s string) bool {
	const digits, hyphens = 32, 4
	if len(s) != digits+hyphens {
		return false
	}
	for i := range len(s) {
		if hexDigit(s[i]) > 15 && s[i] != '-' {
			return false
		}
	}
	return true
}

// The digests of nothing that are no SHA-256.
const (
	md5OfNothing  = "d41d8cd98f00b204e9800998ecf8427e"
	sha1OfNothing = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
)

// hashOfPlaceholder reports the digest of a placeholder, which whoever hashed it
// did not look at.
func hashOfPlaceholder(field Field, s string) bool {
	switch len(s) {
	case 2 * sha256.Size:
		h, ok := ParseHashed(s)
		return ok && h.OfPlaceholder(field)
	case len(md5OfNothing):
		return strings.EqualFold(s, md5OfNothing)
	case len(sha1OfNothing):
		return strings.EqualFold(s, sha1OfNothing)
	default:
		return false
	}
}

// OfPlaceholder reports that h is the SHA-256 digest of a placeholder: of
// nothing, a space, or one of the words as programs write them.
func (h *Hashed) OfPlaceholder(field Field) bool {
	if h.size != sha256.Size {
		return false
	}
	if i := sumStart(&h.sum); sumStarts[i/64]>>(i%64)&1 == 0 {
		return false
	}
	except, known := placeholderSums[h.sum]
	return known && except&(1<<field) == 0
}

var placeholderSums = func() map[[sha256.Size]byte]uint8 {
	sums := map[[sha256.Size]byte]uint8{}
	for _, word := range [...]string{"", " ", "0", "-", "None", "NaN", "NULL", "Null", "N/A", "Unknown", "Undefined", "True", "False", "[object Object]", "(Not set)"} {
		sums[sha256.Sum256([]byte(word))] = placeholders[strings.ToLower(word)]
	}
	for word, except := range placeholders {
		sums[sha256.Sum256([]byte(word))] = except
	}
	return sums
}()

// sumStarts has a bit for the first twelve of every digest of a placeholder: one
// value in forty is looked up for nothing.
var sumStarts = func() (starts [1 << 12 / 64]uint64) {
	for sum := range placeholderSums {
		i := sumStart(&sum)
		starts[i/64] |= 1 << (i % 64)
	}
	return starts
}()

func sumStart(sum *[sha256.Size]byte) int { return int(sum[0])<<4 | int(sum[1])>>4 }
