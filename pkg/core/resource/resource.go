// Package resource is what operators declare: destinations, mappings and
// policies, as YAML documents, as records of compacted topics, and compiled
// into one Set that the gates look things up in.
package resource

import (
	"encoding/json"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/document"
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

// Destination is one customer-owned endpoint. Durations are milliseconds. The
// tags declare the document of kind Destination; see package document.
type Destination struct {
	ID       string `yaml:"metadata.name" required:"true" rule:"destination" doc:"Name of the destination: part of topic keys, metrics and file names."`
	Customer string `yaml:"metadata.customer" required:"true" rule:"customer" doc:"The customer whose events may go there, as in the events' customer_id."`
	Owner    string `yaml:"metadata.owner" doc:"Whom to ask about it."`
	Runbook  string `yaml:"metadata.runbook" doc:"What to do when it fails, for alerts."`

	Provider string `yaml:"spec.provider" required:"true" doc:"The advertising API; one of the providers below."`
	Active   bool   `yaml:"spec.active" doc:"Whether events go there."`
	Paused   bool   `yaml:"spec.paused" doc:"Deliveries wait; nothing is lost or sent."`
	// Account and Section are the provider's own: spec.account and the
	// section named like the provider, as JSON with sorted keys. The provider
	// validates and compiles them.
	Account json.RawMessage `yaml:"spec.account" required:"true" doc:"The account at the provider; keys are the provider's."`
	Section json.RawMessage `yaml:"spec.$provider" doc:"Settings of the provider's own, under its name."`
	Mode    Mode            `yaml:"spec.mode" enum:"live,shadow" doc:"shadow: everything runs, nothing is sent."`
	Secret  string          `yaml:"spec.secret" rule:"secret" doc:"Where the credentials lie: file:CUSTOMER/NAME or file:CUSTOMER-NAME in the sender's secrets directory, or env:CUSTOMER__NAME. Never the secret itself."`
	Terms   Terms           `yaml:"spec.terms" doc:"Who accepted the provider's terms. Nothing is sent before."`

	// Identifiers narrows what the provider supports; HasIdentifiers tells an
	// absent list (all supported) from an empty one (none).
	Identifiers    decision.KindSet `yaml:"spec.identifiers" enum:"@identifiers" given:"HasIdentifiers" doc:"Kinds of identifiers that may leave. Absent: every kind that the provider takes. Empty: none."`
	HasIdentifiers bool
	Consent        ConsentSpec  `yaml:"spec.consent" doc:"What happens to events that fail the consent gates."`
	Sensitive      Sensitive    `yaml:"spec.sensitive" enum:",health,financial,other" doc:"Data that needs explicit grants everywhere."`
	BrowserTag     *bool        `yaml:"spec.browser_tag" doc:"Whether the provider's browser tag reports the same events. Absent: not known."`
	Traffic        []string     `yaml:"spec.traffic" enum:"live,test,internal,bot" doc:"Kinds of traffic that may leave."`
	ContextualOnly bool         `yaml:"spec.contextual_only" doc:"Send events that have contextual signals alone."`
	Defaults       Defaults     `yaml:"spec.defaults" doc:"What stands in for fields that events lack."`
	Prehashed      Prehashed    `yaml:"spec.prehashed" doc:"From which form producers hash before they send."`
	Dedup          DedupSpec    `yaml:"spec.dedup" doc:"How duplicates are recognised."`
	Delivery       DeliverySpec `yaml:"spec.delivery" doc:"How deliveries are sent."`
	Objectives     Objectives   `yaml:"spec.objectives" doc:"What the owner expects, for health and alerts."`

	// Hash is the content hash shown in every decision.
	Hash string
	// Stored is when its record was written, in epoch ms; zero: not known.
	Stored int64
}

// Terms records who accepted the provider's terms.
type Terms struct {
	AcceptedBy string          `yaml:"accepted_by" doc:"Who accepted them."`
	AcceptedAt string          `yaml:"accepted_at" kind:"date" doc:"When, as a date."`
	Documents  []TermsDocument `yaml:"documents" doc:"What was accepted."`
}

// TermsDocument is one accepted document.
type TermsDocument struct {
	Name    string `yaml:"name" required:"true" doc:"Title of the document."`
	Version string `yaml:"version" doc:"Its version or date."`
}

// Accepted reports whether somebody accepted the terms at some time.
func (t Terms) Accepted() bool { return t.AcceptedBy != "" && t.AcceptedAt != "" }

// ConsentSpec is a destination's consent section.
type ConsentSpec struct {
	Policy   string             `yaml:"policy" doc:"Name of the policy that says which regime applies where."`
	Choice   OnFail             `yaml:"choice" enum:"skip,restrict" doc:"For events whose user opted out by DNT or GPC."`
	Denied   OnFail             `yaml:"denied" enum:"skip,restrict" doc:"For events whose user denied a purpose."`
	Unknown  OnFail             `yaml:"unknown" enum:"skip,hold,restrict" doc:"For events about whose user nothing is known yet."`
	Requires consent.PurposeSet `yaml:"requires" enum:"@purposes" doc:"Purposes beyond those that the provider needs."`
}

// Defaults fill fields that events of this destination lack.
type Defaults struct {
	PhoneCountry string `yaml:"phone_country" rule:"country" doc:"Country of telephone numbers without calling code, ISO 3166-1 in capitals."`
	Currency     string `yaml:"currency" rule:"currency" doc:"Currency of amounts without one, ISO 4217."`
}

// Prehashed says from which form the producers hash before they send: a digest of
// another form than the provider's is no identifier there.
type Prehashed struct {
	Phone PhoneForm `yaml:"phone" enum:",e164,digits" doc:"Form of hashed phone numbers: with or without plus sign. Absent: hashes of phone numbers are left out."`
	Email EmailForm `yaml:"email" enum:",plain,no_space,gmail_dots,gmail_dots_tag,all_dots_tag" doc:"What was dropped from hashed e-mail addresses. Absent: nothing (plain)."`
}

// PhoneForm is how a phone number is written before it is hashed.
type PhoneForm = string

// The forms of phone numbers.
const (
	PhoneE164   PhoneForm = "e164"   // +4915123456789
	PhoneDigits PhoneForm = "digits" // 4915123456789
)

// EmailForm is what happens to an e-mail address before it is hashed, besides
// trimming and lower case.
type EmailForm = string

// The forms of e-mail addresses, each dropping what the one before it drops and
// more.
const (
	EmailPlain     EmailForm = "plain"          // nothing
	EmailNoSpace   EmailForm = "no_space"       // white space inside is removed
	EmailGmailDots EmailForm = "gmail_dots"     // so are dots in front of gmail.com
	EmailGmailTag  EmailForm = "gmail_dots_tag" // and what follows a plus sign there
	EmailAllTag    EmailForm = "all_dots_tag"   // both at every domain
)

// DedupSpec is a destination's deduplication section.
type DedupSpec struct {
	WindowMS          int64 `yaml:"window" kind:"duration" doc:"How long an event is recognised, 48h or more."`
	AlsoByTransaction bool  `yaml:"also_by" kind:"transaction" enum:"transaction_id" doc:"Recognise duplicates by the transaction's id as well as by the event's."`
}

// DeliverySpec is a destination's delivery section.
type DeliverySpec struct {
	RatePerSecond    float64 `yaml:"rate" kind:"rate" doc:"Events at most, such as 200/s. Absent: no limit of its own."`
	RetryForMS       int64   `yaml:"retry_for" kind:"duration" doc:"How long a delivery is tried again."`
	MinClickAgeMS    int64   `yaml:"min_click_age" kind:"duration" doc:"How old a click has to be before a conversion for it is sent. Absent: the provider's default."`
	ExactDiagnostics bool    `yaml:"exact_diagnostics" doc:"One event a request, so that what the provider says later about a request is about the event. Each costs a request of the quota."`
}

// Objectives are what the owner expects, for health and alerts.
type Objectives struct {
	SLAMS          int64            `yaml:"sla" kind:"duration" doc:"How soon an event should be delivered."`
	ExpectedPerDay map[string]int64 `yaml:"expected_per_day" doc:"Events a day that are expected, by source event."`
}

// Mapping is one expanded record: one destination, one source event, one
// target. It is the explicit permission for an event to leave. The tags
// declare the short form of the document of kind Mapping.
type Mapping struct {
	Name          string        `yaml:"metadata.name" required:"true" doc:"Name of the mapping."` // or name/destination/event where expanded
	DestinationID string        `yaml:"spec.destination" doc:"The destination."`
	SourceEvent   string        `yaml:"spec.event" rule:"event" doc:"Name of the event in the analytics topic."`
	ProviderEvent string        `yaml:"spec.provider_event" required:"true" doc:"Name of the event at the provider."`
	FromTemplate  string        `yaml:"spec.from_template" enum:"@templates" doc:"The template that an exported row came from."`
	Enabled       bool          `yaml:"spec.enabled" doc:"false: the event stays, with the reason mapping.disabled."`
	Lane          decision.Lane `yaml:"spec.lane" enum:"batch,realtime" doc:"realtime: sent at once; batch: waits for a fuller request."`
	MaxWaitMS     int64         `yaml:"spec.max_wait" kind:"duration" doc:"How long the batch lane may wait. Absent: sender.lanes.batch."`

	When   string            `yaml:"spec.when" kind:"expression" doc:"Condition on the event. Absent: always."`
	ItemID string            `yaml:"spec.item_id" kind:"expression" doc:"Id of each item, over item. Absent: item.id."`
	Fields map[string]string `yaml:"spec.fields" kind:"expression" doc:"Business fields of the provider, each computed from the event."`

	Include       map[string]bool    `yaml:"spec.include" enum:"@include" doc:"Details of items and pages that may leave."`
	Properties    []string           `yaml:"spec.properties" doc:"Custom properties that may leave."`
	URLParameters []string           `yaml:"spec.url_parameters" doc:"Query parameters that may stay in URLs, beyond the standard ones."`
	URL           string             `yaml:"spec.url" enum:",full,path,origin" doc:"How much of the page's URL may leave. Absent: full."`
	Requires      consent.PurposeSet `yaml:"spec.consent.requires" enum:"@purposes" doc:"Purposes beyond those of the destination."`
	Sensitive     Sensitive          `yaml:"spec.sensitive" enum:",health,financial,other" doc:"Data that needs explicit grants everywhere."`
	Section       json.RawMessage    `yaml:"spec.$section" doc:"Settings of a provider's own, under its name."` // the section named like the provider

	Hash string
}

// HasErrors reports whether any problem is more than a warning.
func HasErrors(problems []Problem) bool { return document.HasErrors(problems) }

// Problem is one thing wrong with a resource.
type Problem = document.Problem

// File is one file with resources.
type File = document.File

// Provider is what compiling resources needs of a provider. It is implemented
// by package provider's providers.
type Provider interface {
	Name() string
	// Supported are the identifier kinds that it can use.
	Supported() decision.KindSet
	// Needs are the purposes without which nothing is sent, before a
	// destination or mapping asks for more, and the provider's number in IAB
	// Europe's Global Vendor List.
	Needs() consent.Needs
	// Open validates account and section of a destination. The account is nil
	// where a problem is more than a warning.
	Open(d *Destination) (Account, []Problem)
	// TemplateEvent gives the provider event for a source event of a template
	// (such as commerce), and false where the template has none.
	TemplateEvent(template, sourceEvent string) (Mapping, bool)
}

// Account is a destination that a provider has opened.
type Account interface {
	// Fingerprint tells accounts apart: a delivery that was built for one is
	// never sent to another.
	Fingerprint() string
	// Map validates target, fields and section of a mapping. The target may be
	// used where no problem is more than a warning; a template's row that has
	// any problem is left out.
	Map(m *Mapping) (Target, []Problem)
}

// Target is a mapping that a provider has accepted.
type Target interface {
	// Key is what the provider counts: part of the claim key.
	Key() string
}

// Route is one mapping joined with everything that the gates need, ready for
// the hot path.
type Route struct {
	Destination *Destination
	Mapping     *Mapping
	Provider    Provider
	// Account and Target are the provider's, nil where the route is invalid;
	// Fingerprint and Key are theirs.
	Account     Account
	Fingerprint string
	Target      Target
	Key         string
	// Policy is the destination's policy, resolved.
	Policy *consent.Policy
	rules  *consent.Rules // Policy's, in a set
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

// Rule is what the destination's policy says of a place.
func (r *Route) Rule(place consent.Place) consent.Rule {
	if r.rules != nil {
		return r.rules.At(place)
	}
	return r.Policy.At(place)
}
