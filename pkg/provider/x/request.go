package x

import (
	"context"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
)

var jsonHeader = []provider.Header{{Name: "Content-Type", Value: "application/json"}}

const opening = `{"conversions":[`

// Assemble implements provider.Account. Events of all X events of a pixel share a
// request.
func (a *account) Assemble(dst []byte, b *provider.Batch) provider.Request {
	start := len(dst)
	dst = append(dst, opening...)
	for i, f := range b.Fragments {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, f...)
	}
	dst = append(dst, "]}"...)
	return provider.Request{
		Method: "POST", URL: strings.TrimSuffix(b.Endpoint.BaseURL, "/") + "/12/measurement/conversions/" + a.pixel, Header: jsonHeader, Body: dst[start:],
	}
}

// Probe implements provider.Account: X has no call that only checks a token. What it
// answers to an event that does not exist is known from no try.
func (a *account) Probe([]byte, *provider.Endpoint) (provider.Request, bool) {
	return provider.Request{}, false
}

// Authorize implements provider.Provider. It calls nobody: the token of the Events
// Manager is used as it is, and how long it lives is not documented.
func (p *Provider) Authorize(_ context.Context, _ provider.Doer, _ *provider.Endpoint, secret provider.Secret) (provider.Authorization, error) {
	token, err := conversion.Token(secret, "X's", "pixel_token")
	if err != nil {
		return provider.Authorization{}, err
	}
	return provider.Authorization{Header: []provider.SecretHeader{{Name: "X-Pixel-Token", Value: identity.NewRaw(token)}}}, nil
}

var _ provider.Trials = (*Provider)(nil)

// Trial implements provider.Trials. X has neither a call that only checks an event
// nor a mark for test events.
func (p *Provider) Trial(d *resource.Destination, o provider.TrialOptions) (provider.Trial, error) {
	switch {
	case o.Code != "":
		return provider.Trial{}, &provider.TrialError{What: "--test-event-code: X has no such code", Fix: "leave it out; use an X event that no campaign has, and delete it afterwards"}
	case o.Real:
		return provider.Trial{}, &provider.TrialError{
			What: "--real: X has no call that only checks an event, so every test event is stored", Fix: "leave --real out; --yes is what confirms it",
		}
	}
	return provider.Trial{
		Destination: d,
		Stored:      true,
		Means:       "X has no test mode: the event is stored and counted like any other, for every campaign that uses the X event.",
		Look:        "Events Manager > the event, within 24 hours.",
		Private:     []string{"identifiers"},
	}, nil
}
