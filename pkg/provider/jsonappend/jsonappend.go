// Package jsonappend writes JSON by appending, without reflection and without
// allocating. It takes text only as identity.Clean, identity.CleanBytes or
// identity.Hashed, so that a raw personal value cannot reach a payload by
// accident, and it puts commas by itself: a member or element is preceded by
// one unless the last byte opens an object or array.
package jsonappend

import (
	"strconv"

	"github.com/sluicehq/sluice/pkg/core/identity"
)

// Comma appends a comma unless dst ends in an opening bracket.
func Comma(dst []byte) []byte {
	if n := len(dst); n == 0 || dst[n-1] == '{' || dst[n-1] == '[' || dst[n-1] == ':' {
		return dst
	}
	return append(dst, ',')
}

// Key appends a comma where one is needed, the member's name, which must be
// plain ASCII without quotes, and the colon.
func Key(dst []byte, name string) []byte {
	dst = append(Comma(dst), '"')
	dst = append(dst, name...)
	return append(dst, '"', ':')
}

// Name is Key for a name that came from outside: it is escaped.
func Name(dst []byte, name identity.Clean) []byte {
	return append(String(Comma(dst), name), ':')
}

// String appends a quoted string.
func String(dst []byte, s identity.Clean) []byte { return quote(dst, s.Text()) }

// Bytes appends a quoted string that stands in scratch memory.
func Bytes(dst []byte, s identity.CleanBytes) []byte { return quote(dst, s.Bytes()) }

// Hex appends a quoted digest in lower-case hex, with its mark.
func Hex(dst []byte, h *identity.Hashed) []byte {
	return append(h.AppendHex(append(dst, '"')), '"')
}

// Int appends an integer.
func Int(dst []byte, n int64) []byte { return strconv.AppendInt(dst, n, 10) }

// Bool appends true or false.
func Bool(dst []byte, b bool) []byte { return strconv.AppendBool(dst, b) }
