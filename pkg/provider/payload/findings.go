package payload

import (
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
)

// maxQuality is the best match quality that is estimated.
const maxQuality = 10

// Findings collect what a Build has to report beside its bytes. Of several
// reasons, the one that comes first in the order of the gates is reported.
type Findings struct {
	Present decision.KindSet
	Dropped [decision.KindCount]decision.DropReason
	Quality float64
	Warned  int32

	identifiers, preflight      decision.Reason
	identifierWhy, preflightWhy string
}

// Refuse notes why the event must not leave as it is.
func (f *Findings) Refuse(r decision.Reason, detail string) {
	if f.preflight == decision.ReasonNone || r < f.preflight {
		f.preflight, f.preflightWhy = r, detail
	}
}

// Insufficient notes why the identifiers do not do.
func (f *Findings) Insufficient(r decision.Reason, detail string) {
	if f.identifiers == decision.ReasonNone || r < f.identifiers {
		f.identifiers, f.identifierWhy = r, detail
	}
}

// CheckIDs looks at the ids that name the event: they leave as they are. One that
// is the event's own phone number without its signs is personal data too.
func (f *Findings) CheckIDs(in *provider.Input) {
	e := in.Event
	if in.EventIDSource == event.IDExplicit && Unsafe(e, in.EventID) {
		f.Insufficient(decision.IdentifiersUnsafeID, "event_id")
	}
	if Unsafe(e, e.Commerce.TransactionID) {
		f.Insufficient(decision.IdentifiersUnsafeID, "commerce.transaction_id")
	}
}

// Unsafe reports that an id of e looks like personal data, or is one of its phone
// numbers.
func Unsafe(e *event.Event, id string) bool {
	if identity.LookID(id) != identity.NotSuspect {
		return true
	}
	for _, phone := range e.Identity.Phones {
		if identity.SameNumber(id, phone.Reveal()) {
			return true
		}
	}
	return false
}

// TransactionID is the event's transaction id, empty where it stands for no
// value: folding all orders of a broken page into one loses them.
func TransactionID(e *event.Event) string {
	if id := e.Commerce.TransactionID; id == "" || !identity.Placeholder(identity.AnyField, id) {
		return id
	}
	return ""
}

// Found notes that an identifier of this kind is in the payload, and what it
// adds to the estimated match quality the first time.
func (f *Findings) Found(kind decision.Kind, weight float64) {
	if !f.Present.Has(kind) {
		f.Present = f.Present.With(kind)
		f.Quality += weight
	}
}

// Finish fills the answer from the findings and what was written behind before
// bytes that stood there already. An event that is refused leaves no bytes.
func (f *Findings) Finish(built *provider.Built, w *Writer, before int) {
	built.IdentifierReason, built.PreflightReason = f.identifiers, f.preflight
	built.Identifiers = f.status(w)
	switch {
	case f.identifiers != decision.ReasonNone:
		built.Detail = f.identifierWhy
	case f.preflight != decision.ReasonNone:
		built.Detail = f.preflightWhy
	default:
		built.Fragment = w.Dst
		return
	}
	built.Fragment = w.Dst[:before]
}

// status reports the identifiers: the only lists that Build allocates.
func (f *Findings) status(w *Writer) decision.IdentifierStatus {
	s := decision.IdentifierStatus{UnsafeDropped: w.Unsafe, Warnings: f.Warned, MatchQuality: min(f.Quality, maxQuality), Notes: w.Notes}
	s.Present = f.Present.List()
	n := 0
	for k := range f.Dropped {
		if f.Dropped[k] != "" {
			n++
		}
	}
	if n > 0 {
		s.Dropped = make([]decision.Dropped, 0, n)
		for k, why := range f.Dropped {
			if why != "" {
				s.Dropped = append(s.Dropped, decision.Dropped{Kind: decision.Kind(k), Reason: why})
			}
		}
	}
	return s
}
