package snapchat

import (
	"context"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
)

var _ provider.Trials = Provider{}

var jsonHeader = []provider.Header{{Name: "Content-Type", Value: "application/json"}}

const (
	opening = `{"data":[`
	version = "v3"
)

// Assemble implements provider.Account. The validate path checks the events, says
// what it finds, and stores nothing. The token is in neither: the sender adds it.
func (d *destination) Assemble(dst []byte, b *provider.Batch) provider.Request {
	start := len(dst)
	dst = append(dst, opening...)
	for i, f := range b.Fragments {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, f...)
	}
	dst = append(dst, `]}`...)
	url := d.events(b.Endpoint)
	if b.ValidateOnly {
		url += "/validate"
	}
	return provider.Request{Method: "POST", URL: url, Header: jsonHeader, Body: dst[start:]}
}

func (d *destination) events(at *provider.Endpoint) string {
	return strings.TrimSuffix(at.BaseURL, "/") + "/" + version + "/" + d.asset + "/events"
}

// Probe implements provider.Account: the statistics of the last hour, which need
// the same token and pixel.
func (d *destination) Probe(_ []byte, at *provider.Endpoint) (provider.Request, bool) {
	return provider.Request{Method: "GET", URL: d.events(at) + "/validate/stats"}, true
}

// Authorize implements provider.Provider. It calls nobody: a Conversions API token
// is static and does not expire. It travels in the query, as Snapchat documents for
// production; spans and logs hold no query.
func (Provider) Authorize(_ context.Context, _ provider.Doer, _ *provider.Endpoint, secret provider.Secret) (provider.Authorization, error) {
	token, err := conversion.Token(secret, "Snapchat's", "access_token")
	if err != nil {
		return provider.Authorization{}, err
	}
	return provider.Authorization{Query: []provider.SecretHeader{{Name: "access_token", Value: identity.NewRaw(token)}}}, nil
}

// Trial implements provider.Trials: unless it is to be real, Snapchat checks the
// event and stores nothing.
func (Provider) Trial(d *resource.Destination, o provider.TrialOptions) (provider.Trial, error) {
	if o.Code != "" {
		return provider.Trial{}, &provider.TrialError{
			What: "--test-event-code: Snapchat's codes mark events of its own tools",
			Fix:  "leave it out: Snapchat only checks the event unless --real is given",
		}
	}
	t := provider.Trial{
		Destination:  d,
		ValidateOnly: true,
		Means:        "Snapchat checks it and does not process it: nothing is counted.",
		Look:         "Here, and in Ads Manager > Events Manager > Test events.",
		Private:      []string{"user_data", "app_data"},
	}
	if o.Real {
		t.ValidateOnly, t.Stored = false, true
		t.Means = "Snapchat stores it. Its made-up identifiers match nobody, so that it counts only where something else matches."
		t.Look = "Ads Manager > Events Manager > the pixel or app, within an hour."
	}
	return t, nil
}
