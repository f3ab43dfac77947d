package snapchat_test

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
	"github.com/sluicehq/sluice/pkg/provider/snapchat"
)

// payloadCase is an event as producers send it, and the one event as it stands in
// the request.
type payloadCase struct {
	Name        string
	Input       json.RawMessage
	Asset       string
	Destination json.RawMessage
	Restricted  bool
	Expected    json.RawMessage
	Body        json.RawMessage `json:"expected_body"`
	URL         string
	Preflight   string `json:"expected_preflight"`
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

// eventOf is the event of a case, by the standard template's name. Leads have none
// there; a mapping that sends them as sign-ups says so.
func eventOf(t testing.TB, c *payloadCase) (*event.Event, string) {
	t.Helper()
	ev := &event.Event{}
	require.NoError(t, codec.DecodeEventJSON(ev, c.Input))
	m, ok := snapchat.Provider{}.TemplateEvent("commerce", ev.Name)
	require.True(t, ok, ev.Name)
	if m.ProviderEvent == resource.NoEvent {
		require.Equal(t, "lead.submitted", ev.Name)
		return ev, "SIGN_UP"
	}
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
			route := newRoute(t, as(name), func(d *resource.Destination, m *resource.Mapping) {
				if c.Asset != "" {
					app(d, m)
				}
				// Snapchat's own word for it is doubtful, so a destination has to choose.
				d.Section = json.RawMessage(`{"data_processing_options":"LMU"}`)
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
			require.JSONEq(t, withoutDevice(t, c.Expected), withoutDevice(t, built.Fragment))
			require.Equal(t, provider.Accepted, judge(t, route, built.Fragment).Class)
		})
	}
}

// withoutDevice is a payload whose extinfo is only its format and length: the
// collected one has versions that its event does not say.
func withoutDevice(t testing.TB, payload []byte) string {
	t.Helper()
	var v map[string]any
	require.NoError(t, json.Unmarshal(payload, &v))
	if app, ok := v["app_data"].(map[string]any); ok {
		info, _ := app["extinfo"].([]any)
		require.Len(t, info, 16)
		app["extinfo"] = []any{info[0], info[4], info[5]}
	}
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

// The whole requests, stored and only checked. The token is in neither.
func TestWholeRequests(t *testing.T) {
	t.Parallel()
	cases := payloadCases(t)
	for i := range cases {
		c := &cases[i]
		if c.Body == nil {
			continue
		}
		var want struct{ Data []json.RawMessage }
		require.NoError(t, json.Unmarshal(c.Body, &want))
		route := newRoute(t)
		b := &provider.Batch{
			Endpoint:  &provider.Endpoint{Destination: route.Destination, Account: route.Account.(provider.Account), BaseURL: "https://tr.snapchat.com"},
			Fragments: [][]byte{want.Data[0]}, ValidateOnly: c.Name == "validate only",
		}
		r := b.Endpoint.Account.Assemble(nil, b)
		require.JSONEq(t, string(c.Body), string(r.Body))
		require.Equal(t, c.URL, r.URL+"?access_token=<secret>")
		require.Equal(t, "POST", r.Method)
	}
}
