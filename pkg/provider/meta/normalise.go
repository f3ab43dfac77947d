package meta

import (
	"strings"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider/normal"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// Hints are what a normaliser may know besides the value.
type Hints = normal.Hints

// Form says what became of a value.
type Form uint8

// The forms.
const (
	Dropped    Form = iota // no rule makes it usable; it is not sent
	Normalised             // normalised, then hashed
	PassedOn               // it was hashed before and is sent as it is
)

// firstFive and initial are cut by characters, not bytes.
func firstFive(dst []byte, s string, h Hints) ([]byte, bool) { return normal.CutName(dst, s, h, 5) }
func initial(dst []byte, s string, h Hints) ([]byte, bool)   { return normal.CutName(dst, s, h, 1) }

// Normalise brings one value of a hashed user_data key into Meta's form and
// hashes it. It is the one place where that happens. Keys that Meta's libraries
// know and Sluice does not send (f5first, dobd, ...) are included, so that the
// rules can be checked against the references.
func Normalise(key string, raw identity.Raw, h Hints) (identity.Hashed, Form) {
	rule, known := normalisers[key]
	if !known {
		return identity.Hashed{}, Dropped
	}
	var hashed identity.Hashed
	n := normalising{normal: rule, hints: &h, of: hashKinds[key], field: fieldOf[key]}
	_, form, _ := n.digest(&hashed, nil, raw)
	return hashed, form
}

var normalisers = map[string]normal.Func{
	"em": email, "ph": notNormalised, "fn": normal.Name, "ln": normal.Name, "db": normal.BirthDate, "ge": normal.Gender,
	"ct": normal.City, "st": normal.State, "zp": normal.Postcode, "country": normal.Country, "external_id": normal.Compact,
	"f5first": firstFive, "f5last": firstFive, "fi": initial, "dobd": normal.BirthDay, "dobm": normal.BirthMonth, "doby": normal.BirthYear,
}

// notNormalised stands for the normaliser of phone numbers: identity.AppendE164
// has a result of its own.
func notNormalised(dst []byte, _ string, _ Hints) ([]byte, bool) { return dst, false }

// hashKind says what a key's digests have to be made from.
type hashKind uint8

const (
	hashAny hashKind = iota
	hashEmail
	hashPhone
	hashOpaque // an id of the customer's own, which may look like any digest
)

var (
	hashKinds = map[string]hashKind{"em": hashEmail, "ph": hashPhone, "external_id": hashOpaque}
	fieldOf   = map[string]identity.Field{"fn": identity.GivenName, "ln": identity.FamilyName, "ct": identity.Place, "st": identity.Place}
)

// normalising is how the values of one key are brought into Meta's form.
type normalising struct {
	normal normal.Func
	hints  *Hints
	of     hashKind
	field  identity.Field
}

// digest applies the steps that all keys share: trim, leave out what stands for
// nothing, recognise a digest, bring into composed form, normalise, hash. into is
// set unless the value is dropped, and why says then what is noted about it;
// scratch is reused memory.
func (n *normalising) digest(into *identity.Hashed, scratch []byte, raw identity.Raw) (_ []byte, form Form, why event.NoteCode) {
	s := identity.Trim(raw.Reveal())
	if identity.Placeholder(n.field, s) {
		return scratch, Dropped, event.NotePlaceholder
	}
	if hashed, ok := prehashed(s); ok {
		if why := n.unfit(&hashed); why != "" {
			return scratch, Dropped, why
		}
		*into = hashed
		return scratch, PassedOn, ""
	}
	if n.of != hashOpaque && otherDigest(s) {
		return scratch, Dropped, event.NoteOtherDigest
	}
	if n.of == hashPhone {
		out, fault := identity.AppendE164(scratch[:0], s, n.hints.Country, n.hints.PhoneCountry)
		if fault != identity.PhoneOK {
			return scratch, Dropped, payload.PhoneNote(fault)
		}
		into.Set(out)
		return out[:0], Normalised, ""
	}
	if !identity.IsComposed(s) {
		s = string(identity.AppendNFC(scratch[:0], s))
	}
	out, ok := n.normal(scratch[:0], s, *n.hints)
	if !ok || len(out) == 0 || identity.Garbled(out) {
		return scratch, Dropped, event.NoteInvalid
	}
	into.Set(out)
	if into.OfPlaceholder(n.field) { // what is left of it stands for nothing: the initial of "01"
		*into = identity.Hashed{}
		return scratch, Dropped, event.NotePlaceholder
	}
	return out[:0], Normalised, ""
}

// unfit tells why a digest from outside is no identifier at Meta, empty where it
// is one.
func (n *normalising) unfit(h *identity.Hashed) event.NoteCode {
	switch {
	case h.OfPlaceholder(n.field):
		return event.NotePlaceholder
	case n.of == hashPhone && !payload.PhoneHashFits(n.hints.Prehashed.Phone, resource.PhoneDigits),
		n.of == hashEmail && !payload.EmailHashFits(n.hints.Prehashed.Email, resource.EmailPlain):
		return event.NoteDigestForm
	default:
		return ""
	}
}

// prehashed recognises a SHA-256 digest, also with the mark that Meta's reference
// library appends.
func prehashed(s string) (identity.Hashed, bool) {
	const long = 64
	if n := len(s); n < long || n > long && s[long] != '.' {
		return identity.Hashed{}, false
	}
	hashed, ok := identity.ParseHashed(s[:long])
	return marked(hashed, ok, s[long:])
}

// otherDigest recognises digests of other kinds, with or without that mark. Meta's
// documentation asks for SHA-256, and its libraries tell whoever sends another.
func otherDigest(s string) bool {
	if i := strings.LastIndexByte(s, '.'); i > 0 && isMark(s[i+1:]) {
		s = s[:i]
	}
	return identity.OtherDigest(s)
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
