package boot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// TrialOptions say which test event goes where.
type TrialOptions struct {
	Destination string
	// Mapping of the destination; empty: the one that names the event, or the
	// first that is enabled.
	Mapping string
	// Event is one event as JSON; nil: a made-up one that suits the mapping.
	Event []byte
	provider.TrialOptions
}

// Trial is a test event that is ready to be sent: built by the gates and the
// provider as the router would, and not yet sent.
type Trial struct {
	Destination *resource.Destination // as it is applied
	Mapping     *resource.Mapping
	// Others are mappings of the destination that were not chosen.
	Others []string
	provider.Trial
	EventID, Source string
	Identifiers     []string
	Payload         []byte
	// Notes say where production would behave otherwise.
	Notes []string

	env      *Env
	provider provider.Provider
	endpoint *resource.Endpoint
	group    string
}

// TrialRefused says that a gate keeps the test event here, as it would keep
// one in production.
type TrialRefused struct {
	Reason decision.Reason
	Detail string
	// MadeUp: the event was not the operator's own.
	MadeUp bool

	passed int // gates before this one
}

// Error says which gate, and what to do.
func (e *TrialRefused) Error() string {
	info := e.Reason.Info()
	text := "the test event is not sent: " + info.Code + ": " + strings.TrimSuffix(info.Sentence, ".")
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	fix := info.Fix
	if e.MadeUp && info.Gate != "destination" {
		fix = strings.TrimSpace(fix + " No made-up event passes this mapping: give one of your own with --event FILE.")
	}
	if fix != "" {
		text += "\n  fix: " + fix
	}
	return text
}

// UnknownTrialError is a name that is not applied.
type UnknownTrialError struct {
	Kind, Name string
	Known      []string
}

// Error says what is there, and what may have been meant.
func (e *UnknownTrialError) Error() string {
	text := fmt.Sprintf("no %s is called %s", e.Kind, e.Name)
	if near := document.Nearest(e.Name, e.Known); near != "" {
		return text + "; did you mean " + near + "?"
	}
	if len(e.Known) == 0 {
		return text + ": none is applied"
	}
	return text + "; there are " + strings.Join(e.Known, ", ")
}

// NewTrial builds a test event with what is applied now. Nothing is written or
// sent. What keeps a destination from being used in production, but for being
// inactive, paused or in shadow mode, keeps its test event here too.
func (e *Env) NewTrial(ctx context.Context, o TrialOptions) (*Trial, error) {
	current, _, err := Applier(e).Current(ctx)
	if err != nil {
		return nil, err
	}
	applied, ok := current.Destination(o.Destination)
	if !ok {
		return nil, &UnknownTrialError{Kind: "destination", Name: o.Destination, Known: destinationIDs(current)}
	}
	p, ok := e.Providers()[applied.Provider]
	if !ok {
		return nil, &TrialRefused{Reason: decision.DestinationInvalid, Detail: "unknown provider " + applied.Provider}
	}
	trials, ok := p.(provider.Trials)
	if !ok {
		return nil, fmt.Errorf("preparing a test event: provider %s has no way to try one", applied.Provider)
	}
	how, err := trials.Trial(applied, o.TrialOptions)
	if err != nil {
		return nil, err
	}
	t := &Trial{Destination: applied, Trial: how, env: e, provider: p}
	t.noteState()
	set, _ := resource.Compile(withDestination(current, usable(how.Destination)), e.Resources())
	if t.endpoint, ok = set.Destination(applied.ID); !ok || t.endpoint.Invalid != "" {
		return nil, &TrialRefused{Reason: decision.DestinationInvalid, Detail: t.endpoint.Invalid}
	}
	return t, t.build(ctx, set, o)
}

// noteState says why production would send nothing just now.
func (t *Trial) noteState() {
	d := t.Destination
	for _, s := range []struct {
		is   bool
		says string
	}{
		{!d.Active, "it is not active: production sends nothing to it"},
		{d.Paused, "it is paused: production parks its deliveries"},
		{d.Mode == resource.ModeShadow, "it is in shadow mode: production builds deliveries and sends none"},
	} {
		if s.is {
			t.Notes = append(t.Notes, s.says)
		}
	}
}

// usable is a destination as if it were live, for test traffic: it is tried
// before it is switched on.
func usable(d *resource.Destination) *resource.Destination {
	live := *d
	live.Active, live.Paused, live.Mode = true, false, resource.ModeLive
	live.Traffic = append(slices.Clone(d.Traffic), "live", "test")
	return &live
}

func withDestination(r *resource.Resources, d *resource.Destination) *resource.Resources {
	changed := &resource.Resources{Mappings: r.Mappings, Policies: r.Policies}
	for _, other := range r.Destinations {
		if other.ID == d.ID {
			other = d
		}
		changed.Destinations = append(changed.Destinations, other)
	}
	return changed
}

func destinationIDs(r *resource.Resources) []string {
	var ids []string
	for _, d := range r.Destinations {
		ids = append(ids, d.ID)
	}
	slices.Sort(ids)
	return ids
}

// build finds the mapping and lets the gates decide about an event of it.
func (t *Trial) build(ctx context.Context, set *resource.Set, o TrialOptions) error {
	own, err := t.ownEvent(o.Event)
	if err != nil {
		return err
	}
	route, err := t.route(set, o.Mapping, own)
	if err != nil {
		return err
	}
	t.Mapping = route.Mapping
	view := &trialView{set: set}
	if own != nil {
		if err := t.consentOf(ctx, own, view); err != nil {
			return err
		}
		if refused := t.evaluate(own, route, view); refused != nil {
			return refused
		}
		return nil
	}
	// Which kind of event a mapping's condition and its provider want is not
	// known: the first kind that passes is taken, and else the refusal of the
	// one that came furthest is told.
	var furthest *TrialRefused
	for _, kind := range madeUpKinds {
		e, err := t.madeUp(route, kind)
		if err != nil {
			return err
		}
		refused := t.evaluate(e, route, view)
		if refused == nil {
			return nil
		}
		if refused.MadeUp = true; furthest == nil || refused.passed > furthest.passed {
			furthest = refused
		}
	}
	return furthest
}

// route is the mapping that is asked for, or that suits.
func (t *Trial) route(set *resource.Set, name string, own *event.Event) (*resource.Route, error) {
	var names []string
	var found *resource.Route
	for _, route := range set.Routes() {
		m := route.Mapping
		if m.DestinationID != t.Destination.ID {
			continue
		}
		names = append(names, m.Name)
		suits := m.Enabled && route.Invalid == "" && (own == nil || own.Name == m.SourceEvent)
		if name == m.Name || name == "" && found == nil && suits {
			found = route
		}
	}
	switch {
	case found == nil && name != "":
		return nil, &UnknownTrialError{Kind: "mapping of " + t.Destination.ID, Name: name, Known: names}
	case found == nil && own != nil:
		return nil, &TrialRefused{Reason: decision.MappingNone, Detail: own.Name + " at " + t.Destination.ID}
	case found == nil:
		return nil, &TrialRefused{Reason: decision.MappingNone, Detail: "no mapping sends anything to " + t.Destination.ID}
	case own != nil && own.Name != found.Mapping.SourceEvent:
		return nil, &TrialRefused{Reason: decision.MappingNone, Detail: name + " wants " + found.Mapping.SourceEvent + ", not " + own.Name}
	}
	for _, other := range names {
		if other != found.Mapping.Name {
			t.Others = append(t.Others, other)
		}
	}
	return found, nil
}

// evaluate runs every gate, and keeps what the provider built; nil where all
// pass.
func (t *Trial) evaluate(e *event.Event, route *resource.Route, view gate.View) *TrialRefused {
	prepared := gate.Prepare(e)
	var scratch gate.Scratch
	r := gate.Evaluate(&gate.Case{Prepared: &prepared, Route: route, View: view, Now: t.env.Now().UnixMilli(), LastCall: true}, &scratch)
	if r.Status != decision.Queued {
		return &TrialRefused{Reason: r.Reason, Detail: r.Detail, passed: r.Passed}
	}
	t.Payload, t.group, t.EventID, t.Source = slices.Clone(r.Payload), r.Built.Group, prepared.ID, e.EffectiveSource()
	t.Identifiers = nil
	for _, k := range r.Built.Identifiers.Present {
		t.Identifiers = append(t.Identifiers, k.String())
	}
	return nil
}

// trialView is what the gates see: what is applied, and what the consent topic
// says about the one subject of the event.
type trialView struct {
	set       *resource.Set
	statement *consent.Statement
}

// Resources implements gate.View.
func (v *trialView) Resources() *resource.Set { return v.set }

// Consent implements gate.View.
func (v *trialView) Consent(string, identity.Raw) (consent.Statement, bool) {
	if v.statement == nil {
		return consent.Statement{}, false
	}
	return *v.statement, true
}

// Err implements gate.View: nothing is repeated with it.
func (v *trialView) Err() error { return nil }
