package identity

// Clean is a string that may leave: it has been checked. Payload writers take
// nothing else for text. There are three ways to one: a constant, a check of
// this package, or a caller that answers for its own check.
type Clean struct{ v string }

// constant cannot be named outside this package, so Literal takes only
// untyped constants.
type constant string

// Literal is a string constant of the program.
func Literal(s constant) Clean { return Clean{v: string(s)} }

// CleanText checks free text: a custom property, an item's name, a search
// term. It refuses what looks like personal data or a secret; see Look.
func CleanText(s string) (Clean, bool) {
	if Look(s) != NotSuspect {
		return Clean{}, false
	}
	return Clean{v: s}, true
}

// CleanID checks an id: of an event, a transaction, an item; see LookID.
func CleanID(s string) (Clean, bool) {
	if LookID(s) != NotSuspect {
		return Clean{}, false
	}
	return Clean{v: s}, true
}

// Vouch wraps a string that the caller has checked by a rule of its own: an
// enumeration, a click id's form, an address that a provider takes in clear.
// Every call site is a place to review.
func Vouch(s string) Clean { return Clean{v: s} }

// IsZero reports whether the string is empty.
func (c Clean) IsZero() bool { return c.v == "" }

// Text returns the string.
func (c Clean) Text() string { return c.v }

// CleanBytes is Clean in the caller's scratch memory: valid until that memory
// is used again.
type CleanBytes struct{ b []byte }

// VouchBytes is Vouch for bytes.
func VouchBytes(b []byte) CleanBytes { return CleanBytes{b: b} }

// Bytes returns the text; the caller must not keep it.
func (c CleanBytes) Bytes() []byte { return c.b }
