package codec

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// maxDepth is how deep JSON or a foreign Avro record may nest.
const maxDepth = 64

// scanner walks JSON text. skip checks the whole grammar (RFC 8259); the other
// methods are called on text that skip has accepted, except where they say so.
type scanner struct {
	buf []byte
	pos int
	bad string // what is wrong, a constant
	// halved: a string that text has read holds half a character.
	halved bool
}

func (s *scanner) fail(fault string) bool {
	if s.bad == "" {
		s.bad = fault
	}
	s.pos = len(s.buf)
	return false
}

func (s *scanner) space() {
	for s.pos < len(s.buf) {
		switch s.buf[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// peek gives the next byte that is not space; 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.pos >= len(s.buf) {
		return 0
	}
	return s.buf[s.pos]
}

// nextKey moves past a comma and a key to the value behind its colon; false at
// the end of the object. It checks what it passes.
func (s *scanner) nextKey() (string, bool) {
	if s.peek() == '}' {
		s.pos++
		return "", false
	}
	if s.peek() == ',' {
		s.pos++
	}
	if s.peek() != '"' {
		return "", s.fail("a key is missing")
	}
	start := s.pos
	if !s.skipString() {
		return "", false
	}
	end := s.pos
	if s.peek() != ':' {
		return "", s.fail("a colon is missing")
	}
	s.pos++
	s.space()
	if s.pos >= len(s.buf) {
		return "", s.fail("it ends early")
	}
	key := scanner{buf: s.buf[:end], pos: start}
	return key.text(), true
}

// nextElement moves past a comma to the next element; false at the end.
func (s *scanner) nextElement() bool {
	if s.peek() == ']' {
		s.pos++
		return false
	}
	if s.peek() == ',' {
		s.pos++
	}
	return s.peek() != 0
}

// skip checks and passes one value.
func (s *scanner) skip(depth int) bool {
	if depth > maxDepth {
		return s.fail("it nests too deeply")
	}
	switch b := s.peek(); {
	case b == '"':
		return s.skipString()
	case b == '{':
		return s.skipObject(depth)
	case b == '[':
		return s.skipArray(depth)
	case b == 't':
		return s.literal("true")
	case b == 'f':
		return s.literal("false")
	case b == 'n':
		return s.literal("null")
	case b == '-' || b >= '0' && b <= '9':
		return s.skipNumber()
	case b == 0 && s.pos >= len(s.buf):
		return s.fail("it ends early")
	default:
		return s.fail("a value begins with an impossible character")
	}
}

func (s *scanner) skipObject(depth int) bool {
	s.pos++
	if s.peek() == '}' {
		s.pos++
		return true
	}
	for {
		if s.peek() != '"' {
			return s.fail("a key is missing")
		}
		if !s.skipString() {
			return false
		}
		if s.peek() != ':' {
			return s.fail("a colon is missing")
		}
		s.pos++
		if !s.skip(depth + 1) {
			return false
		}
		if done, ok := s.separator('}'); done || !ok {
			return ok
		}
	}
}

func (s *scanner) skipArray(depth int) bool {
	s.pos++
	if s.peek() == ']' {
		s.pos++
		return true
	}
	for {
		if !s.skip(depth + 1) {
			return false
		}
		if done, ok := s.separator(']'); done || !ok {
			return ok
		}
	}
}

// separator passes a comma or the closing bracket.
func (s *scanner) separator(closing byte) (done, ok bool) {
	switch s.peek() {
	case ',':
		s.pos++
		return false, true
	case closing:
		s.pos++
		return true, true
	}
	return true, s.fail("a comma or a closing bracket is missing")
}

func (s *scanner) literal(word string) bool {
	if len(s.buf)-s.pos < len(word) || string(s.buf[s.pos:s.pos+len(word)]) != word {
		return s.fail("a word is neither true, false nor null")
	}
	s.pos += len(word)
	return true
}

func (s *scanner) skipNumber() bool {
	if s.buf[s.pos] == '-' {
		s.pos++
	}
	if s.pos < len(s.buf) && s.buf[s.pos] == '0' {
		s.pos++
	} else if !s.digits() {
		return false
	}
	if s.pos < len(s.buf) && s.buf[s.pos] == '.' {
		s.pos++
		if !s.digits() {
			return false
		}
	}
	if s.pos < len(s.buf) && s.buf[s.pos]|0x20 == 'e' {
		s.pos++
		if s.pos < len(s.buf) && (s.buf[s.pos] == '+' || s.buf[s.pos] == '-') {
			s.pos++
		}
		return s.digits()
	}
	return true
}

func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.buf) && s.buf[s.pos] >= '0' && s.buf[s.pos] <= '9' {
		s.pos++
	}
	if s.pos == start {
		return s.fail("a number is incomplete")
	}
	return true
}

// numberText gives the number at the position.
func (s *scanner) numberText() string {
	start := s.pos
	s.skipNumber()
	return alias(s.buf[start:s.pos])
}

// skipString checks and passes a string. Surrogates should come in pairs; a lone
// one, which every program makes that cuts text at a number of UTF-16 units, has
// no UTF-8 and reads as U+FFFD (RFC 8259 section 8.2 leaves it open).
func (s *scanner) skipString() bool {
	s.pos++
	for s.pos < len(s.buf) {
		b := s.buf[s.pos]
		s.pos++
		switch {
		case b == '"':
			return true
		case b < 0x20:
			return s.fail("a string contains a control character")
		case b == '\\':
			if !s.skipEscape() {
				return false
			}
		}
	}
	return s.fail("a string does not end")
}

func (s *scanner) skipEscape() bool {
	if s.pos >= len(s.buf) {
		return s.fail("a string does not end")
	}
	b := s.buf[s.pos]
	s.pos++
	switch b {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
	default:
		return s.fail("a string contains an impossible escape")
	}
	r, ok := s.hex4()
	if !ok {
		return s.fail("a string contains an impossible escape")
	}
	if utf16.IsSurrogate(r) {
		s.pair(r)
	}
	return true
}

// pair passes the second half of a surrogate pair and gives the character; where
// there is none it stays where it is, and gives U+FFFD.
func (s *scanner) pair(first rune) rune {
	at := s.pos
	if len(s.buf)-s.pos >= 6 && s.buf[s.pos] == '\\' && s.buf[s.pos+1] == 'u' {
		s.pos += 2
		if second, ok := s.hex4(); ok {
			if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
				return r
			}
		}
	}
	s.pos, s.halved = at, true
	return utf8.RuneError
}

func (s *scanner) hex4() (rune, bool) {
	if len(s.buf)-s.pos < 4 {
		return 0, false
	}
	// ParseUint would take an underscore only with base 0, and no sign.
	v, err := strconv.ParseUint(alias(s.buf[s.pos:s.pos+4]), 16, 16)
	s.pos += 4
	return rune(v), err == nil
}

// text gives the string at the position. It aliases the buffer unless it has
// escapes.
func (s *scanner) text() string {
	start := s.pos + 1
	for i := start; i < len(s.buf); i++ {
		switch s.buf[i] {
		case '"':
			s.pos = i + 1
			return alias(s.buf[start:i])
		case '\\':
			return s.unescape(start, i)
		}
	}
	s.pos = len(s.buf)
	return ""
}

func (s *scanner) unescape(start, at int) string {
	out := append(make([]byte, 0, at-start+64), s.buf[start:at]...)
	s.pos = at
	for s.pos < len(s.buf) {
		b := s.buf[s.pos]
		s.pos++
		switch b {
		case '"':
			return alias(out)
		case '\\':
			out = s.appendEscape(out)
		default:
			out = append(out, b)
		}
	}
	return alias(out)
}

func (s *scanner) appendEscape(out []byte) []byte {
	b := s.buf[s.pos]
	s.pos++
	switch b {
	case 'b':
		return append(out, '\b')
	case 'f':
		return append(out, '\f')
	case 'n':
		return append(out, '\n')
	case 'r':
		return append(out, '\r')
	case 't':
		return append(out, '\t')
	case 'u':
		r, _ := s.hex4()
		if utf16.IsSurrogate(r) {
			r = s.pair(r)
		}
		return utf8.AppendRune(out, r)
	default:
		return append(out, b)
	}
}

// alias gives b as a string without copying it.
func alias(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	return unsafe.String(&b[0], len(b)) //nolint:gosec // nothing writes to a value after it was read, and the string keeps it alive
}
