package google_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider/google"
)

var update = flag.Bool("update", false, "write the goldens anew")

func optOut(k *kit) {
	k.in.Regime, k.in.Place = consent.OptOut, consent.Place{Location: consent.NewJurisdiction("US", "CA")}
	k.in.Said = consent.State{}
	k.in.Event.Identity.Country, k.in.Event.Identity.PostalCode = identity.NewRaw("US"), identity.NewRaw("94045-1234")
	k.in.Event.Identity.Phones = []identity.Raw{identity.NewRaw("(800) 555-0100")}
}

// goldens are the payloads in testdata/payloads.txtar, one for each thing that
// changes them. The event is that of webPurchase.
var goldens = []struct {
	name   string
	change func(*kit)
}{
	{"everything that a web purchase in the EEA may say", func(*kit) {}},
	{"opt-out country: the IP address leaves, consent stays unsaid", optOut},
	{"opt-out country, silence called granted by the operator", func(k *kit) {
		optOut(k)
		k.destination.Section = json.RawMessage(`{"silent_consent":"granted"}`)
	}},
	{"ad_storage not usable: no click id", func(k *kit) {
		k.in.Usable = consent.AdUserData
		k.in.Said = consent.State{Granted: consent.AdUserData, Denied: consent.AdStorage | consent.AdPersonalization}
	}},
	{"restricted: only the click id and a denial", func(k *kit) {
		k.in.Restricted, k.in.Cause, k.in.Usable = true, decision.ConsentDenied, consent.AdStorage
		k.in.Said = consent.State{Granted: consent.AdStorage, Denied: consent.AdUserData}
	}},
	{"mapping names properties, coupons and fields", func(k *kit) {
		k.mapping.Properties = []string{"plan", "note", "seats"}
		k.mapping.Include = map[string]bool{"coupons": true}
		k.mapping.Fields = map[string]string{"value": "", "tier": "", "landing": ""}
		k.in.Fields = []resource.Field{
			{Name: "landing", Value: event.Value{Kind: event.String, Str: "https://shop.example/a?utm_campaign=x&token=y#z"}},
			{Name: "tier", Value: event.Value{Kind: event.Boolean, Bool: true}},
			{Name: "value", Value: event.Value{Kind: event.Double, Double: 49.9 * 0.8}},
		}
		k.in.ItemIDs = []string{"shop_DE_SKU-1", "jane@shop.example"}
	}},
	{"offline lead from the CRM, id derived", func(k *kit) {
		k.mapping.SourceEvent, k.mapping.ProviderEvent = "lead.submitted", "generate_lead"
		k.in.Event = &event.Event{CustomerID: "acme", Name: "lead.submitted", Time: now - hour, Source: event.SourcePhone}
		k.in.Event.Identity.Phones = []identity.Raw{identity.NewRaw("+1 800 555 0100")}
		k.in.Event.Click.Gbraid = identity.NewRaw("0AAAAAo_b")
		k.in.Event.Commerce.Items = []event.Item{{ID: "SKU-1"}}
	}},
	{"refund: the value that remains, under the purchase's id", func(k *kit) {
		k.mapping.SourceEvent = "transaction.refunded"
		k.mapping.Section, k.mapping.Fields = json.RawMessage(`{"adjust":true}`), map[string]string{"value": "0.0"}
		k.in.Fields = []resource.Field{{Name: "value", Value: event.Value{Kind: event.Double}}}
		k.in.Event.Commerce = event.Commerce{TransactionID: "REFUND-7", Currency: "EUR"}
		k.in.Event.Original.TransactionID = "ORDER-1001"
	}},
	{"session attributes lose what may not leave", func(k *kit) {
		k.in.Event.Click.SessionAttributes = identity.NewRaw(base64.RawURLEncoding.EncodeToString([]byte(
			`{"gad_source":"1","gad_campaignid":"77","landing_page_url":"https://shop.example/?gclid=EAIaIQobChMI_example&email=jane%40shop.example","landing_page_referrer":"https://www.google.com/","session_start_time_usec":"1732083884987350","landing_page_user_agent":"Mozilla/5.0 (X11)","uid":"jane"}`)))
	}},
	{"sensitive destination", func(k *kit) {
		k.in.Sensitive = true
		k.mapping.Include = map[string]bool{"item_names": true, "coupons": false}
	}},
	{"Google Analytics web stream", func(k *kit) {
		a := analyticsKit()
		k.destination = a.destination
		k.in.Event.Analytics = a.in.Event.Analytics
		k.mapping.Include = map[string]bool{"item_names": true, "item_brands": true, "coupons": true}
		k.mapping.Properties = []string{"plan", "seats"}
		k.in.Event.Identity.Street, k.in.Event.Identity.City = identity.NewRaw("Invalidenstr. 116"), identity.NewRaw("Berlin")
	}},
	{"click of the same visit: its device is the landing page's", func(k *kit) {
		optOut(k)
		k.in.Event.Click.CapturedAt = k.in.Event.Time - 30*60_000
	}},
	{"sale in a store, where Google allows those", func(k *kit) {
		k.destination.Account = json.RawMessage(`{"conversion_actions":{"purchase":{"id":"987654321","type":"store"}},"customer_id":"1234567890"}`)
		k.in.Event.Source, k.in.Event.Page, k.in.Event.Click = event.SourceInStore, event.Page{}, event.Click{}
		k.in.Event.Commerce.StoreID = "berlin-mitte"
	}},
	{"Google Analytics app stream with its device", func(k *kit) {
		k.destination.Account = json.RawMessage(`{"firebase_app_id":"1:1234567890:android:abcdef","property_id":"123456789"}`)
		k.in.Event.Source = event.SourceApp
		k.in.Event.Analytics.AppInstanceID, k.in.Event.Analytics.SessionID = identity.NewRaw("aabbccddeeff00112233445566778899"), identity.NewRaw("1690000000")
		d := &k.in.Event.Device
		d.Platform, d.OSVersion, d.Model, d.Language = "android", "14.0.1", "Pixel 8", "de_DE"
		d.ScreenWidth, d.ScreenHeight = event.Some[int64](1080), event.Some[int64](2400)
		k.in.Event.Commerce.Tax, k.in.Event.Commerce.Shipping = event.Some(7.97), event.Some(0.0)
		k.in.Event.Commerce.Items = nil
	}},
	{"Google Analytics app stream", func(k *kit) {
		k.destination.Account = json.RawMessage(`{"firebase_app_id":"1:1234567890:android:abcdef","property_id":"123456789"}`)
		k.mapping.ProviderEvent = "add_to_cart"
		k.in.Event = &event.Event{CustomerID: "acme", Name: "cart.added", Time: now - hour, ID: "evt-2", Source: event.SourceApp}
		k.in.Event.Analytics.AppInstanceID = identity.NewRaw("aabbccddeeff00112233445566778899")
	}},
}

func TestPayloads(t *testing.T) {
	const path = "testdata/payloads.txtar"
	var made txtar.Archive
	made.Comment = []byte("Payloads of package google, indented for reading; on the wire they have no blanks.\nWritten by go test ./pkg/provider/google -run TestPayloads -update\n\n")
	for _, g := range goldens {
		k := newKit()
		g.change(k)
		var pretty bytes.Buffer
		require.NoError(t, json.Indent(&pretty, []byte(k.payload(t)), "", "  "), g.name)
		pretty.WriteByte('\n')
		made.Files = append(made.Files, txtar.File{Name: g.name, Data: pretty.Bytes()})
	}
	if *update {
		require.NoError(t, os.WriteFile(path, txtar.Format(&made), 0o644))
	}
	want, err := txtar.ParseFile(path)
	require.NoError(t, err)
	require.Len(t, made.Files, len(want.Files))
	for i, f := range want.Files {
		require.Equal(t, f.Name, made.Files[i].Name)
		require.Equal(t, string(f.Data), string(made.Files[i].Data), f.Name)
	}
}

// TestVectorsThroughBuild sends every reference value the whole way.
func TestVectorsThroughBuild(t *testing.T) {
	for _, v := range vectors(t) {
		if v.Field == "hash_only" {
			continue
		}
		t.Run(v.Field+"/"+v.input(), func(t *testing.T) {
			k := newKit()
			k.destination.Defaults.PhoneCountry = v.hints().Country
			id, raw := &k.in.Event.Identity, identity.NewRaw(v.input())
			id.Emails, id.Phones, id.Country, id.PostalCode = nil, nil, identity.NewRaw("PT"), identity.NewRaw("1229-076")
			key := ""
			switch v.Field {
			case google.FieldEmail:
				key, id.Emails = "emailAddress", []identity.Raw{raw}
			case google.FieldPhone:
				id.Country = identity.Raw{}
				key, id.Phones = "phoneNumber", []identity.Raw{raw}
			case google.FieldGivenName:
				key, id.FirstName = "givenName", raw
			case google.FieldFamilyName:
				key, id.LastName = "familyName", raw
			case google.FieldRegionCode:
				id.PostalCode = identity.NewRaw("94045")
				key, id.Country = "regionCode", raw
			case google.FieldPostalCode:
				key, id.PostalCode = "postalCode", raw
			default:
				t.Fatalf("no such field")
			}
			payload := k.payload(t)
			switch {
			case v.Normalized == nil:
				require.NotContains(t, payload, `"`+key+`"`)
			case v.SHA256 == nil:
				require.Contains(t, payload, `"`+key+`":"`+*v.Normalized+`"`)
			default:
				require.Contains(t, payload, `"`+key+`":"`+*v.SHA256+`"`)
			}
		})
	}
}
