package explain

import (
	"encoding/json"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/gate"
)

// Line is one answer: one (event, mapping) pair, or one event that no mapping
// names. Its JSON form is a public contract.
type Line struct {
	Line          int             `json:"line"`
	SourceEvent   string          `json:"source_event,omitempty"`
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
	Notes         []Note          `json:"notes,omitempty"`
	Payload       json.RawMessage `json:"payload,omitempty"`
}

// Note names what was left out, changed or looks odd.
type Note struct {
	Path     string `json:"path"`
	Code     string `json:"code"`
	Sentence string `json:"sentence"`
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
	Warnings      int32     `json:"warnings,omitempty"`
	MatchQuality  float64   `json:"match_quality"`
}

// Dropped is one identifier that was left out.
type Dropped struct {
	Kind   string `json:"kind"`
	Reason string `json:"reason"`
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
		UnsafeDropped: d.Identifiers.UnsafeDropped, Warnings: d.Identifiers.Warnings, MatchQuality: d.Identifiers.MatchQuality,
	}
	for _, k := range d.Identifiers.Present {
		ids.Present = append(ids.Present, k.String())
	}
	for _, k := range d.Identifiers.Dropped {
		ids.Dropped = append(ids.Dropped, Dropped{Kind: k.Kind.String(), Reason: string(k.Reason)})
	}
	return ids
}

func notesOf(d *decision.Decision) []Note {
	notes := make([]Note, 0, len(d.Identifiers.Notes))
	for _, n := range d.Identifiers.Notes {
		notes = append(notes, Note{Path: n.Path, Code: string(n.Code), Sentence: n.Sentence()})
	}
	return notes
}
