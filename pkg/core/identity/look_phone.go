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
	date       bool
}

// isPhone is the one definition of what looks like a phone number: 8 to 15
// digits that begin with + or 00, or contain spaces, brackets or several
// separators; never bare digits. A calendar date is none.
func (p phoneLike) isPhone() bool {
	if p.digits < minPhone || p.digits > maxPhone || p.date {
		return false
	}
	return p.lead != "" || p.open || p.separators > 1
}

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
	for ; i < len(s); i++ {
		c := s[i]
		if isDigit(c) {
			p.digits++
			p.separators += pending.separators
			p.open = p.open || pending.open
			pending = phoneLike{}
			p.end = i + 1
			continue
		}
		switch {
		case c == ' ' || c == '(' || c == ')' || c == '[' || c == ']':
			pending.open = true
		case c == '-' || c == '.' || c == '/':
			pending.separators++
		case strings.HasPrefix(s[i:], "\u00a0"):
			pending.open = true
			i++
		default:
			i = len(s)
		}
	}
	text := s[p.start:p.end]
	if strings.HasPrefix(strings.TrimLeft(text, "(["), "00") {
		p.lead = "00"
	}
	p.date = isDate(text)
	return p, p.digits > 0
}

// findPhone finds the first number in free text. What is glued to a word, such
// as order-2026-1120-55, is part of that word.
func findPhone(s string, from int) (start, end int, ok bool) {
	for i := from; i < len(s); {
		if i > 0 && (isWord(s[i-1]) || strings.IndexByte("-./+#%=", s[i-1]) >= 0 && !boundary(s, i-1)) {
			i++
			continue
		}
		run, can := phoneRun(s, i)
		if !can {
			i++
			continue
		}
		if run.isPhone() && !glued(s, run.end) {
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

// isDate recognises 2026-11-20, 20.11.2026 and a time of day after either.
func isDate(s string) bool {
	if len(s) < 10 || len(s) > 10 && s[10] != ' ' {
		return false
	}
	if sep := s[4]; !isDigit(sep) {
		return sep == s[7] && allDigits(s[:4]) && within(s[5:7], 12) && within(s[8:10], 31) && yearLike(s[:4])
	}
	sep := s[2]
	return !isDigit(sep) && sep == s[5] && allDigits(s[6:10]) && yearLike(s[6:10]) &&
		(within(s[:2], 31) && within(s[3:5], 12) || within(s[:2], 12) && within(s[3:5], 31))
}

func yearLike(s string) bool { return s[:2] == "19" || s[:2] == "20" }

// within reads two digits of 1 to limit.
func within(s string, limit int) bool {
	if !allDigits(s) {
		return false
	}
	n := int(s[0]-'0')*10 + int(s[1]-'0')
	return n >= 1 && n <= limit
}
