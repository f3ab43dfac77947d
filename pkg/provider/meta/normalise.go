package meta

import (
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// Hints are what a normaliser may know besides the value.
type Hints struct {
	// Country is the subject's own country, ISO 3166-1 alpha-2 of either case,
	// from the event's identity; empty where it is not known.
	Country string
	// PhoneCountry is the destination's default for phone numbers in national
	// form, upper case; empty: such numbers are hashed as they are.
	PhoneCountry string
	// Now bounds a date of birth; epoch milliseconds.
	Now int64
}

// Form says what became of a value.
type Form uint8

// The forms.
const (
	Dropped    Form = iota // no rule makes it usable; it is not sent
	Normalised             // normalised, then hashed
	PassedOn               // it was hashed before and is sent as it is
)

// normaliser appends the normalised form of s, which is trimmed, not empty and
// composed, to dst, which is empty; false where no rule makes it usable.
type normaliser func(dst []byte, s string, h Hints) ([]byte, bool)

// Normalise brings one value of a hashed user_data key into Meta's form and
// hashes it. It is the one place where that happens. Keys that Meta's libraries
// know and Sluice does not send (f5first, dobd, ...) are included, so that the
// rules can be checked against the references.
func Normalise(key string, raw identity.Raw, h Hints) (identity.Hashed, Form) {
	normal, known := normalisers[key]
	if !known {
		return identity.Hashed{}, Dropped
	}
	var hashed identity.Hashed
	_, form := digest(&hashed, nil, raw, normal, &h)
	return hashed, form
}

var normalisers = map[string]normaliser{
	"em": email, "ph": phone, "fn": name, "ln": name, "db": birthDate, "ge": gender,
	"ct": city, "st": state, "zp": postcode, "country": country, "external_id": externalID,
	"f5first": firstFive, "f5last": firstFive, "fi": initial, "dobd": birthDay, "dobm": birthMonth, "doby": birthYear,
}

// digest applies the steps that all keys share: trim, recognise a digest, bring
// into composed form, normalise, hash. into is set unless the value is dropped;
// scratch is reused memory.
func digest(into *identity.Hashed, scratch []byte, raw identity.Raw, normal normaliser, h *Hints) ([]byte, Form) {
	s := identity.Trim(raw.Reveal())
	if s == "" {
		return scratch, Dropped
	}
	if hashed, ok := prehashed(s); ok {
		*into = hashed
		return scratch, PassedOn
	}
	if !identity.IsComposed(s) {
		s = string(identity.AppendNFC(scratch[:0], s))
	}
	out, ok := normal(scratch[:0], s, *h)
	if !ok || len(out) == 0 {
		return scratch, Dropped
	}
	into.Set(out)
	return out[:0], Normalised
}

// prehashed recognises a SHA-256 or MD5 digest, also with the mark that Meta's
// reference library appends. MD5 is passed on as that library does, although
// only SHA-256 is documented; the identifier status counts it as a warning.
func prehashed(s string) (identity.Hashed, bool) {
	const long, short = 64, 32
	switch n := len(s); {
	case n >= long && (n == long || s[long] == '.'):
		hashed, ok := identity.ParseHashed(s[:long])
		return marked(hashed, ok, s[long:])
	case n >= short && (n == short || s[short] == '.'):
		hashed, ok := identity.ParseMD5(s[:short])
		return marked(hashed, ok, s[short:])
	default:
		return identity.Hashed{}, false
	}
}

// marked adds the mark that stands behind a dot in rest, where rest is not empty.
func marked(h identity.Hashed, ok bool, rest string) (identity.Hashed, bool) {
	switch {
	case !ok || rest == "":
		return h, ok
	case !isMark(rest[1:]):
		return identity.Hashed{}, false
	default:
		return h.WithMark(rest[1:])
	}
}

// isMark recognises the reference library's mark: a language token of two
// characters, or eight characters of base64url.
func isMark(s string) bool {
	switch len(s) {
	case 2:
		return s == "AQ" || s == "Ag" || s == "Aw" || s == "BA" || s == "BQ" || s == "Bg"
	case 8:
		for i := range len(s) {
			if c := s[i]; !alnum(c) && c != '_' && c != '-' {
				return false
			}
		}
		return true
	default:
		return false
	}
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
func lower(c byte) bool { return c >= 'a' && c <= 'z' }
func alnum(c byte) bool { return digit(c) || lower(c|0x20) }

// allDigits reports whether s is made of digits and not empty.
func allDigits(s string) bool {
	for i := range len(s) {
		if !digit(s[i]) {
			return false
		}
	}
	return s != ""
}
