// Package conversion is what the conversion APIs of several providers share: one
// builder that reads identifiers, click ids, money, pages and carts of an event
// by the provider's declared forms, judges everything that leaves, and says what
// was left out and why. A provider embeds it and writes its own JSON.
package conversion

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/normal"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// Builder is the state of one Build. It lives on the stack, embedded in the
// provider's own: nothing may keep a pointer to it.
type Builder struct {
	payload.Writer
	payload.Findings
	// In is the input, Event its event.
	In    *provider.Input
	Event *event.Event
	// Hints are what normalisers know besides the value.
	Hints normal.Hints
	// Value and Currency are what Money has settled; Currency is an ISO 4217 code
	// or empty.
	Value    event.Opt[float64]
	Currency string
	// Relies are the purposes beyond ad_user_data that the bytes depend on.
	Relies consent.PurposeSet

	digests payload.Digests
	before  int
	noItems bool
}

// Options are what a provider's account and mapping say for every event.
type Options struct {
	// PhoneCountry is the destination's default, see provider.Findings.Defaults.
	PhoneCountry string
	// URLs is how URLs are cut. Click parameters in it stay only where ad_storage
	// and the destination allow click ids.
	URLs identity.URLPolicy
	// NoItems: the provider takes no prices of items, so that the value alone needs
	// a currency.
	NoItems bool
}

// Begin starts a fragment behind dst.
func (b *Builder) Begin(dst []byte, in *provider.Input, o Options) {
	b.In, b.Event = in, in.Event
	b.Dst, b.before, b.noItems = dst, len(dst), o.NoItems
	if in.Scratch != nil {
		b.Scratch = in.Scratch.Buf[:0]
	}
	b.Hints = normal.Hints{PhoneCountry: o.PhoneCountry, Prehashed: in.Route.Destination.Prehashed, Now: in.Now}
	if in.Route.Kinds.Has(decision.KindAddress) || in.Route.Kinds.Has(decision.KindPhone) {
		b.Hints.Country = payload.Country(b.Event.Identity.Country)
	}
	b.URLs = o.URLs
	if !in.Usable.Has(consent.AdStorage) || !in.Route.Kinds.Has(decision.KindClickID) {
		b.URLs.ClickIDs = nil
	}
	if in.Sensitive {
		b.URLs.Mode = identity.URLOrigin
	}
	b.CheckIDs(in)
}

// End fills the answer. An event that is refused leaves no bytes.
func (b *Builder) End(built *provider.Built) {
	b.Finish(built, &b.Writer, b.before)
	built.Value, built.Currency = b.Value, b.Currency
	built.ReliesOn = (b.Relies | consent.AdUserData) & b.In.Usable
	if !b.In.Restricted {
		built.ReliesOn |= consent.AdUserData
	}
	if b.In.Scratch != nil {
		b.In.Scratch.Buf = b.Scratch[:0]
	}
}

// Base is the answer that most providers begin with: an event counts once by its
// event id, and is of use for maxAgeMS after its time, less a margin for the way.
func Base(dst []byte, in *provider.Input, maxAgeMS, futureMS int64) provider.Built {
	return provider.Built{
		Fragment:        dst,
		Restrictable:    true,
		ProviderID:      in.EventID,
		ClaimID:         in.EventID,
		DuplicateReason: decision.DuplicateEventID,
		TransactionID:   payload.TransactionID(in.Event),
		NotAfter:        in.Event.Time + maxAgeMS,
		FutureTolerance: futureMS,
		DedupRisk:       in.EventIDSource == event.IDDerived,
	}
}

// Object begins a member that is an object; Close ends it, and takes it back where
// nothing stands in it.
func (b *Builder) Object(key string) Open { return b.open(key, '{') }

// Array begins a member that is a list, which Close ends as it does an object.
func (b *Builder) Array(key string) Open { return b.open(key, '[') }

func (b *Builder) open(key string, bracket byte) Open {
	o := Open{start: len(b.Dst), bracket: bracket}
	b.Dst = append(jsonappend.Key(b.Dst, key), bracket)
	o.inside = len(b.Dst)
	return o
}

// Open is an object or list that is being written.
type Open struct {
	start, inside int
	bracket       byte
}

// Close ends what Object or Array began; false where nothing stood in it and it
// was taken back.
func (b *Builder) Close(o Open) bool {
	if len(b.Dst) == o.inside {
		b.Dst = b.Dst[:o.start]
		return false
	}
	b.Dst = append(b.Dst, o.bracket+2) // [ and ], { and } are two apart in ASCII
	return true
}

// May reports whether an identifier that is there may be read, and notes why not.
func (b *Builder) May(kind decision.Kind, purposes consent.PurposeSet) bool {
	switch {
	case !b.In.Route.Kinds.Has(kind):
		b.Dropped[kind] = decision.DropNotAllowed
	case !b.In.Usable.Has(purposes):
		b.Dropped[kind] = decision.DropConsent
	default:
		return true
	}
	return false
}

// Drop notes that an identifier was there and is left out, and about which member
// what.
func (b *Builder) Drop(kind decision.Kind, why decision.DropReason, at event.At, note event.NoteCode) {
	b.Dropped[kind] = why
	b.Notes.Add(at, note)
}
