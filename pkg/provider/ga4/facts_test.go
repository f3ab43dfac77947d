package ga4_test

import (
	"encoding/json"
	"strconv"
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
	"github.com/sluicehq/sluice/pkg/provider/ga4"
)

// targets are the events that the examples' source events become.
var targets = map[string]string{
	"transaction.purchase": "purchase", "transaction.refunded": "refund", "cart.added": "add_to_cart", "lead.submitted": "generate_lead",
	"lead.qualified": "qualify_lead", "subscription.created": "subscribe", "page.viewed": "page_view", "session.started": "session_start",
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
			name := targets[ev.Name]
			if strings.Contains(string(e.Expected), `"mapping"`) {
				a, _ := ga4.Provider{}.Open(newRoute(t, "purchase").Destination)
				_, problems := a.Map(&resource.Mapping{ProviderEvent: name})
				require.True(t, resource.HasErrors(problems), "found when the mapping is read")
				return
			}
			route := newRoute(t, name, func(d *resource.Destination, m *resource.Mapping) {
				m.Include = map[string]bool{"item_names": true, "page_title": true}
				switch {
				case strings.HasPrefix(e.Name, "app"):
					d.Account = json.RawMessage(appAccount)
				case strings.HasSuffix(e.Name, "settings on"):
					d.Section = json.RawMessage(`{"user_id":"external_id","user_data":true}`)
				case e.Name == "user property":
					m.Section = json.RawMessage(`{"user_properties":["tier"]}`)
				case strings.HasPrefix(e.Name, "subscription"):
					m.Properties = []string{"plan"}
				}
			})
			in := input(route, &ev)
			switch {
			case strings.HasPrefix(e.Name, "nobody said"):
				in.Said, in.Regime = consent.State{}, consent.OptOut
			case strings.HasPrefix(e.Name, "personalisation denied"):
				in.Said = consent.State{Granted: consent.AllPurposes &^ consent.AdPersonalization, Denied: consent.AdPersonalization}
				in.Usable = in.Said.Granted
			}
			built := pass(t, in)
			if strings.Contains(string(e.Expected), "too_old") {
				require.Less(t, built.NotAfter, now, "the age gate refuses it")
				return
			}
			require.JSONEq(t, string(e.Expected), string(built.Fragment))
			require.True(t, built.ReliesOn.Has(consent.AdUserData|consent.AnalyticsStorage))
			a := judge(t, route, built.Fragment)
			require.Equal(t, provider.Accepted, a.Class, "%s", a.Message)
		})
	}
}

// TestVectors sends each value through a whole event, or a mapping where it is a name.
func TestVectors(t *testing.T) {
	t.Parallel()
	var vectors []struct {
		Field, Input string
		Sent         *string
		Context      struct {
			CallingCode string `json:"phone_country_code"`
		}
	}
	read(t, "vectors.json", &vectors)
	require.Greater(t, len(vectors), 50)
	for _, v := range vectors {
		country := map[string]string{"49": "DE"}[v.Context.CallingCode]
		got, ok := sent(t, v.Field, v.Input, country)
		require.Equal(t, v.Sent != nil, ok, "%s %q", v.Field, v.Input)
		if ok {
			require.Equal(t, *v.Sent, got, "%s %q", v.Field, v.Input)
		}
	}
	for field, refused := range map[string][]string{
		"client_id": {"0.1795251000", "1.0", "1.2.3", "amp-abc", "-1.2"}, "session_id": {"GS3.1.1795251600", "s", ""},
		"app_instance_id": {"01234567-89ab-cdef-0123-456789abcdef", "00000000000000000000000000000000"}, "user_id": {"ann@example.org", "undefined", strings.Repeat("x", 257)},
		"address.country": {"XX", ""}, "address.city": {"12345", "n/a"}, "parameter name": {"ga_x", "gtag.x", "a b", ""}, "event name": {"screen_view", "ad_click"}, "transaction_id": {"", "null"},
	} {
		for _, s := range refused {
			_, ok := sent(t, field, s, "")
			require.False(t, ok, "%s %q", field, s)
		}
	}
}

// sent is what stands in a request for one value of a member; false where nothing
// does.
func sent(t *testing.T, member, value, phoneCountry string) (string, bool) {
	t.Helper()
	if member == "event name" || member == "parameter name" {
		a, _ := ga4.Provider{}.Open(newRoute(t, "purchase").Destination)
		m := &resource.Mapping{ProviderEvent: value}
		if member == "parameter name" {
			m.ProviderEvent, m.Properties = "purchase", []string{value}
		}
		_, problems := a.Map(m)
		return value, !resource.HasErrors(problems)
	}
	ev, one := webEvent(), raw(value)
	ev.Identity = event.Identity{PostalCode: raw("10115")} // keeps an address, for the country
	ev.Analytics = event.Analytics{ClientID: raw("1.2"), AppInstanceID: raw("0123456789abcdef0123456789abcdef")}
	options := []option{details, func(d *resource.Destination, _ *resource.Mapping) {
		d.Defaults.PhoneCountry = phoneCountry
	}}
	switch member {
	case "client_id":
		ev.Analytics.ClientID = one
	case "app_instance_id":
		ev.Analytics.AppInstanceID, options = one, append(options, inApp)
	case "session_id":
		ev.Analytics.SessionID = one
	case "user_id":
		ev.Analytics.UserID = one
	case "transaction_id":
		ev.Commerce.TransactionID = value
	case "sha256_email_address":
		ev.Identity.Emails = []identity.Raw{one}
	case "sha256_phone_number":
		ev.Identity.Phones = []identity.Raw{one}
	case "sha256_first_name":
		ev.Identity.FirstName = one
	case "sha256_last_name":
		ev.Identity.LastName = one
	case "sha256_street":
		ev.Identity.Street = one
	case "address.city":
		ev.Identity.City = one
	case "address.region":
		ev.Identity.Region = one
	case "address.postal_code":
		ev.Identity.PostalCode = one
	case "address.country":
		ev.Identity.Country = one
	default:
		t.Fatalf("no such member: %s", member)
	}
	built := provider.Build(nil, input(newRoute(t, "purchase", options...), ev))
	if built.IdentifierReason != decision.ReasonNone {
		return "", false
	}
	var tree any
	require.NoError(t, json.Unmarshal(built.Fragment, &tree))
	return find(tree, strings.TrimPrefix(member, "address."))
}

// find gives the text of a member, wherever it stands, the first of a list.
func find(v any, name string) (string, bool) {
	switch v := v.(type) {
	case map[string]any:
		switch own := v[name].(type) {
		case string:
			return own, true
		case []any:
			return own[0].(string), true
		}
		for _, inner := range v {
			if text, ok := find(inner, name); ok {
				return text, true
			}
		}
	case []any:
		for _, inner := range v {
			if text, ok := find(inner, name); ok {
				return text, true
			}
		}
	}
	return "", false
}

func TestResponses(t *testing.T) {
	t.Parallel()
	var file struct {
		Codes    []struct{ Code, HTTP, Class string }
		Examples []struct {
			Name   string
			N      int
			Status int
			Body   json.RawMessage
			Expect struct {
				Class    string
				Faults   []int
				WaitMS   int64 `json:"wait_ms"`
				Unmapped bool
			}
		}
	}
	read(t, "responses.json", &file)
	require.NotEmpty(t, file.Examples)
	for _, e := range file.Examples {
		body := []byte(e.Body)
		var text string
		if json.Unmarshal(e.Body, &text) == nil {
			body = []byte(text)
		}
		a := ga4.Provider{}.Classify(e.N, &provider.Response{Status: e.Status, Body: body, Now: now})
		require.Equal(t, e.Expect.Class, a.Class.String(), e.Name)
		require.Equal(t, e.Expect.WaitMS, a.WaitMS, e.Name)
		if e.Status != 0 {
			require.Equal(t, e.Expect.Unmapped, a.Unmapped, e.Name)
		}
		var faults []int
		for _, f := range a.Faults {
			faults = append(faults, f.Index)
		}
		require.Equal(t, e.Expect.Faults, faults, e.Name)
		require.Equal(t, e.Status >= 500, a.Unsure, "%s: what is no success may have been taken", e.Name)
	}
	for _, c := range file.Codes {
		status, err := strconv.Atoi(strings.FieldsFunc(c.HTTP, func(r rune) bool { return r == ',' || r == '-' })[0])
		require.NoError(t, err)
		body := ""
		if strings.Contains(c.Code, "_") {
			body = `{"validationMessages":[{"fieldPath":"x","description":"x","validationCode":"` + c.Code + `"}]}`
		}
		a := ga4.Provider{}.Classify(1, &provider.Response{Status: status, Body: []byte(body)})
		require.Equal(t, c.Class, a.Class.String(), c.Code)
		require.False(t, a.Unmapped, c.Code)
	}
}
