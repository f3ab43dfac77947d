package pinterest_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/provider"
	sandbox "github.com/sluicehq/sluice/pkg/provider/pinterest/fake"
)

// example is an event and what a request has of it, or a whole request.
type example struct {
	Name       string
	Restricted bool
	Input      json.RawMessage
	Expected   json.RawMessage
	Preflight  string `json:"expected_preflight"`
	URL        string
	Headers    map[string]string
	Body       json.RawMessage `json:"expected_body"`
}

// targets are the events that the examples' source events become.
var targets = map[string]string{
	"transaction.purchase": "checkout", "product.viewed": "view_content", "user.signed_up": "signup", "search": "search",
}

// build makes the payload of an example's input.
func (e *example) build(t *testing.T) provider.Built {
	t.Helper()
	var ev event.Event
	require.NoError(t, codec.DecodeEventJSON(&ev, e.Input))
	route := newRoute(t, targets[ev.Name], include("search_term"), func(d *resource.Destination, _ *resource.Mapping) { d.Defaults.PhoneCountry = "DE" })
	in := input(route, &ev)
	in.Place = consent.Place{Location: consent.NewJurisdiction(ev.Location.Country, ev.Location.Region)}
	if e.Restricted {
		in.Restricted, in.Cause, in.Regime = true, decision.ConsentDenied, consent.OptOut
		in.Usable, in.Said = consent.AdStorage, consent.State{Denied: consent.AdUserData}
	}
	return provider.Build(nil, in)
}

// TestPayloads holds payloads against the given ones, and the stand-in takes
// each.
func TestPayloads(t *testing.T) {
	t.Parallel()
	var examples []example
	read(t, "payloads.json", &examples)
	require.NotEmpty(t, examples)
	first := examples[0].build(t)
	for _, e := range examples {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			if e.URL != "" {
				at := endpoint(newRoute(t, "checkout"))
				r := at.Account.Assemble(nil, &provider.Batch{Endpoint: at, Fragments: [][]byte{first.Fragment}, ValidateOnly: true})
				require.Equal(t, e.URL, r.URL)
				require.JSONEq(t, string(e.Body), string(r.Body))
				require.Equal(t, e.Headers["Content-Type"], r.Header[0].Value)
				return
			}
			built := e.build(t)
			if e.Preflight != "" {
				require.Equal(t, e.Preflight, built.IdentifierReason.String())
				require.Empty(t, built.Fragment)
				return
			}
			require.Equal(t, decision.ReasonNone, built.IdentifierReason, built.Detail)
			require.Equal(t, decision.ReasonNone, built.PreflightReason, built.Detail)
			require.JSONEq(t, string(e.Expected), string(built.Fragment))
			a := judge(t, strict(sandbox.Config{}), newRoute(t, "checkout"), built.Fragment)
			require.Equal(t, provider.Accepted, a.Class, "%s", a.Message)
		})
	}
}
