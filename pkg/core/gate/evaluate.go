package gate

import (
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Evaluate runs every gate for c and says what is to become of it. It is pure
// but for scratch, which holds the result until the next call, and the payload
// of a case that passes until it is reset.
func Evaluate(c *Case, scratch *Scratch) *Result {
	e := &scratch.now
	e.result = Result{}
	e.result.Facts = factsOf(c)
	e.recheck = recheck{facts: &e.result.Facts, view: c.View, now: c.Now, route: c.Route, lastCall: c.LastCall}
	e.event = eventCheck{c: c, r: &e.result, scratch: scratch, found: &e.recheck}
	start := len(scratch.Payload)
	o := e.run()
	r := &e.result
	r.Consent = e.recheck.verdict
	switch {
	case o.failed():
		// A payload that a later gate rejects is dropped again.
		scratch.Payload, r.Payload = scratch.Payload[:start], nil
		r.Reason, r.Detail, r.Status = o.reason, o.detail, o.status
		if r.Status == decision.StatusNone {
			r.Status = o.reason.Info().Status
		}
	case c.Route.Destination.Mode == resource.ModeShadow:
		r.Status, r.Reason = decision.Shadowed, decision.Eligible
	default:
		r.Status, r.Reason = decision.Queued, decision.Eligible
	}
	return r
}

// run asks one gate after the other until one fails.
func (e *evaluation) run() outcome {
	for i := range table {
		var o outcome
		if g := &table[i]; g.recheckable != nil {
			o = g.recheckable(&e.recheck)
		} else {
			o = g.event(&e.event)
		}
		if o.failed() {
			return o
		}
		e.result.Passed++
	}
	return pass()
}

func factsOf(c *Case) decision.Facts {
	return decision.Facts{
		Customer: c.Event.CustomerID, Subject: c.Event.SubjectID,
		DestinationID: c.Route.Mapping.DestinationID, Mapping: c.Route.Mapping.Name,
		Account: c.Route.Fingerprint, EventTime: c.Event.Time, StoredAt: c.Event.Origin.AppendTime,
		Place: c.Place, Snapshot: c.Snapshot, Needs: c.Route.Needs,
		PastDedupWindow: c.PastDedupWindow,
	}
}

// Rechecked is what the recheckable gates say about a delivery before an attempt.
type Rechecked struct {
	// Status is StatusNone where the delivery may go, Revoked or Expired where
	// it ends, Parked where it waits for its destination.
	Status decision.Status
	Reason decision.Reason
	Detail string
	Route  *resource.Route
}

// OK reports whether the delivery may go now.
func (v Rechecked) OK() bool { return v.Status == decision.StatusNone }

// Recheck runs the recheckable gates for one delivery with today's tables, right
// before an attempt: what the router decided is never taken for granted.
func Recheck(f *decision.Facts, view View, now int64) Rechecked {
	return NewGuard(view, now).Recheck(f)
}

// Guard runs the recheckable gates for many deliveries with one view, at one
// moment, in the same memory. It belongs to one goroutine.
type Guard struct {
	view  View
	now   int64
	facts decision.Facts
	one   recheck
}

// NewGuard makes a Guard for a view at a time in epoch milliseconds.
func NewGuard(view View, now int64) *Guard { return &Guard{view: view, now: now} }

// Recheck is [Recheck] with the guard's view and time.
func (g *Guard) Recheck(f *decision.Facts) Rechecked {
	route, _ := g.view.Resources().Route(f.DestinationID, f.Mapping)
	s := &g.one
	*s = recheck{facts: f, view: g.view, now: g.now, route: route, lastCall: true}
	if route != nil {
		// Needs are today's too: a purpose that the owner requires since then
		// counts.
		needs := f.Needs
		needs.Purposes |= route.Needs.Purposes
		needs.Sensitive = needs.Sensitive || route.Needs.Sensitive
		if needs != f.Needs {
			g.facts = *f
			g.facts.Needs, s.facts = needs, &g.facts
		}
	}
	for i := range table {
		if table[i].recheckable == nil {
			continue
		}
		if o := table[i].recheckable(s); o.failed() {
			return later(o, route)
		}
	}
	return reliance(s, f)
}

// reliance is the sender's last row: what the bytes depend on must still hold,
// and the destination must still be the one that they were built for. Bytes
// that were built before it was marked sensitive say more than they may now.
func reliance(s *recheck, f *decision.Facts) Rechecked {
	d := s.route.Destination
	switch {
	case d.Customer != f.Customer:
		return Rechecked{Status: decision.Revoked, Reason: decision.DestinationChanged, Detail: "another customer", Route: s.route}
	case s.route.Fingerprint != f.Account:
		return Rechecked{Status: decision.Revoked, Reason: decision.DestinationChanged, Detail: "another account", Route: s.route}
	case d.Mode == resource.ModeShadow:
		return Rechecked{Status: decision.Revoked, Reason: decision.DestinationChanged, Detail: "shadow mode", Route: s.route}
	case s.facts.Needs.Sensitive && !f.Needs.Sensitive:
		return Rechecked{Status: decision.Revoked, Reason: decision.DestinationChanged, Detail: "marked sensitive since", Route: s.route}
	case s.restrict != decision.ReasonNone && !f.Restricted:
		return Rechecked{Status: decision.Revoked, Reason: decision.ConsentRevoked, Detail: s.restrict.String(), Route: s.route}
	}
	if gone := s.judge().Revoked(f.ReliesOn); gone != 0 {
		return Rechecked{Status: decision.Revoked, Reason: decision.ConsentRevoked, Detail: gone.String(), Route: s.route}
	}
	if d.Paused {
		return Rechecked{Status: decision.Parked, Reason: decision.DestinationPaused, Route: s.route}
	}
	return Rechecked{Route: s.route}
}

// later translates a router's reason to the sender's: the gates are the same,
// what a failure means after the queue is not.
func later(o outcome, route *resource.Route) Rechecked {
	v := Rechecked{Status: decision.Revoked, Reason: o.reason, Detail: o.detail, Route: route}
	switch o.reason {
	case decision.ProviderTooOld, decision.ProviderDedupWindowPassed:
		v.Status = decision.Expired
	case decision.ProviderInFuture:
		// The clock went back since the router looked; the attempt waits.
		v.Status = decision.Parked
	case decision.DestinationInvalid, decision.DestinationTermsNotAccepted:
		v.Status = decision.Parked
	case decision.DestinationNoCredentials:
		v.Status, v.Reason = decision.Parked, decision.CredentialsMissing
	case decision.MappingNone, decision.MappingDisabled, decision.DestinationInactive, decision.ConsentErased:
	default:
		v.Reason, v.Detail = decision.ConsentRevoked, o.reason.String()
	}
	return v
}

// ClaimOf tells which claim an earlier reading of this very case may have
// taken, whatever today's gates say about it; false where it can have none.
// The payload that the provider builds on the way is thrown away.
func ClaimOf(c *Case, scratch *Scratch) (provider.Built, bool) {
	if c.Route.Provider == nil || c.Route.Invalid != "" {
		return provider.Built{}, false
	}
	b, ok := c.Route.Target.(provider.Target)
	if !ok {
		return provider.Built{}, false
	}
	scratch.now.input = provider.Input{
		Event: c.Event, Route: c.Route, EventID: c.ID, EventIDSource: c.IDSource,
		Place: c.Place, Now: c.Now, Scratch: &scratch.Provider,
	}
	built := b.Build(scratch.Payload, &scratch.now.input)
	scratch.now.input = provider.Input{}
	return built, built.ClaimID != ""
}

// AlsoClaimID is the transaction id that makes the second claim of a case at a
// destination with dedup.also_by; "" where the destination has none, the event
// no transaction, or the claim itself is made of it. An adjustment has none:
// several belong to one transaction by their nature.
func AlsoClaimID(c *Case, b *provider.Built) string {
	id := c.Event.Commerce.TransactionID
	if identity.Placeholder(identity.AnyField, id) {
		return ""
	}
	already := b.ClaimID == id && b.DuplicateReason == decision.DuplicateTransaction
	if !c.Route.Destination.Dedup.AlsoByTransaction || b.Adjust || already {
		return ""
	}
	return id
}
