package microsoft_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/microsoft"
)

// targets are the events that the examples' source events become.
var targets = map[string]string{
	"transaction.purchase": "purchase", "page.viewed": "pageLoad", "cart.added": "add_to_cart", "products.searched": "search", "lead.qualified": "qualify_lead",
}

// TestPayloads holds payloads against the given ones, and the stand-in takes each.
func TestPayloads(t *testing.T) {
	t.Parallel()
	var examples []struct {
		Name            string
		Input, Expected json.RawMessage
	}
	read(t, "payloads.json", &examples)
	require.NotEmpty(t, examples)
	for _, e := range examples {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			var ev event.Event
			require.NoError(t, codec.DecodeEventJSON(&ev, e.Input))
			route := newRoute(t, targets[ev.Name], everything)
			in := input(route, &ev)
			if strings.Contains(e.Name, "nobody said") {
				in.Said, in.Regime = consent.State{}, consent.OptOut
			}
			built := provider.Build(nil, in)
			require.Equal(t, decision.ReasonNone, built.IdentifierReason, built.Detail)
			require.Equal(t, decision.ReasonNone, built.PreflightReason, built.Detail)
			if strings.Contains(string(e.Expected), "too_old") {
				require.Less(t, built.NotAfter, now, "the age gate refuses it")
				return
			}
			require.JSONEq(t, string(e.Expected), string(built.Fragment))
			require.True(t, built.ReliesOn.Has(consent.AdUserData|consent.AdStorage))
			a := judge(t, route, built.Fragment)
			require.Equal(t, provider.Accepted, a.Class, "%s", a.Message)
		})
	}
}

// TestVectors sends each value through a whole event.
func TestVectors(t *testing.T) {
	t.Parallel()
	var vectors []struct {
		Field, Input, Kind string
		Sent               *string
	}
	read(t, "vectors.json", &vectors)
	require.NotEmpty(t, vectors)
	for _, v := range vectors {
		if v.Field == "adStorageConsent" { // TestPayloads
			continue
		}
		ev := webEvent()
		ev.Identity, ev.Click, ev.Device, ev.Page = event.Identity{}, event.Click{}, event.Device{}, event.Page{}
		ev.Source = event.SourceApp
		switch value := raw(v.Input); v.Field {
		case "em":
			ev.Identity.Emails = []identity.Raw{value}
		case "ph":
			ev.Identity.Phones = []identity.Raw{value}
		case "externalId":
			ev.Identity.ExternalIDs = []identity.Raw{value}
		case "msclkid":
			ev.Click.Msclkid = value
		case "anonymousId":
			ev.Click.Uetvid = value
		case "clientIpAddress":
			ev.Device.IP, ev.Identity.Emails = value, []identity.Raw{raw("a@mail.example")}
		case "idfa", "gaid":
			ev.Device.AdvertisingID, ev.Device.Platform = value, map[string]string{"idfa": "ios", "gaid": "android"}[v.Field]
		default:
			t.Fatalf("no such field: %s", v.Field)
		}
		route := newRoute(t, "purchase", func(d *resource.Destination, _ *resource.Mapping) {
			d.Defaults.PhoneCountry = "US"
			d.Prehashed = resource.Prehashed{Phone: resource.PhoneE164, Email: resource.EmailAllTag}
		})
		built := provider.Build(nil, input(route, ev))
		if v.Sent == nil {
			require.NotEqual(t, decision.ReasonNone, built.IdentifierReason, "%s %q", v.Field, v.Input)
			continue
		}
		require.Equal(t, decision.ReasonNone, built.IdentifierReason, "%s %q: %s", v.Field, v.Input, built.Detail)
		var sent struct{ UserData map[string]string }
		require.NoError(t, json.Unmarshal(built.Fragment, &sent))
		require.Equal(t, *v.Sent, sent.UserData[v.Field], "%s %q", v.Field, v.Input)
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
			Class         string
			Faults        []int
			Warnings      int
			RestDelivered bool   `json:"rest_delivered"`
			WaitMS        int64  `json:"wait_ms"`
			RequestID     string `json:"request_id"`
		}
	}
	read(t, "responses.json", &examples)
	require.NotEmpty(t, examples)
	for _, e := range examples {
		body := []byte(e.Body)
		var text string
		if json.Unmarshal(e.Body, &text) == nil {
			body = []byte(text)
		}
		a := microsoft.Provider{}.Classify(e.N, &provider.Response{Status: e.Status, Body: body, Header: func(name string) string { return e.Headers[name] }, Now: now})
		require.Equal(t, e.Expect.Class, a.Class.String(), e.Name)
		require.Equal(t, e.Expect.RestDelivered, a.RestDelivered, e.Name)
		require.Equal(t, e.Expect.WaitMS, a.WaitMS, e.Name)
		var faults []int
		for _, f := range a.Faults {
			faults = append(faults, f.Index)
		}
		require.Equal(t, e.Expect.Faults, faults, e.Name)
		if e.Expect.Warnings > 0 {
			require.Len(t, a.Warnings, e.Expect.Warnings, e.Name)
		}
		if e.Expect.RequestID != "" {
			require.Equal(t, e.Expect.RequestID, a.RequestID, e.Name)
		}
	}
}
