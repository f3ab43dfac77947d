package microsoftoffline_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/microsoftoffline"
)

// TestPayloads holds payloads against the given ones, and the stand-in takes each.
func TestPayloads(t *testing.T) {
	t.Parallel()
	var examples []struct {
		Name, Shape string
		Input       json.RawMessage
		Expected    json.RawMessage
	}
	read(t, "payloads.json", &examples)
	require.NotEmpty(t, examples)
	for _, e := range examples {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			var more struct{ Fields map[string]float64 }
			require.NoError(t, json.Unmarshal(e.Input, &more))
			var members map[string]json.RawMessage
			require.NoError(t, json.Unmarshal(e.Input, &members))
			delete(members, "fields") // of the mapping, not of the event
			text, err := json.Marshal(members)
			require.NoError(t, err)
			var ev event.Event
			require.NoError(t, codec.DecodeEventJSON(&ev, text))
			var options []option
			if e.Shape == "adjust" {
				options = append(options, section(adjust))
			}
			in := &provider.Input{}
			if v, ok := more.Fields["value"]; ok {
				options = append(options, remaining)
				in.Fields = number(v)
			}
			route := newRoute(t, "close_convert_lead", options...)
			fields := in.Fields
			in = input(route, &ev)
			in.Fields = fields
			built := provider.Build(nil, in)
			require.Equal(t, decision.ReasonNone, built.IdentifierReason, built.Detail)
			require.Equal(t, decision.ReasonNone, built.PreflightReason, built.Detail)
			require.JSONEq(t, string(e.Expected), string(built.Fragment))
			a := judge(t, route, built)
			require.Equal(t, provider.Accepted, a.Class, "%s %s", a.Code, a.Message)
		})
	}
}

// TestVectors sends each value through a whole event.
func TestVectors(t *testing.T) {
	t.Parallel()
	var vectors []struct {
		Field, Input string
		Sent         *string
	}
	read(t, "vectors.json", &vectors)
	require.NotEmpty(t, vectors)
	for _, v := range vectors {
		ev := sale()
		ev.Identity, ev.Click = event.Identity{}, event.Click{}
		switch value := raw(v.Input); v.Field {
		case "MicrosoftClickId":
			ev.Click.Msclkid = value
		case "HashedEmailAddress":
			ev.Identity.Emails = []identity.Raw{value}
		case "HashedPhoneNumber":
			ev.Identity.Phones = []identity.Raw{value}
		default:
			t.Fatalf("no such field: %s", v.Field)
		}
		built := provider.Build(nil, input(newRoute(t, "purchase", func(d *resource.Destination, _ *resource.Mapping) { d.Defaults.PhoneCountry = "US" }), ev))
		if v.Sent == nil {
			require.NotEqual(t, decision.ReasonNone, built.IdentifierReason, "%s %q", v.Field, v.Input)
			continue
		}
		require.Equal(t, decision.ReasonNone, built.IdentifierReason, "%s %q: %s", v.Field, v.Input, built.Detail)
		var sent map[string]any
		require.NoError(t, json.Unmarshal(built.Fragment, &sent))
		require.Equal(t, *v.Sent, sent[v.Field], "%s %q", v.Field, v.Input)
	}
}

func TestResponses(t *testing.T) {
	t.Parallel()
	var examples []struct {
		Name    string
		N       int
		Status  int
		Body    json.RawMessage
		Headers map[string]string
		Expect  struct {
			Class     string
			Code      string
			Faults    []int
			WaitMS    int64  `json:"wait_ms"`
			RequestID string `json:"request_id"`
		}
	}
	read(t, "responses.json", &examples)
	require.NotEmpty(t, examples)
	for _, e := range examples {
		a := microsoftoffline.Provider{}.Classify(e.N, &provider.Response{Status: e.Status, Body: e.Body, Header: func(name string) string { return e.Headers[name] }, Now: now})
		require.Equal(t, e.Expect.Class, a.Class.String(), e.Name)
		require.Equal(t, e.Expect.WaitMS, a.WaitMS, e.Name)
		require.Len(t, a.Faults, len(e.Expect.Faults), e.Name)
		if e.Expect.Code != "" {
			require.Equal(t, e.Expect.Code, a.Code, e.Name)
		}
		if e.Expect.RequestID != "" {
			require.Equal(t, e.Expect.RequestID, a.RequestID, e.Name)
		}
		require.False(t, a.Unmapped, e.Name)
	}
}
