package codec

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// key starts a member: comma where one is due, then the name. Entries of an
// array have no name.
func (c *coder) key(name string) {
	if n := len(c.buf); n > 0 && c.buf[n-1] != '{' && c.buf[n-1] != '[' && c.buf[n-1] != ':' {
		c.buf = append(c.buf, ',')
	}
	if name == "" {
		return
	}
	c.printString(name)
	c.buf = append(c.buf, ':')
}

func (c *coder) printBool(v bool)  { c.buf = strconv.AppendBool(c.buf, v) }
func (c *coder) printLong(v int64) { c.buf = strconv.AppendInt(c.buf, v, 10) }

// printDouble follows ECMAScript's number format, as encoding/json does; what
// JSON cannot hold prints as null.
func (c *coder) printDouble(v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		c.buf = append(c.buf, "null"...)
		return
	}
	format := byte('f')
	if abs := math.Abs(v); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	c.buf = strconv.AppendFloat(c.buf, v, format, -1, 64)
}

// printTime prints RFC 3339 in UTC with milliseconds, the form that events are
// read in.
func (c *coder) printTime(ms int64) {
	c.buf = append(c.buf, '"')
	c.buf = time.UnixMilli(ms).UTC().AppendFormat(c.buf, "2006-01-02T15:04:05.000Z07:00")
	c.buf = append(c.buf, '"')
}

func (c *coder) printHex(b []byte) {
	c.buf = append(c.buf, '"')
	c.buf = hex.AppendEncode(c.buf, b)
	c.buf = append(c.buf, '"')
}

func (c *coder) printBase64(b []byte) {
	c.buf = append(c.buf, '"')
	c.buf = base64.StdEncoding.AppendEncode(c.buf, b)
	c.buf = append(c.buf, '"')
}

// printString prints a JSON string. Bytes that are not UTF-8 become U+FFFD.
func (c *coder) printString(s string) {
	const digits = "0123456789abcdef"
	b := append(c.buf, '"')
	start := 0
	for i := 0; i < len(s); {
		ch := s[i]
		if ch >= 0x20 && ch < utf8.RuneSelf && ch != '"' && ch != '\\' {
			i++
			continue
		}
		if ch >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || size != 1 {
				i += size
				continue
			}
			b = append(append(b, s[start:i]...), "\ufffd"...)
			i++
			start = i
			continue
		}
		b = append(b, s[start:i]...)
		switch ch {
		case '"', '\\':
			b = append(b, '\\', ch)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', digits[ch>>4], digits[ch&15])
		}
		i++
		start = i
	}
	c.buf = append(append(b, s[start:]...), '"')
}
