package meta_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

var update = flag.Bool("update", false, "write the golden payloads")

// scenario is one golden payload: an event, and what differs from an ordinary
// web purchase with every purpose granted.
type scenario struct {
	name, target string
	about        string
	options      []option
	event        func(*event.Event)
	input        func(*provider.Input)
}

func with(section string) option {
	return func(d *resource.Destination, _ *resource.Mapping) { d.Section = json.RawMessage(section) }
}

func include(names ...string) option {
	return func(_ *resource.Destination, m *resource.Mapping) {
		m.Include = map[string]bool{}
		for _, n := range names {
			m.Include[n] = true
		}
	}
}

func scenarios() []scenario {
	california := func(in *provider.Input) {
		in.Regime, in.Restricted, in.Cause = consent.OptOut, true, decision.ChoiceGPC
		in.Place = consent.Place{Location: consent.NewJurisdiction("US", "CA")}
		in.Usable = consent.AdStorage
	}
	everything := include("item_names", "item_brands", "item_categories", "coupons", "search_term", "page_title")
	detailed := func(ev *event.Event) {
		ev.Page.Title = "Thank you"
		ev.Commerce.Coupons = []string{"SAVE10", "jane@example.com"}
		ev.Commerce.SearchTerm = "blue shirt"
		ev.Properties = []event.Property{
			{Key: "plan", Value: event.Value{Kind: event.String, Str: "gold"}},
			{Key: "contact", Value: event.Value{Kind: event.String, Str: "+49 151 2345678"}},
			{Key: "secret", Value: event.Value{Kind: event.String, Str: "unmapped"}},
			{Key: "seats", Value: event.Value{Kind: event.Long, Long: 3}},
		}
	}
	properties := func(_ *resource.Destination, m *resource.Mapping) {
		m.Properties = []string{"plan", "contact", "seats"}
	}
	return []scenario{
		{name: "web_purchase", about: "An ordinary purchase on the web."},
		{name: "web_details", about: "Names, coupons, search term and properties that the mapping lists; the unsafe ones are gone.", options: []option{everything, properties}, event: detailed},
		{name: "web_sensitive", about: "The same, marked sensitive: the origin only, and no names.", options: []option{everything, properties}, event: detailed, input: func(in *provider.Input) { in.Sensitive = true }},
		{name: "web_no_storage", about: "Without ad_storage: no cookie ids, no click id in URLs.", event: func(ev *event.Event) { ev.Page.URL += "&fbclid=AbC" }, input: func(in *provider.Input) { in.Usable = consent.AdUserData | consent.AdPersonalization }},
		{name: "web_no_personalization", about: "Without ad_personalization: opt_out.", input: func(in *provider.Input) { in.Usable = consent.AdUserData | consent.AdStorage }},
		{name: "web_restricted_california", about: "Restricted because of GPC: Limited Data Use.", input: california},
		{name: "web_fbclid", about: "The click id comes from the page's URL, its time from the capture.", event: func(ev *event.Event) {
			ev.Click = event.Click{CapturedAt: 1757700000123}
			ev.Page.URL = "https://www.shop.example.com/?fbclid=IwAR0_AbC-dEf&email=jane@example.com#top"
		}},
		{name: "web_computed", about: "Computed fields override the event's, computed ids the items'.", input: func(in *provider.Input) {
			in.Fields = []resource.Field{
				{Name: "content_type", Value: event.Value{Kind: event.String, Str: "product_group"}},
				{Name: "currency", Value: event.Value{Kind: event.String, Str: "eur"}},
				{Name: "num_adults", Value: event.Value{Kind: event.Long, Long: 2}},
				{Name: "value", Value: event.Value{Kind: event.Double, Double: 142.52 * 0.8}},
			}
			in.ItemIDs = []string{"shopify_DE_sku1", ""}
		}},
		{name: "app", target: "AddToCart", about: "An app event with app_data and its sixteen device strings.", event: func(ev *event.Event) {
			ev.Source, ev.Page = event.SourceApp, event.Page{}
			ev.Device = event.Device{
				IP: raw("203.0.113.7:5678"), UserAgent: raw("Shop/4.2 (iPhone)"), AdvertisingID: raw("AEBE52E7-03EE-455A-B3C4-E57283966239"),
				VendorID: raw("550E8400-E29B-41D4-A716-446655440000"), InstallID: raw("install-1"), Platform: "iOS", OSVersion: "17.4.1", Model: "iPhone15,2",
				AppID: "com.acme.shop", AppVersion: "4.2", AppBuild: "4.2.1", Language: "de_DE", Timezone: "Europe/Berlin", Carrier: "Telco",
				ScreenWidth: event.Some(int64(1179)), ScreenHeight: event.Some(int64(2556)), ScreenDensity: event.Some(3.0),
				CPUCores: event.Some(int64(6)), StorageGB: event.Some(128.0), StorageFreeGB: event.Some(42.5),
				TrackingAuthorized: event.Some(true), AppTrackingEnabled: event.Some(true),
			}
		}},
		{name: "app_tracking_refused", target: "AddToCart", about: "The app's user refused tracking: no device ids.", event: func(ev *event.Event) {
			ev.Source, ev.Page = event.SourceApp, event.Page{}
			ev.Device = event.Device{AdvertisingID: raw("AEBE52E7-03EE-455A-B3C4-E57283966239"), InstallID: raw("install-1"), Platform: "android", OSVersion: "14", TrackingAuthorized: event.Some(false)}
		}},
		{name: "store", about: "A sale in a store, 30 days ago.", event: func(ev *event.Event) {
			ev.Source, ev.Page, ev.Device, ev.Click, ev.Time = event.SourceInStore, event.Page{}, event.Device{}, event.Click{}, now-30*86400_000
			ev.Commerce.Items = ev.Commerce.Items[:1]
			ev.Commerce.Items[0].ItemNumber = "1"
			ev.Commerce.DeliveryCategory = "in_store"
		}},
		{name: "crm_lead", target: "Lead qualified", about: "A stage of a lead in the CRM.", event: func(ev *event.Event) {
			*ev = event.Event{CustomerID: "acme", Name: "lead.qualified", Time: now - 60_000, ID: "lead-7-qualified", Source: event.SourceSystem}
			ev.Identity.LeadID = raw("1234567890123456")
			ev.Commerce.LeadEventSource = "MyCRM"
		}},
		{name: "whatsapp", target: "LeadSubmitted", about: "A lead from a conversation that an advertisement began.", event: func(ev *event.Event) {
			*ev = event.Event{CustomerID: "acme", Name: "lead.submitted", Time: now - 60_000, ID: "wa-1", Source: event.SourceChat}
			ev.Messaging = event.Messaging{Channel: "whatsapp", CtwaClid: raw("ARAkLkA8rmlFeiCktEJQ"), WhatsAppBusinessAccountID: raw("103456789012345")}
			ev.Device = event.Device{IP: raw("203.0.113.7"), UserAgent: raw("WhatsApp")}
		}},
		{name: "append_value", target: "AppendValue", about: "Later revenue of an earlier purchase.", event: func(ev *event.Event) {
			ev.Source, ev.Page, ev.Device, ev.Click = event.SourceSystem, event.Page{}, event.Device{}, event.Click{}
			ev.Commerce = event.Commerce{NetRevenue: event.Some(31.5), PredictedLTV: event.Some(400.0), Currency: "EUR", CustomerType: "returning"}
			ev.Original = event.Original{Name: "transaction.purchase", Time: now - 86400_000, ID: "order-1001", TransactionID: "1001"}
			ev.Name = "revenue.confirmed"
		}},
		{name: "raw_external_id", about: "External ids in clear, as the browser tag sends them; what looks personal stays.", options: []option{with(`{"external_id":"raw"}`)}, event: func(ev *event.Event) {
			ev.Identity.ExternalIDs = []identity.Raw{raw(" User 123 "), raw("jane@example.com"), raw("A1"), raw("A1")}
		}},
	}
}

func TestGoldenPayloads(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			target := s.target
			if target == "" {
				target = "Purchase"
			}
			ev := webEvent()
			if s.event != nil {
				s.event(ev)
			}
			in := input(newRoute(t, target, s.options...), ev)
			if s.input != nil {
				s.input(in)
			}
			built := buildInput(t, in)
			checkGolden(t, s.name, s.about, built)
		})
	}
}

func checkGolden(t *testing.T, name, about string, built provider.Built) {
	t.Helper()
	var pretty bytes.Buffer
	require.NoError(t, json.Indent(&pretty, built.Fragment, "", "  "))
	pretty.WriteByte('\n')
	got := txtar.Format(&txtar.Archive{Comment: []byte(about + "\n"), Files: []txtar.File{
		{Name: "payload.json", Data: pretty.Bytes()},
		{Name: "status", Data: []byte(describe(built))},
	}})
	path := filepath.Join("testdata", "golden", name+".txtar")
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

// describe writes the rest of the answer in words.
func describe(b provider.Built) string {
	var s strings.Builder
	fmt.Fprintf(&s, "present: %v\n", b.Identifiers.Present)
	for _, d := range b.Identifiers.Dropped {
		fmt.Fprintf(&s, "dropped: %s (%s)\n", d.Kind, d.Reason)
	}
	fmt.Fprintf(&s, "unsafe dropped: %d\nwarnings: %d\nmatch quality: %g\n", b.Identifiers.UnsafeDropped, b.Identifiers.Warnings, b.Identifiers.MatchQuality)
	fmt.Fprintf(&s, "relies on: %s\nvalue: %v %s\ndeduplication risk: %t\n", b.ReliesOn, b.Value.Value, b.Currency, b.DedupRisk)
	return s.String()
}
