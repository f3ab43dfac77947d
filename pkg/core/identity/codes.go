package identity

// codes is a table of codes of two or three capital letters, found by their
// first two without a search.
type codes struct {
	text string // sorted, a space behind each
	n    int    // letters of a code
	// from is the position of the first code that begins with two letters, or
	// would; the next pair's is where they end.
	from [26*26 + 1]uint8
}

func newCodes(text string, n int) *codes {
	c := &codes{text: text, n: n}
	at := 0
	for pair := range c.from {
		for at < len(text)/(n+1) && pairOf(text[at*(n+1)], text[at*(n+1)+1]) < pair {
			at++
		}
		c.from[pair] = uint8(at)
	}
	return c
}

func pairOf(first, second byte) int { return int(first-'A')*26 + int(second-'A') }

// find looks up a code of either case and gives it in upper case, as it stands
// in the table: nothing is allocated, and s is not kept.
func (c *codes) find(s string) (string, bool) {
	if len(s) != c.n || !isLetter(s[0]) || !isLetter(s[1]) {
		return "", false
	}
	pair := pairOf(s[0]&^0x20, s[1]&^0x20)
	for at := c.from[pair]; at < c.from[pair+1]; at++ {
		code := c.text[int(at)*(c.n+1):][:c.n]
		if c.n == 2 || isLetter(s[2]) && code[2] == s[2]&^0x20 {
			return code, true
		}
	}
	return "", false
}
