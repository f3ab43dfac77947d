// Package identity holds the primitives that every provider normalises and
// hashes with, and the rules that keep raw personal data from leaving.
package identity

import "fmt"

// redacted is what a personal value prints as, whatever the verb or encoder.
const redacted = "[redacted]"

// Raw is a personal value exactly as the event carried it: an e-mail address,
// a phone number, a name, an IP address, a cookie id, a subject id. It has no
// String method on purpose and prints, marshals and logs as "[redacted]", so
// that a stray %v cannot leak it. Only normalisers, key builders and payload
// writers call Reveal.
type Raw struct{ v string }

// NewRaw wraps s. The zero Raw is the absent value.
func NewRaw(s string) Raw { return Raw{v: s} }

// Reveal returns the value itself. Every call site is a place to review: the
// result may go into a normaliser, a hash, a topic key or a payload, never
// into a log, metric, trace, header, error or diagnostic.
func (r Raw) Reveal() string { return r.v }

// IsZero reports whether the value is absent.
func (r Raw) IsZero() bool { return r.v == "" }

// Format implements fmt.Formatter: every verb prints the same placeholder.
func (r Raw) Format(f fmt.State, _ rune) {
	// The only error a fmt.State returns is that of the writer behind it,
	// which fmt itself reports to its caller.
	_, _ = f.Write([]byte(redacted))
}

// MarshalText implements encoding.TextMarshaler (slog's text handler, map
// keys, YAML).
func (r Raw) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON implements json.Marshaler.
func (r Raw) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
