// Package provider is the contract between Sluice and an advertising API. A
// provider is bytes in, bytes out, and opens no socket: only Authorize may
// call out, through the Doer that it is given.
package provider

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

// Provider is one advertising API. What it opens is its Account, and what
// that maps is its Target. Optional powers are in powers.go.
type Provider interface {
	resource.Provider
	Spec() Spec
	// Classify reads an answer to a request of n events.
	Classify(n int, r *Response) Answer
	// Authorize turns a secret into request headers. Results are cached by
	// the caller until Authorization.Expires.
	Authorize(ctx context.Context, do Doer, at *Endpoint, secret Secret) (Authorization, error)
}

// Account is a destination that a provider has opened.
type Account interface {
	resource.Account
	// Assemble joins fragments of one destination and group to a request
	// body, appended to dst. It allocates no more than the request needs.
	Assemble(dst []byte, b *Batch) Request
	// Probe is a request that checks credentials and configuration without
	// delivering anything, and false where the provider has no such call.
	Probe(dst []byte, at *Endpoint) (Request, bool)
}

// Target is a mapping that a provider has accepted.
type Target interface {
	resource.Target
	// Build normalises, checks and appends the provider's JSON for one event
	// to dst, in one pass without reflection: gates 6 and 7 are its outcome.
	// It never fails: what is wrong stands in the result.
	Build(dst []byte, in *Input) Built
}

// Build builds an event for the target of its route, which a provider of this
// package's made.
func Build(dst []byte, in *Input) Built {
	return in.Route.Target.(Target).Build(dst, in) //nolint:forcetypeassert // Map gives nothing else, and a route without a target is invalid
}

// Spec is what a provider declares about itself.
type Spec struct {
	Name string
	// Title is what people call the API, for docs and the chart.
	Title string
	// Hosts are the fixed hosts that requests may go to, token exchange
	// included.
	Hosts []string
	// OwnHosts: requests go to hosts that the installation lists
	// (sender.providers.NAME.hosts), and to no others. Hosts is that list then.
	OwnHosts bool
	// BaseURL and TokenURL are the production addresses; installations may
	// point them at a sandbox.
	BaseURL, TokenURL string
	// MaxBatch and MaxBytes bound one request; RealtimeBatch is the sensible
	// size in the realtime lane.
	MaxBatch, RealtimeBatch, MaxBytes int
	// Asynchronous providers say later what became of a request (verdicts).
	Asynchronous bool
	// Reason codes and classes of every known answer, printed as docs.
	Errors []ErrorRow
	// Keys are the provider's own keys of resources.
	Keys resource.Keys
	// Clear are the members of payloads that hold an identifier unhashed, such
	// as client_ip_address. The conformance suite holds payloads against the
	// list, and docs print it.
	Clear []string
	// Blind: the provider never says no, so that a wrong secret looks healthy.
	// Health calls what it took sent, not delivered.
	Blind bool
}

// ErrorRow is one documented answer of a provider.
type ErrorRow struct {
	Code, Subcode string
	Meaning       string
	Class         Class
	Fix           string
}

// Fix is what the table of answers tells an operator to do about an answer: by
// the row of code and subcode, else by that of the code alone, else by that of a
// range of codes ("500-599") that holds it. It is empty where the table has nothing
// to say.
func (s *Spec) Fix(code, subcode string) string {
	for _, sub := range []string{subcode, ""} {
		for _, same := range [...]func(row, code string) bool{isCode, inRange} {
			i := slices.IndexFunc(s.Errors, func(r ErrorRow) bool { return same(r.Code, code) && r.Subcode == sub })
			if i >= 0 && s.Errors[i].Fix != "" {
				return s.Errors[i].Fix
			}
		}
	}
	return ""
}

func isCode(row, code string) bool { return row == code }

// inRange reports a code between the two that a row's has around its hyphen, with
// the same words in front: "HTTP 502" is in "HTTP 500-599".
func inRange(row, code string) bool {
	words, digits := "", code
	if i := strings.LastIndexByte(code, ' '); i >= 0 {
		words, digits = code[:i+1], code[i+1:]
	}
	ends, ok := strings.CutPrefix(row, words)
	first, last, ranged := strings.Cut(ends, "-")
	if !ok || !ranged {
		return false
	}
	n, errN := strconv.Atoi(digits)
	from, errFrom := strconv.Atoi(first)
	to, errTo := strconv.Atoi(last)
	return errN == nil && errFrom == nil && errTo == nil && n >= from && n <= to
}

// Input is everything that Build may see.
type Input struct {
	Event *event.Event
	Route *resource.Route
	// EventID is the explicit id or a derived one.
	EventID       string
	EventIDSource event.IDSource
	// Fields are the mapping's computed business fields, in the order of
	// their names, and ItemIDs the computed item ids (nil where the mapping
	// computes none).
	Fields  []resource.Field
	ItemIDs []string
	// Usable are the purposes that the regime allows data to be used for;
	// what needs another one is left out of the bytes.
	Usable consent.PurposeSet
	// Said is what somebody said, and nothing that the regime only implies:
	// what a provider's consent fields may say.
	Said   consent.State
	Regime consent.Regime
	Place  consent.Place
	// Cause is why Restricted is asked for.
	Cause decision.Reason
	// Restricted asks for the reduced form; where the provider has none for
	// this event, Build answers Restrictable false.
	Restricted bool
	Sensitive  bool
	Now        int64 // epoch ms
	Scratch    *Scratch
}

// Field finds a computed field.
func (in *Input) Field(name string) (*resource.Field, bool) {
	for i := range in.Fields {
		if in.Fields[i].Name == name {
			return &in.Fields[i], true
		}
	}
	return nil, false
}

// Scratch is reused memory, one a session, passed explicitly. Nothing that
// Build returns may point into it except Fragment.
type Scratch struct {
	Buf []byte
}

// Built is Build's answer.
type Built struct {
	// Fragment is dst with the JSON appended; its added part is the payload.
	Fragment []byte
	// Identifiers and Preflight are the outcomes of gates 6 and 7 (ReasonNone
	// where they pass); Detail names the field, never its value.
	IdentifierReason decision.Reason
	PreflightReason  decision.Reason
	Detail           string
	// Restrictable is false where Input.Restricted was asked for and the
	// provider has no reduced form here.
	Restrictable bool

	Group         string
	ProviderID    string
	TransactionID string
	// ClaimID is the id that the claim key is made of; DuplicateReason what a
	// foreign claim on it means.
	ClaimID         string
	DuplicateReason decision.Reason
	Adjust          bool
	// PlainClaimID is the transaction's plain claim, for adjustments.
	PlainClaimID string

	ReliesOn    consent.PurposeSet
	Identifiers decision.IdentifierStatus
	Value       event.Opt[float64]
	Currency    string
	DedupRisk   bool
	// ResendUnsafe: the provider does not recognise a second copy. Where it is
	// not known whether a request arrived, the event is not sent again; it ends
	// as provider.outcome_unknown.
	ResendUnsafe bool

	// AgedSince is what NotAfter counts from where that is not the event: the
	// click, epoch milliseconds.
	AgedSince int64

	// Limits: see decision.Facts and decision.Delivery.
	NotAfter, FutureTolerance, DedupUntil, NotBefore int64
}

// Endpoint is a destination as requests need it.
type Endpoint struct {
	Destination *resource.Destination
	Account     Account
	// BaseURL and TokenURL are the provider's or the installation's.
	BaseURL, TokenURL string
}

// EndpointOf makes the endpoint of a destination that is valid: the addresses
// are the installation's where it has others than the provider.
func EndpointOf(at *resource.Endpoint, spec *Spec, baseURL, tokenURL string) Endpoint {
	account, _ := at.Account.(Account)
	return Endpoint{
		Destination: at.Destination, Account: account,
		BaseURL: cmp.Or(baseURL, spec.BaseURL), TokenURL: cmp.Or(tokenURL, spec.TokenURL),
	}
}

// Batch is what Assemble joins: deliveries of one destination and one group.
type Batch struct {
	Endpoint  *Endpoint
	Group     string
	Fragments [][]byte
	// ValidateOnly asks the provider to check and not to store.
	ValidateOnly  bool
	Authorization Authorization
	// Now is when the request is made, epoch ms: for signatures that carry
	// the time. Everything else in a request depends on the fragments alone.
	Now int64
}

// Request is one HTTP request, without its credentials.
type Request struct {
	Method string
	URL    string
	Header []Header
	Body   []byte
}

// Header is one HTTP header.
type Header struct{ Name, Value string }

// Response is what came back, with the body capped by the caller.
type Response struct {
	Status int
	Header func(name string) string
	Body   []byte
	// Truncated: the body was longer than the cap.
	Truncated bool
	Now       int64
}

// Class says what kind of answer it was; see docs/delivery.md.
type Class uint8

// The classes.
const (
	Accepted Class = iota
	AcceptedWithWarnings
	UnknownOutcome
	Transient
	Throttled
	Credentials
	Configuration
	Invalid
	DuplicateDelivery
)

var classNames = [...]string{
	"accepted", "accepted_with_warnings", "unknown_outcome", "transient", "throttled",
	"credentials", "configuration", "invalid", "duplicate",
}

// String gives the word used in diagnostics, metrics and docs.
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "class(?)"
}

// Answer is a classified response.
type Answer struct {
	Class     Class
	Code      string
	Subcode   string
	Message   string // redacted: identity.Redact has seen it
	RequestID string
	// WaitMS is how long the provider asked to wait, zero when it did not
	// say; Usage is the highest usage percentage that it reported.
	WaitMS int64
	Usage  float64
	// Faults name items that the provider refused, by index in the batch.
	// Class Invalid without faults means bisecting.
	Faults []Fault
	// RestDelivered: the provider took the items that no fault names, so they
	// are not sent again. Only with class Invalid and faults.
	RestDelivered bool
	// SomeDelivered: the provider may have taken some of the items and does not say
	// which. Only with class Invalid and without faults. Bisecting sends them again,
	// which is for items whose second copy it recognises; the others
	// (Built.ResendUnsafe) end as unknown.
	SomeDelivered bool
	Warnings      []string
	// Unmapped: the answer is in no table and was classified by its status.
	Unmapped bool
	// Unsure: a failure (Transient) that does not prove that nothing was taken.
	// What must not be sent twice (Built.ResendUnsafe) ends as
	// provider.outcome_unknown.
	Unsure bool
}

// Fault is one refused item.
type Fault struct {
	Index   int
	Code    string
	Message string // redacted
	// Class says what the refusal means for this item: Invalid (also the zero
	// value) dead-letters it; Transient and Throttled send it again after
	// WaitMS or the retry schedule; Configuration parks it, for a rule or goal
	// of its mapping is wrong; DuplicateDelivery counts it as delivered.
	Class Class
	// WaitMS is how long the provider asked to wait with this item, in
	// milliseconds; zero where it did not say.
	WaitMS int64
}

// Means is the class of a fault, whose zero value is Invalid.
func (f *Fault) Means() Class {
	if f.Class == Accepted {
		return Invalid
	}
	return f.Class
}

// Doer sends a form or JSON request during Authorize.
type Doer interface {
	Do(ctx context.Context, r Request, form url.Values) (Response, error)
}

// Secret is a resolved secret; it prints as "[redacted]".
type Secret = identity.Raw

// Authorization is what a request needs besides its body.
type Authorization struct {
	Header []SecretHeader
	// Query is appended to the URL (Meta's appsecret_proof).
	Query []SecretHeader
	// Signing are keys that Assemble signs the body with, the current one
	// first. They are never sent.
	Signing []Secret
	// Expires is when it has to be asked for again, in epoch ms; zero: never. It
	// says nothing about the secret behind it: an access token of an hour that a
	// refresh token renews needs nobody.
	Expires int64
	// SecretEnds is when the secret itself ends, so that a person has to renew
	// it, in epoch ms; zero: never, or not known.
	SecretEnds int64
	// Renewed is the secret to use from now on, in the form that Authorize
	// reads, where the provider changed it; the old one may end. A store that
	// can write keeps it. A file or a variable cannot be written: then
	// SecretEnds is no later than Expires.
	Renewed Secret
	// OldStays: the secret that was used goes on working beside Renewed, until its
	// own end. Where nothing can be written it is used on, and nobody is alarmed.
	OldStays bool
}

// SecretHeader is a header or parameter whose value is a secret.
type SecretHeader struct {
	Name  string
	Value Secret
}
