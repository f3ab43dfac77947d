package conversion

import (
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/normal"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// Person is one declared personal member and the form in which a provider takes
// it: a row of the provider's table.
type Person struct {
	Kind decision.Kind
	// Path is where events have it, such as identity.emails.
	Path string
	// Form is how its values are normalised and hashed.
	Form normal.Field
	// Weight is what it adds to the estimated match quality.
	Weight float64
	// Most is how many values leave, payload.MaxDigests where it is zero.
	Most int

	one  func(*event.Event) identity.Raw
	many func(*event.Event) []identity.Raw
}

// Emails are the e-mail addresses. They, phones and external ids are lists; the
// other rows are single values.
func Emails(form normal.Field, weight float64) Person {
	return Person{Kind: decision.KindEmail, Path: "identity.emails", Form: form, Weight: weight, many: func(e *event.Event) []identity.Raw { return e.Identity.Emails }}
}

// Phones are the telephone numbers.
func Phones(form normal.Field, weight float64) Person {
	return Person{Kind: decision.KindPhone, Path: "identity.phones", Form: form, Weight: weight, many: func(e *event.Event) []identity.Raw { return e.Identity.Phones }}
}

// ExternalIDs are the ids that a customer gave somebody.
func ExternalIDs(form normal.Field, weight float64) Person {
	return Person{Kind: decision.KindExternalID, Path: "identity.external_ids", Form: form, Weight: weight, many: func(e *event.Event) []identity.Raw { return e.Identity.ExternalIDs }}
}

// FirstName is the given name.
func FirstName(rule normal.Func, weight float64) Person {
	return Person{Kind: decision.KindName, Path: "identity.first_name", Form: normal.TextField(identity.GivenName, rule), Weight: weight, one: func(e *event.Event) identity.Raw { return e.Identity.FirstName }}
}

// LastName is the family name.
func LastName(rule normal.Func, weight float64) Person {
	return Person{Kind: decision.KindName, Path: "identity.last_name", Form: normal.TextField(identity.FamilyName, rule), Weight: weight, one: func(e *event.Event) identity.Raw { return e.Identity.LastName }}
}

// BirthDate is the date of birth.
func BirthDate(rule normal.Func, weight float64) Person {
	return Person{Kind: decision.KindDateOfBirth, Path: "identity.date_of_birth", Form: normal.TextField(identity.AnyField, rule), Weight: weight, one: func(e *event.Event) identity.Raw { return e.Identity.DateOfBirth }}
}

// Gender is the gender.
func Gender(rule normal.Func, weight float64) Person {
	return Person{Kind: decision.KindGender, Path: "identity.gender", Form: normal.TextField(identity.AnyField, rule), Weight: weight, one: func(e *event.Event) identity.Raw { return e.Identity.Gender }}
}

// Street is street and house number.
func Street(rule normal.Func, weight float64) Person {
	return Person{Kind: decision.KindAddress, Path: "identity.street", Form: normal.TextField(identity.AnyField, rule), Weight: weight, one: func(e *event.Event) identity.Raw { return e.Identity.Street }}
}

// City is the city of the address.
func City(rule normal.Func, weight float64) Person {
	return Person{Kind: decision.KindAddress, Path: "identity.city", Form: normal.TextField(identity.Place, rule), Weight: weight, one: func(e *event.Event) identity.Raw { return e.Identity.City }}
}

// Region is the state, province or other part of the country.
func Region(rule normal.Func, weight float64) Person {
	return Person{Kind: decision.KindAddress, Path: "identity.region", Form: normal.TextField(identity.Place, rule), Weight: weight, one: func(e *event.Event) identity.Raw { return e.Identity.Region }}
}

// PostalCode is the postal code of the address.
func PostalCode(rule normal.Func, weight float64) Person {
	return Person{Kind: decision.KindAddress, Path: "identity.postal_code", Form: normal.TextField(identity.AnyField, rule), Weight: weight, one: func(e *event.Event) identity.Raw { return e.Identity.PostalCode }}
}

// Country is the country of the address.
func Country(rule normal.Func, weight float64) Person {
	return Person{Kind: decision.KindAddress, Path: "identity.country", Form: normal.TextField(identity.AnyField, rule), Weight: weight, one: func(e *event.Event) identity.Raw { return e.Identity.Country }}
}

// AdvertisingID is a device's advertising id that a provider takes hashed; see
// Builder.DeviceID for one in clear.
func AdvertisingID(rule normal.Func, weight float64) Person {
	return Person{Kind: decision.KindAdvertisingID, Path: "device.advertising_id", Form: normal.IDField(rule), Weight: weight, one: func(e *event.Event) identity.Raw { return e.Device.AdvertisingID }}
}

// values are the event's values of a row; one lives on the caller's stack.
func (p *Person) values(e *event.Event, one *[1]identity.Raw) []identity.Raw {
	if p.many != nil {
		return p.many(e)
	}
	if one[0] = p.one(e); one[0].IsZero() {
		return nil
	}
	return one[:]
}

func (p *Person) at(i int) event.At {
	if p.many != nil {
		return event.Entry(p.Path, i, "")
	}
	return event.Path(p.Path)
}

// Digests gives a row's digests, sorted and without repeats: none where nothing is
// there, allowed and usable. They are valid until the next call. What is left out
// is noted.
func (b *Builder) Digests(p *Person) []identity.Hashed {
	var one [1]identity.Raw
	values := p.values(b.Event, &one)
	if len(values) == 0 || !b.May(p.Kind, 0) {
		return nil
	}
	most := p.Most
	if most == 0 {
		most = payload.MaxDigests
	}
	b.digests.Reset()
	for i, v := range values {
		if v.IsZero() {
			continue
		}
		var why event.NoteCode
		if b.Scratch, why = p.Form.Digest(b.digests.Next(), b.Scratch, v, &b.Hints); why != "" {
			b.Drop(p.Kind, decision.DropInvalid, p.at(i), why)
			continue
		}
		if !b.digests.Take(most) {
			b.Drop(p.Kind, decision.DropLimit, event.Path(p.Path), event.NoteLimit)
		}
	}
	if b.digests.Len() > 0 {
		b.Found(p.Kind, p.Weight)
	}
	return b.digests.All()
}

// Hashes appends a row's digests as a list; false where there are none.
func (b *Builder) Hashes(key string, p *Person) bool {
	all := b.Digests(p)
	if len(all) > 0 {
		b.Dst = b.digests.Append(jsonappend.Key(b.Dst, key))
	}
	return len(all) > 0
}

// Hash appends a row's first digest as a string; false where there is none.
func (b *Builder) Hash(key string, p *Person) bool {
	all := b.Digests(p)
	if len(all) > 0 {
		b.Dst = jsonappend.Hex(jsonappend.Key(b.Dst, key), &all[0])
	}
	return len(all) > 0
}

// Clear appends a row's normalised value unhashed, for the members that a
// provider takes in clear (Spec.Clear); false where there is none.
func (b *Builder) Clear(key string, p *Person) bool {
	text, ok := b.Plain(p)
	if ok {
		b.Dst = jsonappend.Bytes(jsonappend.Key(b.Dst, key), identity.VouchBytes(text))
	}
	return ok
}

// Plain gives a row's normalised value unhashed, valid until the next call; false
// where there is none. What looks like an e-mail address, a phone or a card number
// never leaves this way, and neither does a digest.
func (b *Builder) Plain(p *Person) ([]byte, bool) {
	var one [1]identity.Raw
	values := p.values(b.Event, &one)
	if len(values) == 0 || !b.May(p.Kind, 0) {
		return nil, false
	}
	for i, v := range values {
		s := identity.Trim(v.Reveal())
		if identity.Placeholder(p.Form.Words(), s) {
			b.Drop(p.Kind, decision.DropInvalid, p.at(i), event.NotePlaceholder)
			continue
		}
		if _, hashed := identity.ParseHashed(s); hashed || identity.OtherDigest(s) {
			b.Drop(p.Kind, decision.DropInvalid, p.at(i), event.NoteOtherDigest)
			continue
		}
		out, why := p.Form.Append(b.Scratch[:0], s, &b.Hints)
		if why != "" {
			b.Drop(p.Kind, decision.DropInvalid, p.at(i), why)
			continue
		}
		b.Scratch = out
		if payload.Unsafe(b.Event, string(out)) {
			b.Refused(p.at(i))
			b.Dropped[p.Kind] = decision.DropInvalid
			continue
		}
		b.Found(p.Kind, p.Weight)
		return out, true
	}
	return nil, false
}

// Sufficient is gate 6 for providers that one identifier is enough for.
// contextual are kinds that tell no person by themselves: where only they are
// left, the destination must ask for it (contextual_only).
func (b *Builder) Sufficient(contextual decision.KindSet) {
	strong := b.Present &^ contextual
	switch {
	case b.Present == 0:
		b.Insufficient(decision.IdentifiersNone, payload.Removed(b.Dropped[:], "no identifier is left"))
	case strong == 0 && !b.In.Route.Destination.ContextualOnly:
		b.Insufficient(decision.IdentifiersInsufficient, payload.Removed(b.Dropped[:], "what is left tells no person by itself"))
	}
}
