package reddit_test

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
	sandbox "github.com/sluicehq/sluice/pkg/provider/reddit/fake"
)

// example is an event and what a request has of it, or a whole request.
type example struct {
	Name       string
	Restricted bool
	Mapping    struct {
		Event string `json:"provider_event"`
	}
	Input     json.RawMessage
	Expected  json.RawMessage
	Preflight string `json:"expected_preflight"`
	URL       string
	Body      json.RawMessage `json:"expected_body"`
}

// targets are the events that the examples' source events become.
var targets = map[string]string{
	"transaction.purchase": "PURCHASE", "user.signed_up": "SIGN_UP", "page.viewed": "PAGE_VISIT", "search": "SEARCH", "lead.submitted": "LEAD",
}

// build makes the payload of an example's input. A name that no mapping may have
// is refused once more where it comes through all the same.
func (e *example) build(t *testing.T) provider.Built {
	t.Helper()
	var ev event.Event
	require.NoError(t, codec.DecodeEventJSON(&ev, e.Input))
	route := newRoute(t, "PURCHASE", func(d *resource.Destination, _ *resource.Mapping) { d.Defaults.PhoneCountry = "DE" })
	m := *route.Mapping
	if m.ProviderEvent = e.Mapping.Event; m.ProviderEvent == "" {
		m.ProviderEvent = targets[ev.Name]
	}
	target, problems := route.Account.Map(&m)
	require.Equal(t, e.Mapping.Event != "" && e.Preflight != "", len(problems) > 0)
	route.Mapping, route.Target = &m, target
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
				at := endpoint(newRoute(t, "PURCHASE", section(`{"test_id":"t2_test"}`)))
				r := at.Account.Assemble(nil, &provider.Batch{Endpoint: at, Fragments: [][]byte{first.Fragment}})
				require.Equal(t, e.URL, r.URL)
				require.JSONEq(t, string(e.Body), string(r.Body))
				return
			}
			built := e.build(t)
			if e.Preflight != "" {
				require.Equal(t, e.Preflight, built.PreflightReason.String())
				require.Empty(t, built.Fragment)
				return
			}
			require.Equal(t, decision.ReasonNone, built.IdentifierReason, built.Detail)
			require.Equal(t, decision.ReasonNone, built.PreflightReason, built.Detail)
			require.JSONEq(t, string(e.Expected), string(built.Fragment))
			a := judge(t, strict(sandbox.Config{}), newRoute(t, "PURCHASE"), built.Fragment)
			require.Equal(t, provider.Accepted, a.Class, "%s", a.Message)
		})
	}
}
