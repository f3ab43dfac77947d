// Package terminal makes what came from outside safe to show to people.
package terminal

import (
	"reflect"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Shown copies an answer for a terminal: in every string of it, what would move
// a cursor, set a title, forge a line or turn the direction of writing round
// stands escaped, as in Go. Event ids, owners, reasons and messages of providers
// come from browsers and other companies, and a terminal obeys whoever writes to
// it. JSON needs none of this: its own escapes do the same.
func Shown[T any](v T) T {
	of := reflect.ValueOf(&v).Elem()
	of.Set(escapedValue(of))
	return v
}

// escapedValue is a copy of v with every string escaped. Fields that are not
// exported are no answer's.
func escapedValue(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.String:
		return reflect.ValueOf(Escaped(v.String())).Convert(v.Type())
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		out := reflect.New(v.Type().Elem())
		out.Elem().Set(escapedValue(v.Elem()))
		return out
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		out := reflect.New(v.Type()).Elem()
		out.Set(escapedValue(v.Elem()))
		return out
	case reflect.Struct:
		out := reflect.New(v.Type()).Elem()
		out.Set(v)
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				out.Field(i).Set(escapedValue(v.Field(i)))
			}
		}
		return out
	case reflect.Slice, reflect.Array, reflect.Map:
		return escapedMany(v)
	default:
		return v
	}
}

// escapedMany is escapedValue of what holds many. Bytes are left alone: they are
// bodies, which are printed as JSON.
func escapedMany(v reflect.Value) reflect.Value {
	if v.Kind() != reflect.Array && v.IsNil() || v.Type().Elem().Kind() == reflect.Uint8 {
		return v
	}
	if v.Kind() == reflect.Map {
		out := reflect.MakeMapWithSize(v.Type(), v.Len())
		for each := v.MapRange(); each.Next(); {
			out.SetMapIndex(escapedValue(each.Key()), escapedValue(each.Value()))
		}
		return out
	}
	out := reflect.New(v.Type()).Elem()
	if v.Kind() == reflect.Slice {
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
	}
	for i := range v.Len() {
		out.Index(i).Set(escapedValue(v.Index(i)))
	}
	return out
}

// Escaped is s with everything that is not printable in Go's notation.
func Escaped(s string) string {
	if !strings.ContainsFunc(s, unprintable) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 || unprintable(r) {
			quoted := strconv.QuoteToASCII(s[:size])
			b.WriteString(quoted[1 : len(quoted)-1])
		} else {
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}

// unprintable tells what a terminal might obey: control characters, and those
// that change the direction of writing or show nothing.
func unprintable(r rune) bool { return !unicode.IsPrint(r) }
