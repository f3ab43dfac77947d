// Package explain runs events through the gates with given resources: gate by
// gate, payload included. It opens no connection and sends nothing.
package explain

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/sluicehq/sluice/pkg/codec"
	"github.com/sluicehq/sluice/pkg/consent"
	"github.com/sluicehq/sluice/pkg/decision"
	"github.com/sluicehq/sluice/pkg/event"
	"github.com/sluicehq/sluice/pkg/gate"
	"github.com/sluicehq/sluice/pkg/identity"
	"github.com/sluicehq/sluice/pkg/resource"
)

// Line is one answer: one (event, mapping) pair, or one event that no mapping
// names. Its JSON form is a public contract.
type Line struct {
	Line          int             `json:"line"`
	EventID       string          `json:"event_id,omitempty"`
	DestinationID string          `json:"destination_id,omitempty"`
	Mapping       string          `json:"mapping,omitempty"`
	Provider      string          `json:"provider,omitempty"`
	Status        string          `json:"status"`
	Reason        string          `json:"reason"`
	Message       string          `json:"message"`
	DuplicateOf   string          `json:"duplicate_of,omitempty"`
	Gates         []Gate          `json:"gates"`
	Consent       *Consent        `json:"consent,omitempty"`
	Identifiers   *Identifiers    `json:"identifiers,omitempty"`
	Payload       json.RawMessage `json:"payload,omitempty"`
}

// Gate is what one gate said.
type Gate struct {
	Gate   string `json:"gate"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// Consent is the basis of a decision.
type Consent struct {
	Basis         string            `json:"basis"`
	Regime        string            `json:"regime"`
	Jurisdiction  string            `json:"jurisdiction"`
	Policy        string            `json:"policy"`
	PolicyVersion string            `json:"policy_version"`
	Purposes      map[string]string `json:"purposes"`
	Restricted    bool              `json:"restricted"`
	Cause         string            `json:"cause,omitempty"`
}

// Identifiers is what the event has for the destination.
type Identifiers struct {
	Present       []string  `json:"present"`
	Dropped       []Dropped `json:"dropped"`
	UnsafeDropped int32     `json:"unsafe_dropped,omitempty"`
	MatchQuality  float64   `json:"match_quality"`
}

// Dropped is one identifier that was left out.
type Dropped struct {
	Kind   string `json:"kind"`
	Reason string `json:"reason"`
}

// Config of an explanation.
type Config struct {
	Set *resource.Set
	// Consents are the records of the consent table.
	Consents map[Subject]consent.Statement
	// Now is the clock, epoch milliseconds.
	Now int64
	// AppVersion is shown by nothing here; decisions need it.
	AppVersion string
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
		recorder: gate.Recorder{Pseudonym: identity.NewPseudonym("explain", []byte("explain")), AppVersion: cfg.AppVersion},
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

// maxLine is how long a line may be: an event of the largest size and more, so
// that a larger one is explained as too large and not cut.
const maxLine = 16 << 20

// Each explains every line of in and calls yield for each answer.
func (x *Explainer) Each(in io.Reader, yield func(*Line) error) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 1<<20), maxLine)
	n := 0
	for lines.Scan() {
		n++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		for _, answer := range x.Line(n, lines.Bytes()) {
			if err := yield(&answer); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading line %d of the events: %w", n+1, err)
	}
	return nil
}

// Line explains one line.
func (x *Explainer) Line(n int, text []byte) []Line {
	x.scratch.Reset()
	if err := codec.DecodeEventJSON(&x.event, text); err != nil {
		return []Line{undecodable(n, err)}
	}
	x.event.Origin = event.Coordinates{Topic: "input", Offset: int64(n), AppendTime: x.cfg.Now}
	prepared := gate.Prepare(&x.event)
	routes := x.cfg.Set.Match(x.event.CustomerID, x.event.Name)
	if len(routes) == 0 {
		d := x.recorder.Unmapped(&prepared, decision.MappingNone, "", x.cfg.Now)
		return []Line{{
			Line: n, EventID: d.EventID, Status: d.Status.String(), Reason: d.Reason.String(), Message: d.Message,
			Gates: []Gate{{Gate: "capture", OK: true}, {Gate: "mapping", Detail: "no mapping names " + x.event.Name}},
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
	gates := gatesOf(&r)
	duplicateOf := ""
	if r.Reason == decision.Eligible {
		gates, duplicateOf = x.claim(n, c, &r, gates)
	}
	d := x.recorder.Decision(c, &r, decision.StageRouter, "")
	line := Line{
		Line: n, EventID: d.EventID, DestinationID: d.DestinationID, Mapping: d.Mapping, Provider: d.Provider,
		Status: d.Status.String(), Reason: d.Reason.String(), Message: d.Message, DuplicateOf: duplicateOf, Gates: gates,
	}
	if reached(&r, "choice") {
		line.Consent = consentOf(&d, &r)
	}
	if reached(&r, "identifiers") {
		line.Identifiers = identifiersOf(&d)
	}
	if r.Status == decision.Queued || r.Status == decision.Shadowed {
		line.Payload = bytes.Clone(r.Payload)
	}
	return line
}

// claim finds duplicates within the run as the router would.
func (x *Explainer) claim(n int, c *gate.Case, r *gate.Result, gates []Gate) ([]Gate, string) {
	key := fmt.Sprintf("%s\x00%s\x00%s\x00%s\x00%d", c.Event.CustomerID, c.Route.Mapping.DestinationID, c.Route.Target.Target, r.Built.ClaimID, c.Route.Destination.Mode)
	first, taken := x.claimed[key]
	if !taken {
		x.claimed[key] = n
		return append(gates, Gate{Gate: "duplicate", OK: true}), ""
	}
	r.Status, r.Reason = decision.Duplicate, r.Built.DuplicateReason
	return append(gates, Gate{Gate: "duplicate", Detail: fmt.Sprintf("line %d was first", first)}), fmt.Sprintf("line %d", first)
}

func gatesOf(r *gate.Result) []Gate {
	names := gate.Names()
	gates := make([]Gate, 0, len(names)+2)
	gates = append(gates, Gate{Gate: "capture", OK: true})
	for i, name := range names {
		if i < r.Passed {
			gates = append(gates, Gate{Gate: name, OK: true})
			continue
		}
		detail := r.Reason.Info().Sentence
		if r.Detail != "" {
			detail = r.Detail
		}
		return append(gates, Gate{Gate: name, Detail: detail})
	}
	return gates
}

// reached says whether the gate of that name has spoken.
func reached(r *gate.Result, name string) bool {
	for i, n := range gate.Names() {
		if n == name {
			return r.Passed >= i
		}
	}
	return false
}

func consentOf(d *decision.Decision, r *gate.Result) *Consent {
	purposes := make(map[string]string, 4)
	for p := range consent.AllPurposes.All() {
		purposes[p.String()] = d.Said.Get(p).String()
	}
	c := &Consent{
		Basis: d.Consent.Source.String(), Regime: d.Consent.Regime.String(), Jurisdiction: d.Consent.Jurisdiction.String(),
		Policy: d.Consent.PolicyID, PolicyVersion: d.Consent.PolicyVersion,
		Purposes: purposes, Restricted: d.Restricted,
	}
	if d.Restricted {
		c.Cause = r.Facts.Cause.String()
	}
	return c
}

func identifiersOf(d *decision.Decision) *Identifiers {
	ids := &Identifiers{
		Present: []string{}, Dropped: []Dropped{},
		UnsafeDropped: d.Identifiers.UnsafeDropped, MatchQuality: d.Identifiers.MatchQuality,
	}
	for _, k := range d.Identifiers.Present {
		ids.Present = append(ids.Present, k.String())
	}
	for _, k := range d.Identifiers.Dropped {
		ids.Dropped = append(ids.Dropped, Dropped{Kind: k.Kind.String(), Reason: string(k.Reason)})
	}
	return ids
}
