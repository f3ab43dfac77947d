package tiktok_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/tiktok"
)

// payloadCase is an event as producers send it, and the one event as it stands in
// the request.
type payloadCase struct {
	Name        string
	Input       json.RawMessage
	Envelope    json.RawMessage
	Destination json.RawMessage
	Restricted  bool
	Expected    json.RawMessage
	Body        json.RawMessage `json:"expected_body"`
	Preflight   string          `json:"expected_preflight"`
}

func payloadCases(t testing.TB) []payloadCase {
	t.Helper()
	text, err := os.ReadFile("testdata/payloads.json")
	require.NoError(t, err)
	var file struct{ Examples []payloadCase }
	require.NoError(t, json.Unmarshal(text, &file))
	require.NotEmpty(t, file.Examples)
	return file.Examples
}

// eventOf is the event of a case, by the standard template's name.
func eventOf(t testing.TB, c *payloadCase) (*event.Event, string) {
	t.Helper()
	ev := &event.Event{}
	require.NoError(t, codec.DecodeEventJSON(ev, c.Input))
	m, ok := tiktok.Provider{}.TemplateEvent("commerce", ev.Name)
	require.True(t, ok, ev.Name)
	return ev, m.ProviderEvent
}

func TestEveryPayload(t *testing.T) {
	t.Parallel()
	cases := payloadCases(t)
	for i := range cases {
		c := &cases[i]
		if c.Body != nil {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			ev, name := eventOf(t, c)
			route := newRoute(t, as(name), func(d *resource.Destination, _ *resource.Mapping) {
				if c.Envelope != nil {
					d.Account = c.Envelope
				}
				// City, state and country leave in clear, so only where they are wanted.
				d.Section = json.RawMessage(`{"location":"clear"}`)
				if c.Destination != nil {
					d.Section = c.Destination
				}
				d.Defaults.PhoneCountry = "DE"
			})
			in := input(route, ev)
			if c.Restricted {
				restricted(in)
			}
			built := provider.Build(nil, in)
			if c.Preflight != "" {
				reason := built.IdentifierReason
				if reason == decision.ReasonNone {
					reason = built.PreflightReason
				}
				require.Equal(t, c.Preflight, reason.String(), built.Detail)
				return
			}
			require.Equal(t, decision.ReasonNone, built.IdentifierReason, built.Detail)
			require.Equal(t, decision.ReasonNone, built.PreflightReason, built.Detail)
			require.JSONEq(t, string(c.Expected), string(built.Fragment))
			require.Equal(t, provider.Accepted, judge(t, route, built.Fragment).Class)
		})
	}
}

// The whole request of a test event: its code stands beside the events.
func TestTheRequestOfATestEvent(t *testing.T) {
	t.Parallel()
	cases := payloadCases(t)
	var registration, test *payloadCase
	for i := range cases {
		switch cases[i].Name {
		case "registration, no commerce":
			registration = &cases[i]
		case "test event":
			test = &cases[i]
		}
	}
	ev, name := eventOf(t, registration)
	route := newRoute(t, as(name), func(d *resource.Destination, _ *resource.Mapping) { d.Defaults.PhoneCountry = "DE" })
	trial, err := tiktok.Provider{}.Trial(route.Destination, provider.TrialOptions{Code: "TEST12345"})
	require.NoError(t, err)
	require.True(t, trial.Stored)
	marked := newRoute(t, as(name), func(d *resource.Destination, _ *resource.Mapping) { *d = *trial.Destination })
	r, _ := assemble(t, marked, provider.Build(nil, input(marked, ev)).Fragment)
	require.JSONEq(t, string(test.Body), string(r.Body))
	require.Equal(t, "https://business-api.tiktok.com/open_api/v1.3/event/track/", r.URL)
}
