// Package payload holds what the payloads of several providers share: a writer
// that lets text pass only where it does not look like personal data, and the
// findings of a Build. What must never leak is decided here once.
package payload

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
)

// Writer appends JSON members whose text came from a customer's page. It is
// part of a builder that lives on the stack: nothing may keep a pointer to it.
type Writer struct {
	Dst     []byte
	Scratch []byte // for one value at a time
	// URLs is how URLs are cut, those inside free text included.
	URLs identity.URLPolicy
	// Unsafe counts what was left out because it looked like personal data, and
	// Notes names it.
	Unsafe int32
	Notes  event.Notes
}

// Refused counts and names a value that looks like personal data.
func (w *Writer) Refused(at event.At) {
	w.Unsafe++
	w.Notes.Add(at, event.NoteUnsafe)
}

// ID appends an id of the event's member at a path, unless it is blank, stands for
// no value or looks like personal data.
func (w *Writer) ID(key string, at event.At, s string) {
	if identity.Trim(s) == "" {
		return
	}
	if identity.Placeholder(identity.AnyField, s) {
		w.Notes.Add(at, event.NotePlaceholder)
		return
	}
	clean, ok := identity.CleanID(s)
	if !ok {
		w.Refused(at)
		return
	}
	w.Dst = jsonappend.String(jsonappend.Key(w.Dst, key), clean)
}

// Text appends free text unless it looks like personal data or a secret, or
// nothing of it can be seen.
func (w *Writer) Text(key string, at event.At, s string) {
	if !Visible(s) {
		return
	}
	before := len(w.Dst)
	w.Dst = jsonappend.Key(w.Dst, key)
	if !w.FreeText(at, s) {
		w.Dst = w.Dst[:before]
	}
}

// Visible reports that something is left of s for a reader that trims every kind
// of white space and control character.
func Visible(s string) bool {
	for i := range len(s) {
		if s[i] > ' ' && s[i] < 0x7F {
			return true
		}
		if s[i] >= utf8.RuneSelf {
			return strings.ContainsFunc(s[i:], func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) })
		}
	}
	return false
}

// FreeText appends the value alone, and false where nothing is left of it. A
// URL passes the same rules as the page's.
func (w *Writer) FreeText(at event.At, s string) bool {
	if strings.Contains(s, "://") {
		if w.url(at, s) {
			return true
		}
		w.Refused(at)
		return false
	}
	clean, ok := w.Clean(at, s)
	if ok {
		w.Dst = jsonappend.String(w.Dst, clean)
	}
	return ok
}

// Clean checks free text, and counts and names what is refused.
func (w *Writer) Clean(at event.At, s string) (identity.Clean, bool) {
	clean, ok := identity.CleanText(s)
	if !ok {
		w.Refused(at)
	}
	return clean, ok && s != ""
}

// URL appends a URL as far as it may leave, and false where it is none.
func (w *Writer) URL(key string, at event.At, raw string) bool {
	before := len(w.Dst)
	w.Dst = jsonappend.Key(w.Dst, key)
	ok := w.url(at, raw)
	if !ok {
		w.Dst = w.Dst[:before]
	}
	return ok
}

func (w *Writer) url(at event.At, raw string) bool {
	out, unsafe, ok := identity.AppendURL(w.Scratch[:0], raw, w.URLs)
	w.Scratch = out
	if unsafe > 0 {
		w.Unsafe += int32(unsafe)
		w.Notes.Add(at, event.NoteUnsafe)
	}
	if ok {
		w.Dst = jsonappend.Bytes(w.Dst, identity.VouchBytes(out))
	}
	return ok
}

// Scalar appends a free value under a name from the mapping. from is the member
// that holds such values: properties or fields.
func (w *Writer) Scalar(from string, name identity.Clean, v event.Value) {
	if SuspectNumber(v) {
		w.Refused(event.Member(from, name.Text()))
		return
	}
	switch v.Kind {
	case event.Null:
	case event.Boolean:
		w.Dst = jsonappend.Bool(jsonappend.Name(w.Dst, name), v.Bool)
	case event.Long:
		w.Dst = jsonappend.Int(jsonappend.Name(w.Dst, name), v.Long)
	case event.Double:
		if jsonappend.Finite(v.Double) {
			w.Dst = jsonappend.Float(jsonappend.Name(w.Dst, name), v.Double)
		}
	case event.String:
		before := len(w.Dst)
		w.Dst = jsonappend.Name(w.Dst, name)
		if !w.FreeText(event.Member(from, name.Text()), v.Str) {
			w.Dst = w.Dst[:before]
		}
	}
}

// Amount appends a number, rounded to at most digits places, where it is one.
func (w *Writer) Amount(key string, v event.Opt[float64], digits int) {
	if v.Set && jsonappend.Finite(v.Value) {
		w.Dst = jsonappend.Decimal(jsonappend.Key(w.Dst, key), v.Value, digits)
	}
}
