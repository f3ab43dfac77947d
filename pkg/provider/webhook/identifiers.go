package webhook

import (
	"strings"

	"github.com/sluicehq/sluice/pkg/consent"
	"github.com/sluicehq/sluice/pkg/decision"
	"github.com/sluicehq/sluice/pkg/event"
	"github.com/sluicehq/sluice/pkg/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
)

// The weights of the estimated match quality: how surely the receiver finds
// its own person or campaign by this kind. The sum is capped at 10.
const (
	emailWeight, externalWeight, phoneWeight = 4.0, 4.0, 3.0
	clickWeight, browserWeight               = 2.0, 1.0
)

// user appends the hashed identifiers.
func (b *builder) user() {
	start := len(b.dst)
	b.dst = append(jsonappend.Key(b.dst, "user"), '{')
	open := len(b.dst)
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
	var list [maxValues]identity.Hashed
	n := 0
	for _, v := range values {
		if v.IsZero() {
			continue
		}
		var h identity.Hashed
		var ok bool
		b.scratch, h, ok = digest(b.scratch, kind, v, b.dest.phoneCountry)
		switch {
		case !ok:
			b.dropped[kind] = decision.DropInvalid
		case !insert(&list, &n, h):
			b.dropped[kind] = decision.DropLimit
		}
	}
	if n == 0 {
		return
	}
	b.dst = append(jsonappend.Key(b.dst, key), '[')
	for i := range n {
		b.dst = jsonappend.Hex(jsonappend.Comma(b.dst), list[i])
	}
	b.dst = append(b.dst, ']')
	b.found(kind, weight)
}

// insert keeps list sorted; false where it is full. A repeat counts as in.
func insert(list *[maxValues]identity.Hashed, n *int, h identity.Hashed) bool {
	at := 0
	for at < *n && list[at].Compare(h) < 0 && !list[at].SameDigest(h) {
		at++
	}
	if at < *n && list[at].SameDigest(h) {
		return true
	}
	if *n == len(list) {
		return false
	}
	copy(list[at+1:*n+1], list[at:*n])
	list[at] = h
	*n++
	return true
}

// clicks appends click and browser ids, as the browser has them.
func (b *builder) clicks() {
	start := len(b.dst)
	b.dst = append(jsonappend.Key(b.dst, "click"), '{')
	open := len(b.dst)
	c := &b.ev.Click
	for _, id := range [...]struct {
		key string
		raw identity.Raw
	}{{"gclid", c.Gclid}, {"gbraid", c.Gbraid}, {"wbraid", c.Wbraid}, {"dclid", c.Dclid}, {"fbclid", c.Fbclid}, {"fbc", c.Fbc}} {
		b.clickID(identity.Vouch(id.key), decision.KindClickID, id.raw, clickWeight)
	}
	b.clickID(identity.Literal("fbp"), decision.KindBrowserID, c.Fbp, browserWeight)
	b.otherClicks()
	if len(b.dst) > open && c.CapturedAt > 0 {
		b.dst = timestamp(jsonappend.Key(b.dst, "captured_at"), c.CapturedAt)
	}
	b.close(start, open, '}')
}

// otherClicks appends the click ids that have no field of their own.
func (b *builder) otherClicks() {
	start := len(b.dst)
	b.dst = append(jsonappend.Key(b.dst, "other"), '{')
	open := len(b.dst)
	for i := range b.ev.Click.Other {
		if id := &b.ev.Click.Other[i]; plainKey(id.Name) {
			b.clickID(identity.Vouch(id.Name), decision.KindClickID, id.Value, clickWeight)
		} else {
			b.dropped[decision.KindClickID] = decision.DropInvalid
		}
	}
	b.close(start, open, '}')
}

func (b *builder) clickID(key identity.Clean, kind decision.Kind, raw identity.Raw, weight float64) {
	s := identity.Trim(raw.Reveal())
	if s == "" || !b.may(kind, consent.AdStorage) {
		return
	}
	if !clickValue(s) {
		b.dropped[kind] = decision.DropInvalid
		return
	}
	b.dst = jsonappend.String(jsonappend.Name(b.dst, key), identity.Vouch(s))
	b.relies |= consent.AdStorage
	b.found(kind, weight)
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
		b.dropped[kind] = decision.DropNotAllowed
	case !b.in.Usable.Has(purpose):
		b.dropped[kind] = decision.DropConsent
	default:
		return true
	}
	return false
}

func (b *builder) found(kind decision.Kind, weight float64) {
	if !b.present.Has(kind) {
		b.present = b.present.With(kind)
		b.quality += weight
	}
}

// sufficient is gate 6. Every supported kind can be joined by the receiver,
// so one is enough. A conversion without any is a row in a statistic: it
// leaves only where the destination asks for it with contextual_only.
func (b *builder) sufficient() {
	if b.present == 0 && !b.in.Route.Destination.ContextualOnly {
		b.insufficient(decision.IdentifiersNone, "no identifier is left")
	}
}

// ids checks the ids that name the event.
func (b *builder) ids() {
	if b.in.EventIDSource == event.IDExplicit && identity.LookID(b.in.EventID) != identity.NotSuspect {
		b.insufficient(decision.IdentifiersUnsafeID, "event_id")
	}
	if identity.LookID(b.ev.Commerce.TransactionID) != identity.NotSuspect {
		b.insufficient(decision.IdentifiersUnsafeID, "commerce.transaction_id")
	}
}
