// Package normal brings declared personal values into the forms that providers
// match: e-mail addresses, telephone numbers, names, dates of birth and places.
// A form is shared by name, never by guess: which one a provider takes stands in
// that provider's table, with its source. The same value in two forms has two
// digests, and a digest in another form than the provider's matches nobody.
package normal

import (
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// Hints are what a normaliser may know besides the value.
type Hints struct {
	// Country is the subject's own country, ISO 3166-1 alpha-2 of either case,
	// from the event's identity; empty where it is not known.
	Country string
	// PhoneCountry is the destination's default for phone numbers in national
	// form, upper case.
	PhoneCountry string
	// Prehashed is the form from which digests were made that came hashed.
	Prehashed resource.Prehashed
	// Now bounds a date of birth; epoch milliseconds.
	Now int64
}

// Func appends the normalised form of s, which is trimmed, not empty and
// composed (NFC), to dst; false where no rule makes it usable.
type Func func(dst []byte, s string, h Hints) ([]byte, bool)

// Field is how the values of one of a provider's members are read: declared once
// per provider, by EmailField, PhoneField, IDField and TextField.
type Field struct {
	of     kind
	email  resource.EmailForm
	phone  resource.PhoneForm
	normal Func
	words  identity.Field
}

// kind says what digests from outside have to be made from.
type kind uint8

const (
	ofText kind = iota
	ofEmail
	ofPhone
	ofID // an id of the customer's own, which may look like any digest
)

// EmailField is an e-mail address in a form.
func EmailField(form resource.EmailForm) Field {
	return Field{of: ofEmail, email: form, normal: Email(form)}
}

// PhoneField is a telephone number, with or without the plus sign of E.164.
func PhoneField(form resource.PhoneForm) Field { return Field{of: ofPhone, phone: form} }

// IDField is an id of the customer's own.
func IDField(rule Func) Field { return Field{of: ofID, normal: rule} }

// TextField is a name, a place, a date of birth or a gender. words says which
// words that stand for nothing elsewhere are values there.
func TextField(words identity.Field, rule Func) Field { return Field{normal: rule, words: words} }

// Words says which words that stand for nothing elsewhere are values here.
func (f *Field) Words() identity.Field { return f.words }

// Digest applies the steps that all fields share: trim, leave out what stands for
// nothing, recognise a digest, bring into composed form, normalise, hash. into is
// set where why is empty; else why says what is noted about the value. scratch is
// reused memory and is given back.
//
// A digest that came from outside is passed on where its form fits (Prehashed):
// hexadecimal SHA-256. Digests of other kinds are no identifiers.
func (f *Field) Digest(into *identity.Hashed, scratch []byte, raw identity.Raw, h *Hints) (_ []byte, why event.NoteCode) {
	s := identity.Trim(raw.Reveal())
	if identity.Placeholder(f.words, s) {
		return scratch, event.NotePlaceholder
	}
	if hashed, ok := identity.ParseHashed(s); ok {
		if why := f.unfit(&hashed, h); why != "" {
			return scratch, why
		}
		*into = hashed
		return scratch, ""
	}
	if f.of != ofID && identity.OtherDigest(s) {
		return scratch, event.NoteOtherDigest
	}
	out, why := f.Append(scratch[:0], s, h)
	if why != "" {
		return scratch, why
	}
	into.Set(out)
	if into.OfPlaceholder(f.words) { // what is left of it stands for nothing
		*into = identity.Hashed{}
		return scratch, event.NotePlaceholder
	}
	return out[:0], ""
}

// Append appends the normalised form of a trimmed value that is no digest.
func (f *Field) Append(dst []byte, s string, h *Hints) ([]byte, event.NoteCode) {
	start := len(dst)
	if f.of == ofPhone {
		if f.phone == resource.PhoneE164 {
			dst = append(dst, '+')
		}
		out, fault := identity.AppendE164(dst, s, h.Country, h.PhoneCountry)
		if fault != identity.PhoneOK {
			return dst[:start], payload.PhoneNote(fault)
		}
		return out, ""
	}
	if !identity.IsComposed(s) {
		s = string(identity.AppendNFC(nil, s))
	}
	out, ok := f.normal(dst, s, *h)
	if !ok || len(out) == start || identity.Garbled(out[start:]) {
		return out[:start], event.NoteInvalid
	}
	return out, ""
}

// unfit tells why a digest from outside is no identifier here, empty where it is
// one.
func (f *Field) unfit(d *identity.Hashed, h *Hints) event.NoteCode {
	switch {
	case d.OfPlaceholder(f.words):
		return event.NotePlaceholder
	case f.of == ofPhone && !payload.PhoneHashFits(h.Prehashed.Phone, f.phone),
		f.of == ofEmail && !payload.EmailHashFits(h.Prehashed.Email, f.email):
		return event.NoteDigestForm
	default:
		return ""
	}
}

// AsIs is the trimmed value.
func AsIs(dst []byte, s string, _ Hints) ([]byte, bool) { return append(dst, s...), true }

// Lower is the value in lower case.
func Lower(dst []byte, s string, _ Hints) ([]byte, bool) {
	start := len(dst)
	dst = identity.AppendLower(dst, s)
	return identity.ComposeTail(dst, start), true
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
