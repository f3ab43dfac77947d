// Package payload holds what the payloads of several providers share: a writer
// that lets text pass only where it does not look like personal data, and the
// findings of a Build. What must never leak is decided here once.
package payload

import (
	"strings"

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
	// Unsafe counts what was left out because it looked like personal data.
	Unsafe int32
}

// ID appends an id unless it looks like personal data.
func (w *Writer) ID(key, s string) {
	if s == "" {
		return
	}
	clean, ok := identity.CleanID(s)
	if !ok {
		w.Unsafe++
		return
	}
	w.Dst = jsonappend.String(jsonappend.Key(w.Dst, key), clean)
}

// Text appends free text unless it looks like personal data or a secret.
func (w *Writer) Text(key, s string) {
	if s == "" {
		return
	}
	at := len(w.Dst)
	w.Dst = jsonappend.Key(w.Dst, key)
	if !w.FreeText(s) {
		w.Dst = w.Dst[:at]
	}
}

// FreeText appends the value alone, and false where nothing is left of it. A
// URL passes the same rules as the page's.
func (w *Writer) FreeText(s string) bool {
	if strings.Contains(s, "://") {
		if w.url(s) {
			return true
		}
		w.Unsafe++
		return false
	}
	clean, ok := w.Clean(s)
	if ok {
		w.Dst = jsonappend.String(w.Dst, clean)
	}
	return ok
}

// Clean checks free text and counts what is refused.
func (w *Writer) Clean(s string) (identity.Clean, bool) {
	clean, ok := identity.CleanText(s)
	if !ok {
		w.Unsafe++
	}
	return clean, ok && s != ""
}

// URL appends a URL as far as it may leave, and false where it is none.
func (w *Writer) URL(key, raw string) bool {
	at := len(w.Dst)
	w.Dst = jsonappend.Key(w.Dst, key)
	ok := w.url(raw)
	if !ok {
		w.Dst = w.Dst[:at]
	}
	return ok
}

func (w *Writer) url(raw string) bool {
	out, unsafe, ok := identity.AppendURL(w.Scratch[:0], raw, w.URLs)
	w.Scratch = out
	w.Unsafe += int32(unsafe)
	if ok {
		w.Dst = jsonappend.Bytes(w.Dst, identity.VouchBytes(out))
	}
	return ok
}

// Scalar appends a free value under a name from the mapping.
func (w *Writer) Scalar(name identity.Clean, v event.Value) {
	if SuspectNumber(v) {
		w.Unsafe++
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
		at := len(w.Dst)
		w.Dst = jsonappend.Name(w.Dst, name)
		if !w.FreeText(v.Str) {
			w.Dst = w.Dst[:at]
		}
	}
}

// Amount appends a number, rounded to at most digits places, where it is one.
func (w *Writer) Amount(key string, v event.Opt[float64], digits int) {
	if v.Set && jsonappend.Finite(v.Value) {
		w.Dst = jsonappend.Decimal(jsonappend.Key(w.Dst, key), v.Value, digits)
	}
}
