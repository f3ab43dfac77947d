package gate_test

import (
	"bytes"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

const (
	now  int64 = 1_795_168_800_000
	hour int64 = 3600_000
)

// stub is a provider whose answer a test decides. Only what the gates call is
// there: anything else would panic.
type stub struct {
	provider.Provider
	built  provider.Built
	inputs []provider.Input
}

func (*stub) Name() string { return "stub" }
func (*stub) Key() string  { return "Purchase" }

func (p *stub) Build(dst []byte, in *provider.Input) provider.Built {
	p.inputs = append(p.inputs, *in)
	b := p.built
	b.Fragment = dst
	if b.IdentifierReason == decision.ReasonNone && b.PreflightReason == decision.ReasonNone {
		b.Fragment = append(dst, `{"id":"`+in.EventID+`"}`...)
	}
	return b
}

// view is resources and consent at one moment.
type view struct {
	set     *resource.Set
	record  consent.Statement
	known   bool
	lookups int
}

func (v *view) Resources() *resource.Set { return v.set }
func (v *view) Err() error               { return nil }
func (v *view) Consent(string, identity.Raw) (consent.Statement, bool) {
	v.lookups++
	return v.record, v.known
}

// world is one event and one mapping that pass every gate, to be spoilt.
type world struct {
	event    event.Event
	provider *stub
	route    *resource.Route
	view     *view
	lastCall bool
	past     bool
}

func newWorld() *world {
	yes := consent.Text("granted")
	p := &stub{built: provider.Built{
		Restrictable: true, ClaimID: "e-1", ProviderID: "e-1", DuplicateReason: decision.DuplicateEventID, ReliesOn: consent.AdUserData,
		NotAfter: now + 24*hour, FutureTolerance: 60_000,
	}}
	return &world{
		provider: p, view: &view{},
		event: event.Event{
			CustomerID: "acme", Name: "order", Time: now - hour, ID: "e-1", SubjectID: identity.NewRaw("s-1"),
			Location: event.Location{Country: "DE"},
			Consent:  consent.Input{AdStorage: yes, AdUserData: yes, AdPersonalization: yes},
			Origin:   event.Coordinates{Topic: "in", Offset: 7, AppendTime: now - hour},
			Commerce: event.Commerce{TransactionID: "t-1"},
		},
		route: &resource.Route{
			Destination: &resource.Destination{
				ID: "d", Customer: "acme", Active: true, Secret: "file:acme-x", Terms: resource.Terms{AcceptedBy: "dpo", AcceptedAt: "2026-01-01"}, Hash: "dh",
			},
			Mapping:  &resource.Mapping{Name: "m", DestinationID: "d", SourceEvent: "order", ProviderEvent: "Purchase", Enabled: true, Hash: "mh"},
			Provider: p, Fingerprint: "account", Target: p, Key: "Purchase",
			Policy: resource.EmbeddedPolicy(), Needs: consent.Needs{Purposes: consent.AdUserData},
		},
	}
}

func (w *world) testCase() *gate.Case {
	prepared := gate.Prepare(&w.event)
	return &gate.Case{Prepared: &prepared, Route: w.route, View: w.view, Now: now, LastCall: w.lastCall, PastDedupWindow: w.past}
}

func (w *world) evaluate() *gate.Result { return gate.Evaluate(w.testCase(), &gate.Scratch{}) }

// denied makes the snapshot deny what the destination needs.
func (w *world) denied() { w.event.Consent.AdUserData = consent.Text("denied") }

func (w *world) silent() { w.event.Consent = consent.Input{} }

// record makes the table say something newer than the event.
func (w *world) record(change func(*consent.Record)) {
	r := consent.Record{UpdatedAt: now - hour/2}
	change(&r)
	w.view.record, w.view.known = consent.NormaliseRecord(r, now), true
}

// program compiles a condition into the route.
func (w *world) program(when string) {
	w.route.Program, _ = resource.CompileProgram(&resource.Mapping{When: when})
}

func recorder() *gate.Recorder {
	return &gate.Recorder{Pseudonym: identity.NewPseudonym("k1", bytes.Repeat([]byte("k"), 32)), AppVersion: "test"}
}
