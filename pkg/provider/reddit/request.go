package reddit

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
)

var jsonHeader = []provider.Header{{Name: "Content-Type", Value: "application/json"}}

// Assemble implements provider.Account. Reddit asks for a descriptive User-Agent:
// the sender's client gives its own to every request.
func (a *account) Assemble(dst []byte, b *provider.Batch) provider.Request {
	return a.request(dst, a.head, b)
}

func (a *account) request(dst, head []byte, b *provider.Batch) provider.Request {
	start := len(dst)
	dst = append(dst, head...)
	for i, f := range b.Fragments {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, f...)
	}
	dst = append(dst, `]}}`...)
	return provider.Request{
		Method: "POST", URL: strings.TrimSuffix(b.Endpoint.BaseURL, "/") + "/api/v3/pixels/" + a.pixel + "/conversion_events",
		Header: jsonHeader, Body: dst[start:],
	}
}

// Probe implements provider.Account: Reddit has no call that only checks, so a
// probe is an event of nobody's with a test id, where the destination names one.
func (a *account) Probe(dst []byte, at *provider.Endpoint) (provider.Request, bool) {
	if a.now == nil || a.probe == nil {
		return provider.Request{}, false
	}
	nobody := identity.Hash([]byte("probe@sluice.invalid"))
	f := jsonappend.Int(jsonappend.Key([]byte{'{'}, "event_at"), a.now())
	f = append(f, `,"action_source":"OTHER","type":{"tracking_type":"CUSTOM","custom_event_name":"sluice_probe"},"user":{"email":`...)
	f = append(jsonappend.Hex(f, &nobody), `},"metadata":{"conversion_id":"sluice-probe"}}`...)
	return a.request(dst, a.probe, &provider.Batch{Endpoint: at, Fragments: [][]byte{f}}), true
}

// Authorize implements provider.Provider. It calls nobody: a conversion access
// token is used as it is, and never expires by itself.
func (Provider) Authorize(_ context.Context, _ provider.Doer, _ *provider.Endpoint, secret provider.Secret) (provider.Authorization, error) {
	token, err := conversion.Token(secret, "Reddit's", "access_token")
	if err != nil {
		return provider.Authorization{}, err
	}
	return provider.Authorization{Header: []provider.SecretHeader{{Name: "Authorization", Value: identity.NewRaw("Bearer " + token)}}}, nil
}

// Trial implements provider.Trials. Reddit has no call that only validates: a test
// id shows the event on the Event Testing page.
func (Provider) Trial(d *resource.Destination, o provider.TrialOptions) (provider.Trial, error) {
	if o.Real {
		return provider.Trial{}, &provider.TrialError{
			What: "--real: Reddit has no call that only checks an event, so every test event is sent",
			Fix:  "leave --real out; --yes is what confirms it",
		}
	}
	marked, err := withTestID(d, o.Code)
	if err != nil {
		return provider.Trial{}, err
	}
	return provider.Trial{
		Destination: marked, Stored: true,
		Means:   "Reddit shows it on the Event Testing page. Its documents do not say whether such an event counts.",
		Look:    "Reddit Ads > Events Manager > Event Testing, while the page with this id is open; one event of a request is shown.",
		Private: []string{"user", "click_id"},
	}, nil
}

// withTestID gives the destination with a test id: the given one, or its own.
func withTestID(d *resource.Destination, code string) (*resource.Destination, error) {
	members := map[string]json.RawMessage{}
	if len(d.Section) > 0 && string(d.Section) != "null" {
		if err := json.Unmarshal(d.Section, &members); err != nil {
			return nil, fmt.Errorf("reading spec.reddit of %s: %w", d.ID, err)
		}
	}
	switch {
	case code == "" && len(members["test_id"]) > len(`""`):
		return d, nil
	case code == "":
		return nil, &provider.TrialError{
			What: "Reddit needs a test id, so that the event can be told from real ones",
			Fix:  "copy the id from Reddit Ads > Events Manager > Event Testing, and give it as --test-event-code",
		}
	case !testID.MatchString(code):
		return nil, &provider.TrialError{What: "the test id has other characters than letters, digits, _ and -", Fix: "copy it from the Event Testing page"}
	}
	members["test_id"] = json.RawMessage(`"` + code + `"`)
	section, err := json.Marshal(members)
	if err != nil {
		return nil, fmt.Errorf("writing spec.reddit of %s: %w", d.ID, err)
	}
	marked := *d
	marked.Section = section
	return &marked, nil
}
