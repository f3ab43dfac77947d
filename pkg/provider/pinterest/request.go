package pinterest

import (
	"context"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
)

var jsonHeader = []provider.Header{{Name: "Content-Type", Value: "application/json"}}

// Assemble implements provider.Account. A request that only validates says so in
// its query; Pinterest looks at its first 20 events.
func (a *account) Assemble(dst []byte, b *provider.Batch) provider.Request {
	start := len(dst)
	dst = append(dst, `{"data":[`...)
	for i, f := range b.Fragments {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, f...)
	}
	dst = append(dst, `]}`...)
	url := strings.TrimSuffix(b.Endpoint.BaseURL, "/") + "/v5/ad_accounts/" + a.id + "/events"
	if b.ValidateOnly {
		url += "?test=true"
	}
	return provider.Request{Method: "POST", URL: url, Header: jsonHeader, Body: dst[start:]}
}

// Probe implements provider.Account: an event that is tested and not recorded. It
// concerns nobody: its only identifier is the digest of a constant.
func (a *account) Probe(dst []byte, at *provider.Endpoint) (provider.Request, bool) {
	if a.now == nil {
		return provider.Request{}, false
	}
	nobody := identity.Hash([]byte("probe@sluice.invalid"))
	f := append([]byte(nil), `{"event_name":"custom","action_source":"web"`...)
	f = jsonappend.Int(jsonappend.Key(f, "event_time"), a.now()/second)
	f = jsonappend.String(jsonappend.Key(f, "event_id"), identity.Literal("sluice-probe"))
	f = append(f, `,"opt_out":true,"user_data":{"em":[`...)
	f = append(jsonappend.Hex(f, &nobody), `]}}`...)
	return a.Assemble(dst, &provider.Batch{Endpoint: at, Fragments: [][]byte{f}, ValidateOnly: true}), true
}

// Authorize implements provider.Provider. It calls nobody: a conversion token is
// used as it is, and never expires by itself.
func (Provider) Authorize(_ context.Context, _ provider.Doer, _ *provider.Endpoint, secret provider.Secret) (provider.Authorization, error) {
	token, err := conversion.Token(secret, "Pinterest's", "access_token")
	if err != nil {
		return provider.Authorization{}, err
	}
	return provider.Authorization{Header: []provider.SecretHeader{{Name: "Authorization", Value: identity.NewRaw("Bearer " + token)}}}, nil
}

// Trial implements provider.Trials: unless it is to be real, Pinterest checks the
// event as it would check any other, and records nothing.
func (Provider) Trial(d *resource.Destination, o provider.TrialOptions) (provider.Trial, error) {
	if o.Code != "" {
		return provider.Trial{}, &provider.TrialError{
			What: "--test-event-code: Pinterest has no such code",
			Fix:  "leave it out: Pinterest only checks the event unless --real is given",
		}
	}
	t := provider.Trial{
		Destination: d, ValidateOnly: true,
		Means:   "Pinterest checks it and records nothing: nothing is counted.",
		Look:    "Nowhere but here: this answer is all that there is.",
		Private: []string{"user_data"},
	}
	if o.Real {
		t.ValidateOnly, t.Stored = false, true
		t.Means = "Pinterest records it. Its made-up identifiers match nobody, so that it counts only where something else matches."
		t.Look = "Ads Manager > Conversions > Event history, within some minutes."
	}
	return t, nil
}
