// Package resource is what operators declare: destinations, mappings and
// policies, as YAML documents, as records of compacted topics, and compiled
// into one Set that the gates look things up in.
package resource

import (
	"encoding/json"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
)

// Mode says whether a destination's deliveries are sent.
type Mode uint8

// The modes.
const (
	ModeLive   Mode = iota
	ModeShadow      // everything runs, nothing is sent
)

// OnFail is what an operator chose for an event that fails a consent gate.
type OnFail uint8

// The choices. Skip is the default; restrict is never one.
const (
	Skip OnFail = iota
	Hold
	Restrict
)

// Sensitive marks data that needs explicit grants everywhere.
type Sensitive string

// The markings. The zero value is not sensitive.
const (
	NotSensitive       Sensitive = ""
	SensitiveHealth    Sensitive = "health"
	SensitiveFinancial Sensitive = "financial"
	SensitiveOther     Sensitive = "other"
)

// Destination is one customer-owned endpoint. Durations are milliseconds.
type Destination struct {
	ID       string // metadata.name
	Customer string
	Owner    string
	Runbook  string

	Provider string
	Active   bool
	Paused   bool
	Mode     Mode
	// Account and Section are the provider's own: spec.account and the
	// section named like the provider, as JSON with sorted keys. The provider
	// validates and compiles them.
	Account json.RawMessage
	Section json.RawMessage
	Secret  string // file:NAME or env:NAME, empty when none is declared
	Terms   Terms

	// Identifiers narrows what the provider supports; HasIdentifiers tells an
	// absent list (all supported) from an empty one (none).
	Identifiers    decision.KindSet
	HasIdentifiers bool
	Consent        ConsentSpec
	Sensitive      Sensitive
	BrowserTag     *bool // nil: not known
	Traffic        []string
	ContextualOnly bool
	Defaults       Defaults
	Dedup          DedupSpec
	Delivery       DeliverySpec
	Objectives     Objectives

	// Hash is the content hash shown in every decision.
	Hash string
}

// Terms records who accepted the provider's terms.
type Terms struct {
	AcceptedBy string
	AcceptedAt string // a date
	Documents  []TermsDocument
}

// TermsDocument is one accepted document.
type TermsDocument struct{ Name, Version string }

// Accepted reports whether somebody accepted the terms at some time.
func (t Terms) Accepted() bool { return t.AcceptedBy != "" && t.AcceptedAt != "" }

// ConsentSpec is a destination's consent section.
type ConsentSpec struct {
	Policy   string // policy id; "default" when absent
	Choice   OnFail // skip or restrict
	Denied   OnFail // skip or restrict
	Unknown  OnFail // skip, hold or restrict
	Requires consent.PurposeSet
}

// Defaults fill fields that events of this destination lack.
type Defaults struct{ PhoneCountry, Currency string }

// DedupSpec is a destination's deduplication section.
type DedupSpec struct {
	WindowMS int64 // 9 d by default, 48 h at least
	// AlsoByTransaction: spec.dedup.also_by is transaction_id.
	AlsoByTransaction bool
}

// DeliverySpec is a destination's delivery section.
type DeliverySpec struct {
	RatePerSecond    float64 // events; zero: no limit of its own
	RetryForMS       int64   // 24 h by default
	MinClickAgeMS    int64   // provider's default when negative
	ExactDiagnostics bool
}

// Objectives are what the owner expects, for health and alerts.
type Objectives struct {
	SLAMS          int64
	ExpectedPerDay map[string]int64
}

// Mapping is one expanded record: one destination, one source event, one
// target. It is the explicit permission for an event to leave.
type Mapping struct {
	Name          string // name, or name/destination/event where expanded
	DestinationID string
	SourceEvent   string
	ProviderEvent string
	Enabled       bool
	Lane          decision.Lane
	MaxWaitMS     int64

	When   string            // CEL, empty: always
	Fields map[string]string // business field to CEL
	ItemID string            // CEL over item, empty: item.id

	// Include names the item and commerce details that may leave (item_names,
	// item_brands, item_categories, coupons, search_term, page_title).
	Include       map[string]bool
	Properties    []string // custom properties that may leave
	URLParameters []string // query parameters beyond the standard allow-list
	URL           string   // full, path or origin; empty: full
	Requires      consent.PurposeSet
	Sensitive     Sensitive
	Section       json.RawMessage // the section named like the provider
	FromTemplate  string          // name of the template that the row came from

	Hash string
}

// Problem is one thing wrong with a resource, with where it is and how to
// mend it.
type Problem struct {
	File         string
	Line, Column int
	Resource     string // kind/name
	Path         string // spec.delivery.rate
	Rule         string // what must hold
	Value        string // what was found, never a secret
	Fix          string
	Warning      bool // does not stop apply
}

// Provider is what compiling resources needs of a provider. It is implemented
// by package provider's providers.
type Provider interface {
	Name() string
	// Supported are the identifier kinds that it can use.
	Supported() decision.KindSet
	// Needs are the purposes that it needs before a destination asks for more.
	Needs() consent.PurposeSet
	// CompileDestination validates account and section. The result is handed
	// back to the provider with every event; account is its fingerprint.
	CompileDestination(d *Destination) (compiled any, account string, problems []Problem)
	// CompileMapping validates target, fields and section. destination is
	// what CompileDestination returned. Problems that are warnings leave a
	// template's row out; see Problem.Warning.
	CompileMapping(d *Destination, destination any, m *Mapping) (CompiledMapping, []Problem)
	// TemplateEvent gives the provider event for a source event of a template
	// (such as commerce), and false where the template has none.
	TemplateEvent(template, sourceEvent string) (Mapping, bool)
}

// CompiledMapping is a provider's view of one mapping.
type CompiledMapping struct {
	Target string // what the provider counts: part of the claim key
	Data   any    // the provider's own
}

// Route is one mapping joined with everything that the gates need, ready for
// the hot path.
type Route struct {
	Destination *Destination
	Mapping     *Mapping
	Provider    Provider
	// Compiled, Account: what CompileDestination returned.
	Compiled any
	Account  string
	Target   CompiledMapping
	// Policy is the destination's policy, resolved.
	Policy *consent.Policy
	// Needs are the provider's purposes and what destination and mapping add.
	Needs consent.Needs
	// Program evaluates when, fields and item_id; nil where there are none.
	Program *Program
	// Invalid says why the destination or mapping cannot be used; empty when
	// it can. Such a route decides destination.invalid.
	Invalid string
	// Kinds are the identifier kinds that may be read.
	Kinds decision.KindSet
}
