package jsontree

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// str reads a string; most have no escapes and end here.
func (p *parser) str() (string, error) {
	p.pos++
	start := p.pos
	for p.pos < len(p.data) {
		switch c := p.data[p.pos]; {
		case c == '"':
			s := p.data[start:p.pos]
			if !utf8.Valid(s) {
				return "", p.fail("invalid UTF-8")
			}
			p.pos++
			return string(s), nil
		case c == '\\':
			return p.escaped(append(make([]byte, 0, 64), p.data[start:p.pos]...))
		case c < 0x20:
			return "", p.fail("control character in a string")
		}
		p.pos++
	}
	return "", p.fail("string without end")
}

// escaped goes on with a string from its first backslash.
func (p *parser) escaped(out []byte) (string, error) {
	for p.pos < len(p.data) {
		switch c := p.data[p.pos]; {
		case c == '"':
			p.pos++
			if !utf8.Valid(out) {
				return "", p.fail("invalid UTF-8")
			}
			return string(out), nil
		case c < 0x20:
			return "", p.fail("control character in a string")
		case c != '\\':
			out = append(out, c)
			p.pos++
			continue
		}
		p.pos++
		c := p.peek()
		p.pos++
		switch c {
		case '"', '\\', '/':
			out = append(out, c)
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, err := p.rune()
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, r)
		default:
			return "", p.fail("unknown escape")
		}
	}
	return "", p.fail("string without end")
}

func (p *parser) rune() (rune, error) {
	r, ok := p.hex4()
	if !ok {
		return 0, p.fail("four hex digits expected")
	}
	if !utf16.IsSurrogate(r) {
		return r, nil
	}
	if !p.word(`\u`) {
		return 0, p.fail("lone surrogate")
	}
	low, ok := p.hex4()
	if !ok {
		return 0, p.fail("four hex digits expected")
	}
	full := utf16.DecodeRune(r, low)
	if full == utf8.RuneError {
		return 0, p.fail("lone surrogate")
	}
	return full, nil
}

func (p *parser) hex4() (rune, bool) {
	if len(p.data)-p.pos < 4 {
		return 0, false
	}
	v, err := strconv.ParseUint(string(p.data[p.pos:p.pos+4]), 16, 32)
	if err != nil {
		return 0, false
	}
	p.pos += 4
	return rune(v), true
}
