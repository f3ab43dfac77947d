package x_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

func read(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, into))
}

// text is a JSON value without the quotes of a string.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// The vectors of X's specification: what an event sends for each value.
func TestVectors(t *testing.T) {
	t.Parallel()
	var vectors []struct {
		Field, Kind, Source string
		Input               json.RawMessage
		Sent                json.RawMessage
		Context             struct {
			CallingCode string `json:"phone_country_code"`
		}
	}
	read(t, "vectors.json", &vectors)
	require.Greater(t, len(vectors), 50)
	for _, v := range vectors {
		want := ""
		if string(v.Sent) != "null" {
			want = text(v.Sent)
		}
		require.Equal(t, v.Kind == "drop", want == "")
		require.Equal(t, want, sent(t, v.Field, text(v.Input), map[string]string{"49": "DE"}[v.Context.CallingCode]), "%s %s", v.Field, v.Input)
	}
}

// sent is what the payload of an event with one value of a member has in that
// member: empty where it is left out, where the event is refused for a currency that
// is none, or where nobody could set the event up.
// Another identifier stands beside it, so that the event is never refused for it.
func sent(t *testing.T, member, value, country string) string {
	t.Helper()
	ev := webEvent()
	ev.Click, ev.Device, ev.Page, ev.Commerce = event.Click{}, event.Device{}, event.Page{}, event.Commerce{}
	ev.Identity = event.Identity{Emails: []identity.Raw{raw("beside@mail.example")}}
	moment, account := now, accountJSON
	switch in := raw(value); member {
	case "hashed_email":
		ev.Identity, ev.Click.Twclid = event.Identity{Emails: []identity.Raw{in}}, raw("23opevjt88psuo13lu8d020qkn")
	case "hashed_phone_number":
		ev.Identity.Phones = []identity.Raw{in}
	case "twclid":
		ev.Click.Twclid = in
	case "ip_address":
		ev.Device.IP = in
	case "user_agent":
		ev.Device.UserAgent = in
	case "event_id":
		account = `{"pixel_id":"o8z6j","events":{"purchase":"` + value + `"}}`
		if _, problems := newProvider().Open(&resource.Destination{Account: json.RawMessage(account)}); resource.HasErrors(problems) {
			return ""
		}
	case "conversion_id":
		ev.Commerce.TransactionID = value
	case "conversion_time":
		moment = number[int64](t, value)
		ev.Time = moment
	case "value":
		ev.Commerce.Value, ev.Commerce.Currency = event.Some(number[float64](t, value)), "USD"
	case "price_currency":
		ev.Commerce.Value, ev.Commerce.Currency = event.Some(1.0), value
	case "number_items":
		ev.Commerce.Items = []event.Item{{ID: "sku1", Quantity: event.Some(number[int64](t, value))}}
	default:
		require.Fail(t, "no such member", member)
	}
	in := input(newRoute(t, "purchase", func(d *resource.Destination, _ *resource.Mapping) {
		d.Account, d.Defaults.PhoneCountry = json.RawMessage(account), country
	}), ev)
	in.Now = moment
	if member == "price_currency" && provider.Build(nil, in).PreflightReason == decision.ProviderCurrencyInvalid {
		return ""
	}
	var fragment map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(pass(t, in).Fragment, &fragment))
	var identifiers []map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(fragment["identifiers"], &identifiers))
	for _, one := range identifiers {
		maps.Copy(fragment, one)
	}
	return text(fragment[member])
}

// number is a number as JSON has it.
func number[N int64 | float64](t *testing.T, text string) (n N) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &n))
	return n
}

// events are the provider events of the examples' names.
var events = map[string]string{
	"transaction.purchase": "purchase", "lead.submitted": "lead", "user.signed_up": "sign_up", "cart.added": "add_to_cart", "products.searched": "search",
}

// The payloads of X's specification: each event gives the object that leaves, or the
// refusal. Names of items and the search term leave where the mapping includes them.
func TestPayloads(t *testing.T) {
	t.Parallel()
	var file struct {
		Examples []struct {
			Name            string
			Input, Expected json.RawMessage
		}
	}
	read(t, "payloads.json", &file)
	require.NotEmpty(t, file.Examples)
	for _, e := range file.Examples {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			ev := decode(t, e.Input)
			if strings.HasPrefix(e.Name, "no event configured") {
				account, problems := newProvider().Open(&resource.Destination{Account: json.RawMessage(`{"pixel_id":"o8z6j","events":{"purchase":"ol288"}}`)})
				require.Empty(t, problems)
				_, problems = account.Map(&resource.Mapping{ProviderEvent: events[ev.Name]})
				require.True(t, resource.HasErrors(problems))
				return
			}
			route := newRoute(t, events[ev.Name], func(d *resource.Destination, m *resource.Mapping) {
				d.Defaults.PhoneCountry, m.SourceEvent = "DE", ev.Name
				m.Include = map[string]bool{"item_names": true, "search_term": true}
			})
			in := input(route, ev)
			in.Now = time.Date(2026, 11, 21, 9, 0, 5, 0, time.UTC).UnixMilli()
			if strings.HasPrefix(e.Name, "ad_storage denied") {
				in.Usable = consent.AdUserData | consent.AdPersonalization
			}
			out := provider.Build(nil, in)
			require.Equal(t, decision.ReasonNone, out.IdentifierReason, out.Detail)
			require.Equal(t, decision.ReasonNone, out.PreflightReason, out.Detail)
			require.JSONEq(t, string(e.Expected), string(out.Fragment))
		})
	}
}

// The answers of X's specification: each has the class that a sender acts on.
func TestResponses(t *testing.T) {
	t.Parallel()
	var file struct {
		Codes    []struct{ Code, HTTP, Class string }
		Examples []struct {
			Name    string
			N       int
			Status  int
			Body    json.RawMessage
			Headers map[string]string
			Expect  struct {
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
		header := func(name string) string {
			for k, v := range e.Headers {
				if strings.EqualFold(k, name) {
					return v
				}
			}
			return ""
		}
		a := newProvider().Classify(e.N, &provider.Response{Status: e.Status, Body: []byte(text(e.Body)), Header: header, Now: 1795251600_000})
		require.Equal(t, e.Expect.Class, a.Class.String(), e.Name)
		require.Equal(t, e.Expect.WaitMS, a.WaitMS, e.Name)
		require.Equal(t, e.Expect.Unmapped, a.Unmapped, e.Name)
		require.Len(t, a.Faults, len(e.Expect.Faults), e.Name)
		for i, f := range a.Faults {
			require.Equal(t, e.Expect.Faults[i], f.Index, e.Name)
		}
	}
	statuses := map[string]int{"200": 200}
	for _, c := range file.Codes {
		if statuses[c.Code] == 200 {
			continue
		}
		var status int
		require.NoError(t, json.Unmarshal([]byte(c.HTTP), &status))
		a := newProvider().Classify(3, &provider.Response{Status: status, Body: []byte(`{"errors":[{"code":"` + c.Code + `","message":"x"}]}`)})
		require.Equal(t, c.Class, a.Class.String(), c.Code)
		require.False(t, a.Unmapped, c.Code)
		require.Equal(t, c.Code, a.Code)
	}
}
