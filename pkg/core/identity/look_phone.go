package identity

import "strings"

// A phone number has as many digits; E.164 allows no more.
const minPhone, maxPhone = 8, 15

// phoneLike is a run of digits and what people write between them.
type phoneLike struct {
	start, end int
	digits     int
	separators int
	lead       string // the first characters: + or 00
	open       bool   // spaces or brackets
	tail       int    // digits behind the last closing bracket
	closed     bool   // a bracket closes
	spaces     bool
	date       bool // a date, a year in front, ranges of ages, a book's number
}

// isPhone is the definition of what looks like a phone number in free text: 8 to
// 15 digits that begin with + or 00, or contain spaces, brackets or several
// separators; never bare digits. A calendar date is none. Behind 00 a country's
// code stands, and no country's code begins with 0.
func (p phoneLike) isPhone(s string) bool {
	if p.digits < minPhone || p.digits > maxPhone || p.date {
		return false
	}
	if p.lead == "00" && !p.open && p.separators < 2 {
		return zeroNumber(s, p.start, false)
	}
	return p.lead != "" || p.open || p.separators > 1
}

// spaced is the rule for ids: 8 to 15 digits with spaces between them, or with
// brackets that the rest of a number follows. 100000123(1) is no such number.
func (p phoneLike) spaced(s string) bool {
	if p.digits < minPhone || p.digits > maxPhone || p.date || s[p.start] == '+' {
		return false
	}
	const rest = 3
	return p.spaces || p.closed && p.tail >= rest
}

// maxRun is how many digits of a run are read: far more are no phone number, and
// a text of nothing but digits and spaces is read in pieces, once.
const maxRun = 64

// phoneRun reads the run that begins at i; false where none can begin there.
func phoneRun(s string, i int) (phoneLike, bool) {
	p := phoneLike{start: i, end: i}
	if !isDigit(s[i]) && s[i] != '+' && s[i] != '(' && s[i] != '[' {
		return p, false
	}
	pending := phoneLike{}
	if s[i] == '+' {
		p.lead = "+"
		i++
	}
	for ; i < len(s) && p.digits <= maxRun; i++ {
		c := s[i]
		if isDigit(c) {
			p.digits++
			p.separators += pending.separators
			p.open = p.open || pending.open
			p.spaces = p.spaces || pending.spaces && p.digits > 1
			if pending.closed {
				p.closed, p.tail = true, 0
			}
			p.tail++
			pending = phoneLike{}
			p.end = i + 1
			continue
		}
		switch {
		case c == '(' || c == '[':
			pending.open = true
		case c == ')' || c == ']':
			pending.open, pending.closed = true, true
		case c == '-' || c == '.' || c == '/', (c == ',' || c == '_') && p.lead == "+":
			pending.separators++
		default:
			n := spaceAt(s, i)
			if n == 0 {
				i = len(s)
				break
			}
			pending.open, pending.spaces = true, true
			i += n - 1
		}
	}
	text := s[p.start:p.end]
	if strings.HasPrefix(strings.TrimLeft(text, "(["), "00") {
		p.lead = "00"
	}
	p.date = isDate(text) || yearFirst(text) || ranges(text) || bookNumber(text)
	return p, p.digits > 0
}

// findPhone finds the first number in free text. What is glued to a word, such
// as order-2026-1120-55, is part of that word.
func findPhone(s string, from int) (start, end int, ok bool) { return phoneIn(s, from, len(s)) }

// phoneIn is findPhone for numbers that begin in s[from:to].
func phoneIn(s string, from, to int) (start, end int, ok bool) {
	for i := from; i < to; {
		if i > 0 && (isWord(s[i-1]) || strings.IndexByte("-./+#%=", s[i-1]) >= 0 && !boundary(s, i-1)) {
			i++
			continue
		}
		run, can := phoneRun(s, i)
		if !can {
			i++
			continue
		}
		if run.isPhone(s) && !glued(s, run.end) {
			return run.start, run.end, true
		}
		i = max(run.end, i+1)
	}
	return 0, 0, false
}

// boundary reports whether the separator at i does not belong to a word: it
// stands at the beginning or after a space, or says "equals".
func boundary(s string, i int) bool {
	return i == 0 || s[i] == '=' || !isWord(s[i-1])
}

// glued reports whether a word goes on at i.
func glued(s string, i int) bool {
	return i < len(s) && (isWord(s[i]) || s[i] == ':' && i+1 < len(s) && isDigit(s[i+1]))
}
