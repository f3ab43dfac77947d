package linkedin

import (
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
)

var (
	firstNames, lastNames   = conversion.FirstName(clearText, nameWeight), conversion.LastName(clearText, nameWeight)
	hashedFirst, hashedLast = conversion.FirstName(hashedName, nameWeight), conversion.LastName(hashedName, nameWeight)
	countries               = conversion.Country(countryCode, addressWeight)
)

// userInfo appends the names, both or none, and what stands beside them. In clear
// nothing of it leaves for a sensitive destination.
func (b *builder) userInfo() {
	l := &b.account.leave
	if !l.hashedName && (!l.name || b.In.Sensitive) {
		return
	}
	present, quality := b.Present, b.Quality
	before := len(b.Dst)
	info := b.Object("userInfo")
	var first, last bool
	if l.hashedName {
		first, last = b.Hash("hashedFirstName", &hashedFirst), b.Hash("hashedLastName", &hashedLast)
	} else {
		first, last = b.Clear("firstName", &firstNames), b.Clear("lastName", &lastNames)
	}
	if !first || !last {
		b.Dst, b.Present, b.Quality = b.Dst[:before], present, quality
		if (first || last) && b.Dropped[decision.KindName] == "" {
			b.Dropped[decision.KindName] = decision.DropIncomplete
		}
		return
	}
	if !b.In.Sensitive {
		if l.title {
			b.field("title", "title")
		}
		if l.company {
			b.field("companyName", "company_name")
		}
		if l.country {
			b.Clear("countryCode", &countries)
		}
	}
	b.Close(info)
}

// field appends a computed field as text.
func (b *builder) field(key, name string) {
	f, ok := b.In.Field(name)
	if !ok || f.Value.Kind != event.String {
		return
	}
	at, s := event.Member("fields", name), identity.Trim(f.Value.Str)
	if identity.Placeholder(identity.AnyField, s) || !oneLine(s) {
		b.Notes.Add(at, event.NoteInvalid)
		return
	}
	if clean, ok := b.Clean(at, s); ok {
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, key), clean)
	}
}
