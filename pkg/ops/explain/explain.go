// Package explain runs events through the gates with given resources: gate by
// gate, payload included. It opens no connection and sends nothing.
package explain

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
)

// Config of an explanation.
type Config struct {
	Set *resource.Set
	// Consents are the records of the consent table.
	Consents map[Subject]consent.Statement
	// Line reads an event as the input's format has it in text.
	Line func(dst *event.Event, line []byte) error
	// Now is the clock, epoch milliseconds.
	Now int64
}

// Subject is a key of the consent table.
type Subject struct{ Customer, Subject string }

// Explainer explains one run's events; duplicates are found within it.
type Explainer struct {
	cfg      Config
	scratch  gate.Scratch
	event    event.Event
	recorder gate.Recorder
	claimed  map[string]int // claim to line
}

// New makes an explainer.
func New(cfg Config) *Explainer {
	return &Explainer{
		cfg: cfg, claimed: make(map[string]int),
		// The key matters only for joining diagnostics, of which none leave.
		recorder: gate.Recorder{Pseudonym: identity.NewPseudonym("explain", []byte("explain"))},
	}
}

// Resources implements gate.View.
func (x *Explainer) Resources() *resource.Set { return x.cfg.Set }

// Consent implements gate.View.
func (x *Explainer) Consent(customer string, subject identity.Raw) (consent.Statement, bool) {
	s, ok := x.cfg.Consents[Subject{customer, subject.Reveal()}]
	return s, ok
}

// Err implements gate.View: files do not go stale.
func (x *Explainer) Err() error { return nil }

// Line explains one line.
func (x *Explainer) Line(n int, text []byte) []Line {
	x.scratch.Reset()
	// All of the line, also where no mapping names it: a file is explained
	// line by line, and a broken line is no event whatever its name.
	if err := x.cfg.Line(&x.event, text); err != nil {
		return []Line{undecodable(n, err)}
	}
	routes := x.cfg.Set.Match(x.event.CustomerID, x.event.Name)
	x.event.Origin = event.Coordinates{Topic: "input", Offset: int64(n), AppendTime: x.cfg.Now}
	prepared := gate.Prepare(&x.event)
	if len(routes) == 0 {
		d := x.recorder.Unmapped(&prepared, decision.MappingNone, "", x.cfg.Now)
		return []Line{{
			Line: n, SourceEvent: d.SourceEvent, EventID: d.EventID, Status: d.Status.String(), Reason: d.Reason.String(), Message: d.Message, Notes: notesOf(&d),
			Gates: []Gate{{Gate: "capture", OK: true, Detail: "the event decodes"}, {Gate: "mapping", Detail: "no mapping of " + d.CustomerID + " names " + d.SourceEvent}},
		}}
	}
	out := make([]Line, 0, len(routes))
	for _, route := range routes {
		out = append(out, x.decide(n, &gate.Case{Prepared: &prepared, Route: route, View: x, Now: x.cfg.Now}))
	}
	return out
}

func undecodable(n int, err error) Line {
	reason, detail := decision.EventUndecodable, err.Error()
	var bad *codec.DecodeError
	if errors.As(err, &bad) {
		reason, detail = bad.Reason, bad.Detail
	}
	info := reason.Info()
	return Line{
		Line: n, Status: info.Status.String(), Reason: info.Code, Message: info.Sentence + " (" + detail + ")",
		Gates: []Gate{{Gate: "capture", Detail: detail}},
	}
}

// decide explains one mapping.
func (x *Explainer) decide(n int, c *gate.Case) Line {
	r := gate.Evaluate(c, &x.scratch)
	gates := gatesOf(c, r)
	duplicateOf := ""
	if r.Reason == decision.Eligible {
		gates, duplicateOf = x.claim(n, c, r, gates)
	}
	d := x.recorder.Decision(c, r, decision.StageRouter, "")
	line := Line{
		Line: n, SourceEvent: d.SourceEvent, EventID: d.EventID, DestinationID: d.DestinationID, Mapping: d.Mapping, Provider: d.Provider,
		Status: d.Status.String(), Reason: d.Reason.String(), Message: d.Message, DuplicateOf: duplicateOf, Gates: gates,
		Notes: notesOf(&d),
	}
	if reached(r, "choice") {
		line.Consent = consentOf(&d, r)
	}
	if reached(r, "identifiers") {
		line.Identifiers = identifiersOf(&d)
	}
	if r.Status == decision.Queued || r.Status == decision.Shadowed {
		line.Payload = bytes.Clone(r.Payload)
	}
	return line
}

// claim finds duplicates within the run as the router would.
func (x *Explainer) claim(n int, c *gate.Case, r *gate.Result, gates []Gate) ([]Gate, string) {
	key := func(kind, id string) string {
		return fmt.Sprintf("%s\x00%s\x00%s\x00%s\x00%s\x00%d", kind, c.Event.CustomerID, c.Route.Mapping.DestinationID, c.Route.Key, id, c.Route.Destination.Mode)
	}
	own, also := key("own", r.Built.ClaimID), key("transaction", gate.AlsoClaimID(c, &r.Built))
	first, taken := x.claimed[own]
	reason := r.Built.DuplicateReason
	if !taken && gate.AlsoClaimID(c, &r.Built) != "" {
		first, taken = x.claimed[also]
		reason = decision.DuplicateTransaction
		if !taken {
			x.claimed[also] = n
		}
	}
	if !taken {
		x.claimed[own] = n
		return append(gates, Gate{Gate: "duplicate", OK: true, Detail: "the first with this id in this run"}), ""
	}
	r.Status, r.Reason = decision.Duplicate, reason
	return append(gates, Gate{Gate: "duplicate", Detail: fmt.Sprintf("line %d was first", first)}), fmt.Sprintf("line %d", first)
}
