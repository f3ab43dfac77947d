package linkedin_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strconv"
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

// The vectors of LinkedIn's specification: what an event sends for each value.
func TestVectors(t *testing.T) {
	t.Parallel()
	var vectors []struct{ Field, Input, Kind, Sent string }
	read(t, "vectors.json", &vectors)
	require.Greater(t, len(vectors), 50)
	for _, v := range vectors {
		require.Equal(t, v.Kind == "drop", v.Sent == "")
		require.Equal(t, v.Sent, sent(t, v.Field, v.Input), "%s %q", v.Field, v.Input)
	}
}

// sent is what the payload of an event with one value of a member has in that
// member: empty where it is left out, where the event is refused for an amount or a
// currency that is none, or where nobody could set the rule up. The
// destination lets everything out, and a click id or an e-mail address stands beside
// it, so that the event is never refused for it.
func sent(t *testing.T, member, value string) string {
	t.Helper()
	ev := webEvent()
	ev.Device, ev.Commerce = event.Device{}, event.Commerce{}
	ev.Identity = event.Identity{FirstName: raw("Ada"), LastName: raw("Lovelace")}
	account, leaves, fields := accountJSON, everything, []resource.Field(nil)
	words := func(name string) {
		fields = []resource.Field{{Name: name, Value: event.Value{Kind: event.String, Str: value}}}
	}
	switch in := raw(value); member {
	case "SHA256_EMAIL":
		ev.Identity.Emails = []identity.Raw{in}
	case "SHA256_PHONE":
		ev.Identity.Phones = []identity.Raw{in}
	case "LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID":
		ev.Click.LiFatID, ev.Identity.Emails = in, []identity.Raw{raw("beside@mail.example")}
	case "GOOGLE_AID":
		ev.Device = event.Device{AdvertisingID: in, Platform: "android"}
	case "ACXIOM_ID", "ORACLE_MOAT_ID":
		ev.Identity.LoginIDs = []event.NamedRaw{{Name: map[string]string{"ACXIOM_ID": "acxiom", "ORACLE_MOAT_ID": "moat"}[member], Value: in}}
	case "PLAINTEXT_IP_ADDRESS":
		ev.Device.IP = in
	case "SHA256_IP_ADDRESS":
		ev.Device.IP, leaves = in, hashes
	case "hashedFirstName":
		ev.Identity.FirstName, leaves = in, hashes
	case "hashedLastName":
		ev.Identity.LastName, leaves = in, hashes
	case "firstName":
		ev.Identity.FirstName = in
	case "lastName":
		ev.Identity.LastName = in
	case "userInfo.countryCode":
		ev.Identity.Country = in
	case "title":
		words("title")
	case "companyName":
		words("company_name")
	case "lead":
		ev.Identity.LeadID = in
	case "externalIds[0]":
		ev.Identity.ExternalIDs = []identity.Raw{in}
	case "conversion":
		account = `{"ad_account_id":"508001","events":{"purchase":"` + value + `"}}`
		if _, problems := newProvider().Open(&resource.Destination{Account: json.RawMessage(account)}); resource.HasErrors(problems) {
			return ""
		}
	case "conversionValue.amount":
		amount, err := strconv.ParseFloat(value, 64)
		require.NoError(t, err)
		ev.Commerce.Value, ev.Commerce.Currency = event.Some(amount), "EUR"
	case "conversionValue.currencyCode":
		ev.Commerce.Value, ev.Commerce.Currency = event.Some(1.0), value
	default:
		require.Fail(t, "no such member", member)
	}
	in := input(newRoute(t, "purchase", section(leaves), func(d *resource.Destination, _ *resource.Mapping) { d.Account = json.RawMessage(account) }), ev)
	in.Regime, in.Fields = consent.OptOut, fields
	if refused(provider.Build(nil, in), member == "conversionValue.amount", member == "conversionValue.currencyCode") {
		return ""
	}
	return memberOf(t, pass(t, in).Fragment, member)
}

// refused reports whether an event is refused for its value or its currency, where
// it is one of these that may be wrong.
func refused(built provider.Built, value, currency bool) bool {
	return value && built.PreflightReason == decision.ProviderFieldInvalid || currency && built.PreflightReason == decision.ProviderCurrencyInvalid
}

// memberOf reads one member out of a payload by the last part of its name, or one
// identifier by its type.
func memberOf(t *testing.T, fragment []byte, member string) string {
	t.Helper()
	var sent struct {
		Conversion      string
		ConversionValue map[string]string
		User            struct {
			UserIDs     []struct{ IDType, IDValue string }
			UserInfo    map[string]string
			Lead        string
			ExternalIDs []string
		}
	}
	require.NoError(t, json.Unmarshal(fragment, &sent))
	has := map[string]string{"conversion": sent.Conversion, "lead": sent.User.Lead}
	for _, id := range sent.User.UserIDs {
		has[id.IDType] = id.IDValue
	}
	if ids := sent.User.ExternalIDs; len(ids) > 0 {
		has["externalIds[0]"] = ids[0]
	}
	maps.Copy(has, sent.User.UserInfo)
	maps.Copy(has, sent.ConversionValue)
	return has[member[strings.LastIndexByte(member, '.')+1:]]
}

// events are the provider events of the examples' names.
var events = map[string]string{
	"transaction.purchase": "purchase", "lead.submitted": "lead", "lead.qualified": "qualify_lead", "cart.added": "add_to_cart",
}

// settings are what the examples say in words.
var settings = map[string]string{
	"names in clear, setting on": `{"clear":["name"]}`, "hashed names, version 202609": `{"api_version":"202609","hashed":["name"]}`,
	"IP address, setting on": `{"clear":["ip"]}`, "only one of the names": `{"clear":["name"]}`,
}

// The payloads of LinkedIn's specification: each event gives the object that
// leaves, or the refusal.
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
			route := newRoute(t, events[ev.Name], section(settings[e.Name]), func(d *resource.Destination, _ *resource.Mapping) { d.Defaults.PhoneCountry = "DE" })
			in := input(route, ev)
			in.Now = time.Date(2026, 11, 21, 9, 0, 5, 0, time.UTC).UnixMilli()
			if strings.Contains(string(e.Input), `"ad_storage": "denied"`) {
				in.Usable = consent.AdUserData | consent.AdPersonalization
			}
			if strings.HasPrefix(e.Name, "IP address") {
				in.Regime = consent.OptOut
			}
			in.Restricted = strings.HasPrefix(e.Name, "opted out")
			check(t, provider.Build(nil, in), in, e.Expected)
		})
	}
}

// check compares an answer with what an example expects.
func check(t *testing.T, out provider.Built, in *provider.Input, expected json.RawMessage) {
	t.Helper()
	var refusal struct{ Refused string }
	require.NoError(t, json.Unmarshal(expected, &refusal))
	switch refusal.Refused {
	case "":
		require.Equal(t, decision.ReasonNone, out.IdentifierReason, out.Detail)
		require.Equal(t, decision.ReasonNone, out.PreflightReason, out.Detail)
		require.JSONEq(t, string(expected), string(out.Fragment))
	case "not restrictable":
		require.False(t, out.Restrictable)
		require.Empty(t, out.Fragment)
	case "provider.too_old":
		require.Greater(t, in.Now, out.NotAfter)
	case "provider.in_future":
		require.Greater(t, in.Event.Time-in.Now, out.FutureTolerance)
	case out.IdentifierReason.String(), out.PreflightReason.String():
		require.Empty(t, out.Fragment)
	default:
		require.Fail(t, "not refused", "%s, but %s %s %s", refusal.Refused, out.IdentifierReason, out.PreflightReason, out.Detail)
	}
}

// The answers of LinkedIn's specification: each has the class that a sender acts
// on.
func TestResponses(t *testing.T) {
	t.Parallel()
	var file struct {
		Codes []struct {
			Code, Class string
		}
		Examples []struct {
			Name    string
			N       int
			Status  int
			Body    json.RawMessage
			Headers map[string]string
			Expect  struct {
				Class         string
				Code          *string
				RequestID     string `json:"request_id"`
				Faults        []int
				RestDelivered bool  `json:"rest_delivered"`
				WaitMS        int64 `json:"wait_ms"`
			}
		}
	}
	read(t, "responses.json", &file)
	require.NotEmpty(t, file.Examples)
	for _, e := range file.Examples {
		body := []byte(e.Body)
		if text := ""; json.Unmarshal(e.Body, &text) == nil {
			body = []byte(text)
		}
		header := func(name string) string {
			for k, v := range e.Headers {
				if strings.EqualFold(k, name) {
					return v
				}
			}
			return ""
		}
		a := newProvider().Classify(e.N, &provider.Response{Status: e.Status, Body: body, Header: header, Now: now})
		require.Equal(t, e.Expect.Class, a.Class.String(), e.Name)
		require.Equal(t, e.Expect.RestDelivered, a.RestDelivered, e.Name)
		require.Equal(t, e.Expect.WaitMS, a.WaitMS, e.Name)
		if e.Expect.Code != nil {
			require.Equal(t, *e.Expect.Code, a.Code, e.Name)
		}
		if e.Expect.RequestID != "" {
			require.Equal(t, e.Expect.RequestID, a.RequestID, e.Name)
		}
		var faults []int
		for _, f := range a.Faults {
			faults = append(faults, f.Index)
		}
		require.Equal(t, e.Expect.Faults, faults, e.Name)
	}
}

// What leaves in clear where a destination says so, and what never does.
func TestClearMembers(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"firstName", " Mary ", "Mary"}, {"lastName", "None", "None"}, {"firstName", "undefined", ""}, {"title", " Head of Sales ", "Head of Sales"}, {"title", "a\x00b", ""},
		{"companyName", "Acme Ltd", "Acme Ltd"}, {"lead", "urn:li:leadGenFormResponse:abc-5", "urn:li:leadGenFormResponse:abc-5"}, {"lead", "1234567890123456", ""},
		{"ORACLE_MOAT_ID", "abc", ""}, {"SHA256_PHONE", "+4915123456789", ""},
	} {
		require.Equal(t, c[2], sent(t, c[0], c[1]), c)
	}
}
