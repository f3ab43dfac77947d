package webhook

import (
	"strings"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
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
	for _, v := range values {
		if v.IsZero() {
			continue
		}
		var ok bool
		b.Scratch, *list.Next(), ok = digest(b.Scratch, kind, v, b.dest.phoneCountry)
		switch {
		case !ok:
			b.Dropped[kind] = decision.DropInvalid
		case !list.Take(payload.MaxDigests):
			b.Dropped[kind] = decision.DropLimit
		}
	}
	if list.Len() == 0 {
		return
	}
	b.Dst = list.Append(jsonappend.Key(b.Dst, key))
	b.Found(kind, weight)
}

// clicks appends click and browser ids, as the browser has them.
func (b *builder) clicks() {
	start := len(b.Dst)
	b.Dst = append(jsonappend.Key(b.Dst, "click"), '{')
	open := len(b.Dst)
	c := &b.ev.Click
	for _, id := range [...]struct {
		key string
		raw identity.Raw
	}{{"gclid", c.Gclid}, {"gbraid", c.Gbraid}, {"wbraid", c.Wbraid}, {"dclid", c.Dclid}, {"fbclid", c.Fbclid}, {"fbc", c.Fbc}} {
		b.clickID(identity.Vouch(id.key), decision.KindClickID, id.raw, clickWeight)
	}
	b.clickID(identity.Literal("fbp"), decision.KindBrowserID, c.Fbp, browserWeight)
	b.otherClicks()
	if len(b.Dst) > open && c.CapturedAt > 0 {
		b.Dst = timestamp(jsonappend.Key(b.Dst, "captured_at"), c.CapturedAt)
	}
	b.close(start, open, '}')
}

// otherClicks appends the click ids that have no field of their own.
func (b *builder) otherClicks() {
	start := len(b.Dst)
	b.Dst = append(jsonappend.Key(b.Dst, "other"), '{')
	open := len(b.Dst)
	for i := range b.ev.Click.Other {
		if id := &b.ev.Click.Other[i]; plainKey(id.Name) {
			b.clickID(identity.Vouch(id.Name), decision.KindClickID, id.Value, clickWeight)
		} else {
			b.Dropped[decision.KindClickID] = decision.DropInvalid
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
		b.Dropped[kind] = decision.DropInvalid
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
		b.Insufficient(decision.IdentifiersNone, "no identifier is left")
	}
}
