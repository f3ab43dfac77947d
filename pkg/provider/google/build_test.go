package google_test

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/google"
)

// bare removes everything that Google could match by.
func bare(k *kit) {
	k.in.Event.Identity, k.in.Event.Click, k.in.Event.Device = event.Identity{}, event.Click{}, event.Device{}
}

func offline(k *kit) {
	k.destination.Account = json.RawMessage(`{"conversion_actions":{"purchase":{"id":"987654321","type":"offline"}},"customer_id":"1234567890"}`)
}

func adjust(k *kit) {
	k.mapping.Section, k.mapping.Fields = json.RawMessage(`{"adjust":true}`), map[string]string{"value": "1.0"}
	k.in.Fields = []resource.Field{{Name: "value", Value: event.Value{Kind: event.Double, Double: 10}}}
}

func TestGates(t *testing.T) {
	tests := []struct {
		name   string
		change func(*kit)
		want   decision.Reason
	}{
		{"a web purchase passes", func(*kit) {}, decision.ReasonNone},
		{"nothing to match by", bare, decision.IdentifiersNone},
		{"identifiers that no rule makes usable", func(k *kit) {
			bare(k)
			k.in.Event.Identity.Emails = []identity.Raw{identity.NewRaw("nobody")}
		}, decision.IdentifiersNone},
		{"an incomplete address", func(k *kit) {
			bare(k)
			k.in.Event.Identity.FirstName, k.in.Event.Identity.LastName = identity.NewRaw("Jane"), identity.NewRaw("Doe")
		}, decision.IdentifiersNone},
		{"a user agent alone", func(k *kit) {
			bare(k)
			k.in.Event.Device.UserAgent = identity.NewRaw("Mozilla/5.0")
		}, decision.IdentifiersInsufficient},
		{"contextual signals, chosen", func(k *kit) {
			optOut(k)
			k.in.Event.Identity, k.in.Event.Click = event.Identity{}, event.Click{}
			k.destination.ContextualOnly = true
		}, decision.ReasonNone},
		{"a user agent alone, chosen", func(k *kit) {
			bare(k)
			k.in.Event.Device.UserAgent = identity.NewRaw("Mozilla/5.0")
			k.destination.ContextualOnly = true
		}, decision.IdentifiersInsufficient},
		{"restricted without ad_storage", func(k *kit) {
			k.in.Restricted, k.in.Usable = true, 0
		}, decision.IdentifiersNone},
		{"Analytics without its id", func(k *kit) {
			k.destination = analyticsKit().destination
		}, decision.IdentifiersInsufficient},
		{"an event id that is an e-mail address", func(k *kit) { k.in.Event.ID = "jane@shop.example" }, decision.IdentifiersUnsafeID},
		{"an original id that is a phone number", func(k *kit) { k.in.Event.Original.TransactionID = "+49 30 901820" }, decision.IdentifiersUnsafeID},

		{"90 days with a click", func(k *kit) { k.in.Event.Time = now - 90*day }, decision.ReasonNone},
		{"more than 90 days with a click", func(k *kit) { k.in.Event.Time = now - 90*day - 1 }, decision.ProviderTooOld},
		{"63 days without a click", func(k *kit) {
			k.in.Event.Time, k.in.Event.Click = now-63*day, event.Click{}
		}, decision.ReasonNone},
		{"more than 63 days without a click", func(k *kit) {
			k.in.Event.Time, k.in.Event.Click = now-63*day-1, event.Click{}
		}, decision.ProviderTooOld},
		{"an old click alone", func(k *kit) {
			k.in.Event.Identity, k.in.Event.Click.CapturedAt = event.Identity{}, now-91*day
		}, decision.ProviderTooOld},
		{"Analytics after 72 hours", func(k *kit) {
			a := analyticsKit()
			k.destination, k.in.Event.Analytics, k.in.Event.Time = a.destination, a.in.Event.Analytics, now-3*day-1
		}, decision.ProviderTooOld},
		{"five minutes ahead", func(k *kit) { k.in.Event.Time = now + 5*60_000 }, decision.ReasonNone},
		{"more than five minutes ahead", func(k *kit) { k.in.Event.Time = now + 5*60_000 + 1 }, decision.ProviderInFuture},

		{"a value without a currency", func(k *kit) { k.in.Event.Commerce.Currency = "" }, decision.ProviderCurrencyMissing},
		{"a zero without a currency", func(k *kit) {
			k.in.Event.Commerce.Currency, k.in.Event.Commerce.Value = "", event.Some(0.0)
		}, decision.ProviderCurrencyMissing},
		{"the destination's currency", func(k *kit) {
			k.in.Event.Commerce.Currency, k.destination.Defaults.Currency = "", "CHF"
		}, decision.ReasonNone},
		{"a currency that does not exist", func(k *kit) { k.in.Event.Commerce.Currency = "EURO" }, decision.ProviderCurrencyInvalid},
		{"no value, no currency", func(k *kit) {
			k.in.Event.Commerce.Value, k.in.Event.Commerce.Currency = event.Opt[float64]{}, ""
		}, decision.ReasonNone},
		{"no source", func(k *kit) { k.in.Event.Page.URL = "" }, decision.ProviderSourceMissing},
		{"an unknown source", func(k *kit) { k.in.Event.Source = "fax" }, decision.ProviderFieldInvalid},
		{"online without a transaction, with an explicit id", func(k *kit) { k.in.Event.Commerce.TransactionID = "" }, decision.ReasonNone},
		{"online without any id", func(k *kit) {
			k.in.Event.Commerce.TransactionID, k.in.Event.ID = "", ""
		}, decision.ProviderTransactionIDMissing},
		{"offline without any id", func(k *kit) {
			offline(k)
			k.in.Event.Commerce.TransactionID, k.in.Event.ID = "", ""
		}, decision.ReasonNone},
		{"an app event without any id", func(k *kit) {
			k.in.Event.Source, k.in.Event.Commerce.TransactionID, k.in.Event.ID = event.SourceApp, "", ""
		}, decision.ReasonNone},
		{"an app event for an online action", func(k *kit) {
			k.destination.Account = json.RawMessage(`{"conversion_actions":{"purchase":{"id":"1","type":"online"}},"customer_id":"1234567890"}`)
			k.in.Event.Source = event.SourceApp
		}, decision.ProviderUnsupportedEvent},
		{"64 characters", func(k *kit) { k.in.Event.Commerce.TransactionID = strings.Repeat("ä", 64) }, decision.ReasonNone},
		{"65 characters", func(k *kit) { k.in.Event.Commerce.TransactionID = strings.Repeat("x", 65) }, decision.ProviderFieldInvalid},
		{"a placeholder", func(k *kit) { k.in.Event.Commerce.TransactionID = "undefined" }, decision.ProviderFieldInvalid},
		{"a control character", func(k *kit) { k.in.Event.Commerce.TransactionID = "A\x00B" }, decision.ProviderFieldInvalid},
		{"a value that is no number", func(k *kit) { k.in.Event.Commerce.Value = event.Some(math.NaN()) }, decision.ProviderFieldInvalid},
		{"a computed value that is text", func(k *kit) {
			k.in.Fields = []resource.Field{{Name: "value", Value: event.Value{Kind: event.String, Str: "ten"}}}
		}, decision.ProviderFieldInvalid},
		{"an adjustment", adjust, decision.ReasonNone},
		{"an adjustment whose value is null", func(k *kit) {
			adjust(k)
			k.in.Fields[0].Value = event.Value{}
		}, decision.ProviderValueMissing},
		{"an adjustment of nothing", func(k *kit) {
			adjust(k)
			k.in.Event.Commerce.TransactionID = ""
		}, decision.ProviderTransactionIDMissing},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := newKit()
			tt.change(k)
			b := k.build(t)
			got := b.IdentifierReason
			if got == decision.ReasonNone {
				got = b.PreflightReason
			}
			require.Equal(t, tt.want.String(), got.String(), b.Detail)
			require.Equal(t, tt.want == decision.ReasonNone, len(b.Fragment) > 0)
		})
	}
}

func TestIds(t *testing.T) {
	type want struct {
		tx, claim, plain string
		duplicate        decision.Reason
		adjust, risk     bool
	}
	record := func(k *kit) string { return k.in.Event.RecordID() }
	tests := []struct {
		name   string
		change func(*kit)
		want   func(*kit) want
	}{
		{"the transaction", func(*kit) {}, func(*kit) want {
			return want{tx: "ORDER-1001", claim: "ORDER-1001", duplicate: decision.DuplicateTransaction}
		}},
		{"the explicit id", func(k *kit) { k.in.Event.Commerce.TransactionID = "" }, func(*kit) want {
			return want{tx: "evt-1", claim: "evt-1", duplicate: decision.DuplicateEventID}
		}},
		{"a derived id", func(k *kit) {
			offline(k)
			k.in.Event.Commerce.TransactionID, k.in.Event.ID = "", ""
		}, func(k *kit) want {
			return want{tx: k.in.EventID, claim: k.in.EventID, duplicate: decision.DuplicateEventID, risk: true}
		}},
		{"an adjustment", func(k *kit) {
			adjust(k)
			k.in.Event.Original.TransactionID = "ORDER-1000"
		}, func(*kit) want {
			return want{tx: "ORDER-1000", claim: "ORDER-1000\x00evt-1", plain: "ORDER-1000", duplicate: decision.DuplicateEventID, adjust: true}
		}},
		{"an adjustment without an id of its own", func(k *kit) {
			adjust(k)
			k.in.Event.ID = ""
		}, func(k *kit) want {
			return want{tx: "ORDER-1001", claim: "ORDER-1001\x00" + record(k), plain: "ORDER-1001", duplicate: decision.DuplicateEventID, adjust: true, risk: true}
		}},
		{"an adjustment of an event that had no transaction", func(k *kit) {
			adjust(k)
			k.in.Event.Commerce.TransactionID, k.in.Event.Original.ID = "", "evt-0"
		}, func(*kit) want {
			return want{tx: "evt-0", claim: "evt-0\x00evt-1", plain: "evt-0", duplicate: decision.DuplicateEventID, adjust: true}
		}},
		{"Analytics counts every event but the purchase by its own id", func(k *kit) {
			a := analyticsKit()
			k.destination, k.in.Event.Analytics, k.mapping.ProviderEvent = a.destination, a.in.Event.Analytics, "add_payment_info"
		}, func(*kit) want { return want{tx: "ORDER-1001", claim: "evt-1", duplicate: decision.DuplicateEventID} }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := newKit()
			tt.change(k)
			b := k.build(t)
			require.Equal(t, tt.want(k), want{b.TransactionID, b.ClaimID, b.PlainClaimID, b.DuplicateReason, b.Adjust, b.DedupRisk})
		})
	}
}

func TestClickAge(t *testing.T) {
	tests := []struct {
		name   string
		change func(*kit)
		want   int64
	}{
		{"online never waits", func(*kit) {}, 0},
		{"offline waits six hours after the event", offline, now - hour + 6*hour},
		{"offline waits six hours after the click", func(k *kit) {
			offline(k)
			k.in.Event.Click.CapturedAt = now - 4*hour
		}, now + 2*hour},
		{"the operator's own wait", func(k *kit) {
			offline(k)
			k.destination.Delivery.MinClickAgeMS = hour
		}, now},
		{"no wait at all", func(k *kit) {
			offline(k)
			k.destination.Delivery.MinClickAgeMS = 0
		}, 0},
		{"no click, no wait", func(k *kit) {
			offline(k)
			k.in.Event.Click = event.Click{}
		}, 0},
		{"a click of the far future led to nothing", func(k *kit) {
			offline(k)
			k.in.Event.Click.CapturedAt = now + 1000*day
		}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := newKit()
			tt.change(k)
			require.Equal(t, tt.want, k.build(t).NotBefore)
		})
	}
}

func TestIPAddress(t *testing.T) {
	place := func(location, identity string) consent.Place {
		return consent.Place{Location: consent.NewJurisdiction(location, ""), Identity: consent.NewJurisdiction(identity, "")}
	}
	tests := []struct {
		name   string
		regime consent.Regime
		place  consent.Place
		ip     string
		want   decision.DropReason // "" means sent
	}{
		{"opt_out country", consent.OptOut, place("US", ""), "203.0.113.9", ""},
		{"mapped IPv4", consent.OptOut, place("US", ""), "::ffff:203.0.113.9", ""},
		{"opt_in country", consent.OptIn, place("BR", ""), "203.0.113.9", decision.DropRegion},
		{"country not known", consent.OptOut, place("", ""), "203.0.113.9", decision.DropRegion},
		{"EEA, whatever the policy says", consent.OptOut, place("IS", ""), "203.0.113.9", decision.DropRegion},
		{"UK", consent.OptOut, place("GB", ""), "203.0.113.9", decision.DropRegion},
		{"Switzerland", consent.OptOut, place("CH", ""), "203.0.113.9", decision.DropRegion},
		{"a subject who declares the EEA", consent.OptOut, place("US", "DE"), "203.0.113.9", decision.DropRegion},
		{"a subject who declares what nobody can read", consent.OptOut, consent.Place{Location: consent.NewJurisdiction("US", ""), Identity: consent.DeclaredJurisdiction("Neverland", "")}, "203.0.113.9", decision.DropRegion},
		{"a private address", consent.OptOut, place("US", ""), "10.0.0.1", decision.DropInvalid},
		{"no address", consent.OptOut, place("US", ""), "localhost", decision.DropInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := newKit()
			k.in.Regime, k.in.Place, k.in.Event.Device.IP = tt.regime, tt.place, identity.NewRaw(tt.ip)
			b := k.build(t)
			require.Equal(t, tt.want == "", strings.Contains(string(b.Fragment), `"ipAddress":"203.0.113.9"`))
			if tt.want != "" {
				require.Contains(t, b.Identifiers.Dropped, decision.Dropped{Kind: decision.KindIP, Reason: tt.want})
			}
		})
	}
}

func TestReliesOn(t *testing.T) {
	k := newKit()
	require.Equal(t, consent.AdUserData|consent.AdStorage|consent.AdPersonalization, k.build(t).ReliesOn, "the bytes say that personalization is granted")
	k.in.Said = consent.State{Granted: consent.AdUserData, Denied: consent.AdPersonalization}
	k.in.Event.Click = event.Click{}
	require.Equal(t, consent.AdUserData, k.build(t).ReliesOn)
	k = newKit()
	k.in.Restricted, k.in.Usable, k.in.Said = true, consent.AdStorage, consent.State{Denied: consent.AdUserData}
	require.Equal(t, consent.AdStorage, k.build(t).ReliesOn)
	k = analyticsKit()
	k.in.Said = consent.State{}
	require.Equal(t, consent.AdUserData|consent.AdStorage|consent.AnalyticsStorage, k.build(t).ReliesOn)
	require.Equal(t, consent.Needs{Purposes: consent.AdUserData, TCFVendor: 755}, google.New(provider.Deps{}).Needs())
}

func TestIdentifiersAreLimited(t *testing.T) {
	k := newKit()
	for i := range 30 {
		k.in.Event.Identity.Emails = append(k.in.Event.Identity.Emails, identity.NewRaw(strings.Repeat("x", i+1)+"@shop.example"))
	}
	b := k.build(t)
	var body struct {
		UserData struct{ UserIdentifiers []map[string]any }
	}
	require.NoError(t, json.Unmarshal(b.Fragment, &body))
	require.Len(t, body.UserData.UserIdentifiers, 10)
	require.Contains(t, body.UserData.UserIdentifiers[9], "address", "the address keeps its place")
	require.Contains(t, b.Identifiers.Dropped, decision.Dropped{Kind: decision.KindEmail, Reason: decision.DropLimit})
	require.Contains(t, b.Identifiers.Dropped, decision.Dropped{Kind: decision.KindPhone, Reason: decision.DropLimit})
}

func TestSessionAttributes(t *testing.T) {
	encode := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	tidy := encode(`{"gad_source":"1","landing_page_url":"https://shop.example/?gclid=abc","session_start_time_usec":"1732083884987350"}`)
	tests := []struct{ name, in, want string }{
		{"sent as it came", tidy, tidy},
		{"unknown members stay here", encode(`{"gad_source":"1","email":"jane@shop.example"}`), encode(`{"gad_source":"1"}`)},
		{"escapes", encode(`{"gad_source":"1","landing_page_url":"https:\/\/shop.example\/a?x=jane"}`), encode(`{"gad_source":"1","landing_page_url":"https://shop.example/a"}`)},
		{"blanks", encode(` { "gad_source" : 1 , "x" : null } `), encode(`{"gad_source":1}`)},
		{"padding", base64.URLEncoding.EncodeToString([]byte(`{"gad_source":"1"}}`)), ""},
		{"nested", encode(`{"gad_source":{"a":1}}`), ""},
		{"nothing left", encode(`{"email":"jane@shop.example"}`), ""},
		{"no object", encode(`["gad_source"]`), ""},
		{"no JSON", encode(`{"gad_source":`), ""},
		{"empty", encode(`{}`), ""},
		{"too long", encode(`{"gad_source":"1","x":"` + strings.Repeat("y", 4000) + `"}`), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := newKit()
			k.in.Event.Click.SessionAttributes = identity.NewRaw(tt.in)
			var body struct {
				AdIdentifiers struct{ SessionAttributes string }
			}
			require.NoError(t, json.Unmarshal([]byte(k.payload(t)), &body))
			require.Equal(t, tt.want, body.AdIdentifiers.SessionAttributes)
		})
	}
}

func FuzzSessionAttributes(f *testing.F) {
	f.Add([]byte(`{"gad_source":"1","landing_page_url":"https://shop.example/?a=\u0062","x":[1]}`))
	f.Add([]byte(`{"":"\\\"","a":1e5,"landing_page_user_agent":"\ud800"}`))
	f.Fuzz(func(t *testing.T, object []byte) {
		k := newKit()
		k.in.Event.Click.SessionAttributes = identity.NewRaw(base64.RawURLEncoding.EncodeToString(object))
		b := k.build(t)
		if !json.Valid(b.Fragment) {
			t.Fatalf("not JSON: %s", b.Fragment)
		}
	})
}

func TestOddEventsMakeValidJSON(t *testing.T) {
	k := newKit()
	k.in.Event.Device.UserAgent = identity.NewRaw("Mozilla \"quoted\" \\ \x01 \xff é\u2028")
	k.in.Event.Commerce.Items = append(k.in.Event.Commerce.Items, event.Item{ID: "a\"b\n"}, event.Item{ID: "n", Quantity: event.Some[int64](-1)},
		event.Item{ID: "inf", Price: event.Some(math.Inf(1))}, event.Item{})
	k.in.Event.Commerce.Discount = event.Some(math.NaN())
	k.mapping.Properties = []string{"big", "ok"}
	k.in.Event.Properties = []event.Property{
		{Key: "big", Value: event.Value{Kind: event.Double, Double: math.MaxFloat64}}, {Key: "ok", Value: event.Value{Kind: event.String, Str: "\x00"}},
	}
	payload := k.payload(t)
	require.NotContains(t, payload, `"n"`, "an item that was returned is no item of the cart")
	require.Contains(t, payload, `{"merchantProductId":"inf"}`)
}
