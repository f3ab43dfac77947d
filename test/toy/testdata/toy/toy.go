// Package toy is an advertising API that does not exist: the least that a
// provider has to be. test/toy registers it in a copy of the tree.
package toy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// Name is the provider's name.
const Name = "toy"

// Provider is the toy API.
type Provider struct{}

// Registration is the provider's line in pkg/provider/all.
func Registration() provider.Registration {
	return provider.Registration{Name: Name, New: func(provider.Deps) provider.Provider { return Provider{} }}
}

// Name implements resource.Provider.
func (Provider) Name() string { return Name }

// Supported implements resource.Provider.
func (Provider) Supported() decision.KindSet { return decision.Kinds(decision.KindEmail) }

// Needs implements resource.Provider.
func (Provider) Needs() consent.Needs { return consent.Needs{Purposes: consent.AdUserData} }

type account struct {
	Shop string `yaml:"shop" required:"true" doc:"The shop's id at the toy API."`
}

var accountSchema = document.Declare(account{}, document.Options{})

// Spec implements provider.Provider.
func (Provider) Spec() provider.Spec {
	return provider.Spec{
		Name: Name, Title: "Toy Events API", Hosts: []string{"api.toy.example"}, BaseURL: "https://api.toy.example/toy",
		MaxBatch: 50, RealtimeBatch: 10, MaxBytes: 1 << 20,
		Errors: []provider.ErrorRow{
			{Code: "200", Meaning: "the API has every event", Class: provider.Accepted},
			{Code: "401", Meaning: "the key is not known", Class: provider.Credentials, Fix: "Put the shop's key into the secret file."},
		},
		Keys: resource.Keys{Account: []*document.Schema{accountSchema}},
	}
}

// TemplateEvent implements resource.Provider.
func (Provider) TemplateEvent(template, source string) (resource.Mapping, bool) {
	if template != "commerce" || source != "transaction.purchase" {
		return resource.Mapping{}, false
	}
	return resource.Mapping{SourceEvent: source, ProviderEvent: "buy", Enabled: true, Lane: decision.LaneRealtime, FromTemplate: template}, true
}

// Open implements resource.Provider.
func (Provider) Open(d *resource.Destination) (resource.Account, []resource.Problem) {
	found := provider.Findings{Resource: "Destination/" + d.ID}
	var a account
	found.Read(accountSchema, d.Account, "spec.account", &a)
	if resource.HasErrors(found.List) {
		return nil, found.List
	}
	return &shop{id: a.Shop}, found.List
}

// Classify implements provider.Provider.
func (Provider) Classify(_ int, r *provider.Response) provider.Answer {
	a := provider.Answer{Code: strconv.Itoa(r.Status), Class: provider.UnknownOutcome}
	switch {
	case r.Status == 200 && json.Valid(r.Body):
		a.Class = provider.Accepted
	case r.Status == 401:
		a.Class = provider.Credentials
	case r.Status >= 500:
		a.Class = provider.Transient
	case r.Status >= 400:
		a.Class = provider.Invalid
	}
	return a
}

// Authorize implements provider.Provider.
func (Provider) Authorize(_ context.Context, _ provider.Doer, _ *provider.Endpoint, secret provider.Secret) (provider.Authorization, error) {
	var s struct {
		Key string `json:"key"`
	}
	if json.Unmarshal([]byte(secret.Reveal()), &s) != nil || s.Key == "" {
		return provider.Authorization{}, errors.New(`the secret must be {"key": "..."}`)
	}
	return provider.Authorization{Header: []provider.SecretHeader{{Name: "Authorization", Value: identity.NewRaw("Bearer " + s.Key)}}}, nil
}

type shop struct{ id string }

// Fingerprint implements resource.Account.
func (s *shop) Fingerprint() string { return Name + ":" + s.id }

// Map implements resource.Account.
func (s *shop) Map(m *resource.Mapping) (resource.Target, []resource.Problem) {
	return &target{name: identity.Vouch(m.ProviderEvent)}, nil
}

// Assemble implements provider.Account.
func (s *shop) Assemble(dst []byte, b *provider.Batch) provider.Request {
	body := append(dst, `{"events":[`...)
	body = append(body, bytes.Join(b.Fragments, []byte(","))...)
	return provider.Request{
		Method: "POST", URL: b.Endpoint.BaseURL + "/" + s.id + "/events",
		Header: []provider.Header{{Name: "Content-Type", Value: "application/json"}}, Body: append(body, `]}`...),
	}
}

// Probe implements provider.Account.
func (s *shop) Probe([]byte, *provider.Endpoint) (provider.Request, bool) {
	return provider.Request{}, false
}

type target struct{ name identity.Clean }

// Key implements resource.Target.
func (t *target) Key() string { return t.name.Text() }

// Build implements provider.Target.
func (t *target) Build(dst []byte, in *provider.Input) provider.Built {
	built := provider.Built{
		Restrictable: !in.Restricted, ProviderID: in.EventID, ClaimID: in.EventID, DuplicateReason: decision.DuplicateEventID,
		NotAfter: in.Event.Time + 24*3600_000, FutureTolerance: 60_000, ReliesOn: consent.AdUserData, Fragment: dst,
	}
	if in.Restricted {
		return built
	}
	var f payload.Findings
	w := payload.Writer{Dst: dst}
	f.CheckIDs(in)
	w.Dst = jsonappend.String(jsonappend.Key(append(w.Dst, '{'), "event"), t.name)
	w.Dst = jsonappend.String(jsonappend.Key(w.Dst, "id"), identity.Vouch(in.EventID))
	if emails := in.Event.Identity.Emails; len(emails) > 0 && in.Route.Kinds.Has(decision.KindEmail) {
		h := identity.Hash(identity.AppendLower(nil, identity.Trim(emails[0].Reveal())))
		w.Dst = jsonappend.Hex(jsonappend.Key(w.Dst, "email"), &h)
		f.Found(decision.KindEmail, 5)
	} else {
		f.Insufficient(decision.IdentifiersNone, "")
	}
	w.Dst = append(w.Dst, '}')
	f.Finish(&built, &w, len(dst))
	return built
}
