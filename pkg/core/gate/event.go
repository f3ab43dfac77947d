package gate

import (
	"slices"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// eventCheck is what a event gate may see: the whole case, and what the
// recheckable gates before it found.
type eventCheck struct {
	c       *Case
	r       *Result
	scratch *Scratch
	found   *recheck

	fields  []resource.Field
	itemIDs []string
}

// trafficLive is gate 2: only live traffic passes, unless the destination
// names others.
func trafficLive(k *eventCheck) outcome {
	traffic := k.c.Event.EffectiveTraffic()
	allowed := false
	if d := k.c.Route.Destination; d != nil && len(d.Traffic) > 0 {
		allowed = slices.Contains(d.Traffic, traffic)
	} else {
		allowed = traffic == "live"
	}
	if !allowed {
		return fail(decision.EventNotLive, "")
	}
	return pass()
}

// conditionHolds is gate 2: the mapping's condition, and the computed fields
// with it, because a field that cannot be computed is the mapping's error too.
func conditionHolds(k *eventCheck) outcome {
	p := k.c.Route.Program
	if p == nil {
		return pass()
	}
	holds, err := p.When(k.c.Event)
	if err != nil {
		return fail(decision.MappingError, err.Error())
	}
	if !holds {
		return fail(decision.MappingCondition, "")
	}
	if k.fields, err = p.Fields(k.scratch.fields[:0], k.c.Event); err != nil {
		return fail(decision.MappingError, err.Error())
	}
	if k.itemIDs, err = p.ItemIDs(k.scratch.itemIDs[:0], k.c.Event); err != nil {
		return fail(decision.MappingError, err.Error())
	}
	k.scratch.fields, k.scratch.itemIDs = k.fields, k.itemIDs
	return pass()
}

// identifiersRemain is gate 6. The provider builds the payload here, once;
// pre-flight reads its other half.
func identifiersRemain(k *eventCheck) outcome {
	route, verdict, facts := k.c.Route, &k.found.verdict, &k.r.Facts
	b, ok := route.Target.(provider.Target)
	if !ok {
		return fail(decision.DestinationInvalid, "its provider builds no payloads")
	}
	facts.Restricted, facts.Cause = k.found.restrict != decision.ReasonNone, k.found.restrict
	start := len(k.scratch.Payload)
	in := &k.scratch.now.input
	*in = provider.Input{
		Event: k.c.Event, Route: route,
		EventID: k.c.ID, EventIDSource: k.c.IDSource,
		Fields: k.fields, ItemIDs: k.itemIDs,
		Usable: verdict.Usable, Said: verdict.Said,
		Regime: verdict.Basis.Regime, Place: k.c.Place,
		Cause: facts.Cause, Restricted: facts.Restricted,
		Sensitive: facts.Needs.Sensitive,
		Now:       k.c.Now, Scratch: &k.scratch.Provider,
	}
	built := b.Build(k.scratch.Payload, in)
	k.r.Built = built
	facts.ReliesOn = built.ReliesOn
	facts.NotAfter, facts.FutureTolerance, facts.DedupUntil = built.NotAfter, built.FutureTolerance, built.DedupUntil
	facts.AgedSince = built.AgedSince
	if facts.Restricted && !built.Restrictable {
		// Nothing was reduced: the decision is the one without a choice.
		cause := facts.Cause
		facts.Restricted, facts.Cause = false, decision.ReasonNone
		return fail(cause, "the provider has no reduced form here")
	}
	if built.IdentifierReason != decision.ReasonNone {
		return fail(built.IdentifierReason, built.Detail)
	}
	k.scratch.Payload = built.Fragment
	k.r.Payload = built.Fragment[start:len(built.Fragment):len(built.Fragment)]
	return pass()
}

// preflightPasses is gate 7 but for age.
func preflightPasses(k *eventCheck) outcome {
	if b := &k.r.Built; b.PreflightReason != decision.ReasonNone {
		return fail(b.PreflightReason, b.Detail)
	}
	return pass()
}
