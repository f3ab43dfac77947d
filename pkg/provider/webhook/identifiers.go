package webhook

import (
	"strings"

	"github.com/sluicehq/sluice/pkg/core/click"
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// The weights of the estimated match quality: how surely the receiver finds
// its own person or campaign by this kind. The sum is capped at 10.
const (
	emailWeight, externalWeight, phoneWeight = 4.0, 4.0, 3.0
	clickWeight, browserWeight               = 2.0, 1.0
)

// user appends the hashed identifiers.
func (b *builder) user() {
	start := len(b.Dst)
	b.Dst = append(jsonappend.Key(b.Dst, "user"), '{')
	open := len(b.Dst)
	id := &b.ev.Identity
	b.hashes("email_sha256", decision.KindEmail, id.Emails, emailWeight)
	b.hashes("phone_sha256", decision.KindPhone, id.Phones, phoneWeight)
	b.hashes("external_id_sha256", decision.KindExternalID, id.ExternalIDs, externalWeight)
	b.close(start, open, '}')
}

// hashes appends an array of digests, sorted and without repeats.
func (b *builder) hashes(key string, kind decision.Kind, values []identity.Raw, weight float64) {
	if len(values) == 0 || !b.may(kind, 0) {
		return
	}
	var list payload.Digests
	own := ""
	if kind == decision.KindPhone {
		own = payload.Country(b.ev.Identity.Country)
	}
	for i, v := range values {
		if v.IsZero() {
			continue
		}
		var why event.NoteCode
		b.Scratch, *list.Next(), why = digest(b.Scratch, kind, v, hints{own, b.dest.phoneCountry, b.in.Route.Destination.Prehashed})
		switch {
		case why != "":
			b.Dropped[kind] = decision.DropInvalid
			b.Notes.Add(event.Entry(listPath(kind), i, ""), why)
		case !list.Take(payload.MaxDigests):
			b.Dropped[kind] = decision.DropLimit
			b.Notes.Add(event.Path(listPath(kind)), event.NoteLimit)
		}
	}
	if list.Len() == 0 {
		return
	}
	b.Dst = list.Append(jsonappend.Key(b.Dst, key))
	b.Found(kind, weight)
}

// listPath is where events have the values of a hashed kind.
func listPath(kind decision.Kind) string {
	switch kind {
	case decision.KindEmail:
		return "identity.emails"
	case decision.KindPhone:
		return "identity.phones"
	default:
		return "identity.external_ids"
	}
}

// clicks appends click and browser ids, without the cookies around them but for
// fbc and fbp, which are ids as a whole.
func (b *builder) clicks() {
	start := len(b.Dst)
	b.Dst = append(jsonappend.Key(b.Dst, "click"), '{')
	open := len(b.Dst)
	for _, kind := range [...]click.Kind{click.Gclid, click.Gbraid, click.Wbraid, click.Dclid, click.Fbclid} {
		b.find(kind)
	}
	b.clickID(identity.Literal("fbc"), decision.KindClickID, "click.fbc", b.ev.Click.Fbc.Reveal(), clickWeight)
	b.clickID(identity.Literal("fbp"), decision.KindBrowserID, "click.fbp", b.ev.Click.Fbp.Reveal(), browserWeight)
	b.otherClicks()
	if len(b.Dst) > open && b.ev.Click.CapturedAt > 0 {
		b.Dst = timestamp(jsonappend.Key(b.Dst, "captured_at"), b.ev.Click.CapturedAt)
	}
	b.close(start, open, '}')
}

// find appends the id of a kind that the event, its page's URL or its referrer
// has, and notes what is none.
func (b *builder) find(kind click.Kind) {
	f := click.Find(b.ev, kind)
	if f.Fault != click.OK && b.may(decision.KindClickID, consent.AdStorage) {
		b.Dropped[decision.KindClickID] = decision.DropInvalid
		b.Notes.Add(event.Path(f.Path), payload.ClickNote(f.Fault))
	}
	if f.Has() {
		b.clickID(identity.Vouch(kind.String()), decision.KindClickID, kind.Path(), f.Value, clickWeight)
	}
}

// otherClicks appends the click ids that have no field of their own, and those of
// the page's URL and its referrer that the event has no member for.
func (b *builder) otherClicks() {
	start := len(b.Dst)
	b.Dst = append(jsonappend.Key(b.Dst, "other"), '{')
	open := len(b.Dst)
	named := 0 // kinds that click.other has
	for i := range b.ev.Click.Other {
		id := &b.ev.Click.Other[i]
		if !plainKey(id.Name) {
			b.Dropped[decision.KindClickID] = decision.DropInvalid
			continue
		}
		var value string
		var fault click.Fault
		if kind, known := click.KindOf(id.Name); known {
			named |= 1 << kind
			var read click.ID
			read, fault = click.Read(kind, id.Value.Reveal())
			value = read.Value
		} else {
			value, fault = click.BrowserID(id.Name, id.Value.Reveal())
		}
		if fault != click.OK && fault != click.Absent {
			b.Dropped[decision.KindClickID] = decision.DropInvalid
			b.Notes.Add(event.Member("click.other", id.Name), payload.ClickNote(fault))
			continue
		}
		b.clickID(identity.Vouch(id.Name), decision.KindClickID, "click.other", value, clickWeight)
	}
	for kind := click.Ttclid; kind < click.KindCount; kind++ {
		if named&(1<<kind) == 0 {
			b.find(kind)
		}
	}
	b.browserIDs()
	b.close(start, open, '}')
}

// browserIDs appends the browser ids that have a field of their own.
func (b *builder) browserIDs() {
	for of := range click.BrowserCount {
		id, path, fault := click.FindBrowser(b.ev, of)
		if path == "click.other" { // stands there already
			continue
		}
		if fault != click.OK && fault != click.Absent {
			b.Dropped[decision.KindBrowserID] = decision.DropInvalid
			b.Notes.Add(event.Path(path), payload.ClickNote(fault))
			continue
		}
		b.clickID(identity.Vouch(of.String()), decision.KindBrowserID, path, id, browserWeight)
	}
}

func (b *builder) clickID(key identity.Clean, kind decision.Kind, path, value string, weight float64) {
	s := identity.Trim(value)
	if s == "" || !b.may(kind, consent.AdStorage) {
		return
	}
	why := event.NoteCode("")
	switch {
	case identity.Placeholder(identity.AnyField, s) || identity.Placeholder(identity.AnyField, s[strings.LastIndexByte(s, '.')+1:]):
		why = event.NotePlaceholder
	case !clickValue(s):
		why = event.NoteInvalid
	}
	if why != "" {
		b.Dropped[kind] = decision.DropInvalid
		b.Notes.Add(event.Path(path), why)
		return
	}
	b.Dst = jsonappend.String(jsonappend.Name(b.Dst, key), identity.Vouch(s))
	b.relies |= consent.AdStorage
	b.Found(kind, weight)
}

// maxClickID is longer than any network's click id.
const maxClickID = 512

// clickValue accepts what networks make click and browser ids of: one word,
// never something that looks like a person's.
func clickValue(s string) bool {
	if len(s) > maxClickID {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7F || c == '"' || c == '\\' || c == '@' || c == '<' || c == '>' {
			return false
		}
	}
	return identity.LookID(s) == identity.NotSuspect
}

// clickParameter reports a query parameter that carries a click id.
func clickParameter(name string) bool {
	switch strings.ToLower(name) {
	case "gclid", "gbraid", "wbraid", "dclid", "fbclid", "ttclid", "msclkid", "twclid", "li_fat_id", "epik", "sccid", "gclsrc":
		return true
	default:
		return false
	}
}

// may notes why an identifier that is there must not be read.
func (b *builder) may(kind decision.Kind, purpose consent.PurposeSet) bool {
	switch {
	case !b.in.Route.Kinds.Has(kind):
		b.Dropped[kind] = decision.DropNotAllowed
	case !b.in.Usable.Has(purpose):
		b.Dropped[kind] = decision.DropConsent
	default:
		return true
	}
	return false
}

// sufficient is gate 6. Every supported kind can be joined by the receiver,
// so one is enough. A conversion without any is a row in a statistic: it
// leaves only where the destination asks for it with contextual_only.
func (b *builder) sufficient() {
	if b.Present == 0 && !b.in.Route.Destination.ContextualOnly {
		b.Insufficient(decision.IdentifiersNone, payload.Removed(b.Dropped[:], "no identifier is left"))
	}
}
