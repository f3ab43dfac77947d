package pinterest_test

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
	sandbox "github.com/sluicehq/sluice/pkg/provider/pinterest/fake"
)

var update = flag.Bool("update", false, "write the golden payloads")

// scenario is one golden payload: an event, and what differs from an ordinary
// web purchase with every purpose granted.
type scenario struct {
	name, target, about string
	options             []option
	event               func(*event.Event)
	input               func(*provider.Input)
}

func scenarios() []scenario {
	text := func(s string) event.Value { return event.Value{Kind: event.String, Str: s} }
	everything := include("item_names", "item_brands", "item_categories", "search_term", "page_title")
	detailed := func(ev *event.Event) {
		ev.Page.Title = "Thank you"
		ev.Commerce.SearchTerm = "blue shirt"
		ev.Commerce.PredictedLTV = event.Some(400.0)
		ev.Commerce.Items[1].Name = "for jane@example.com"
	}
	california := func(in *provider.Input) {
		in.Regime, in.Restricted, in.Cause = consent.OptOut, true, decision.ChoiceGPC
		in.Place, in.Usable = consent.Place{Location: consent.NewJurisdiction("US", "CA")}, consent.AdStorage
	}
	return []scenario{
		{name: "web_purchase", about: "An ordinary purchase on the web."},
		{name: "web_details", about: "Names, search term and lifetime value; the unsafe name is gone.", options: []option{everything}, event: detailed},
		{name: "web_sensitive", about: "The same, marked sensitive: the origin only, and no names.", options: []option{everything}, event: detailed, input: func(in *provider.Input) { in.Sensitive = true }},
		{name: "web_no_storage", about: "Without ad_storage: no click id, also not in the URL.", event: func(ev *event.Event) { ev.Page.URL += "&epik=dj0yJnU9b2JD" }, input: func(in *provider.Input) { in.Usable = consent.AdUserData | consent.AdPersonalization }},
		{name: "web_epik", about: "The click id comes from the page's URL.", event: func(ev *event.Event) {
			ev.Click = event.Click{}
			ev.Page.URL = "https://shop.example.com/?epik=dj0yJnU9b2JD&email=jane@example.com#top"
		}},
		{name: "web_no_personalization", about: "Without ad_personalization: opt_out.", input: func(in *provider.Input) { in.Usable = consent.AdUserData | consent.AdStorage }},
		{name: "web_restricted_california", about: "Restricted because of GPC: limited data processing.", input: california},
		{name: "web_restricted_refused", about: "The same where personalisation is refused in words: opt_out beside it.", input: func(in *provider.Input) {
			california(in)
			in.Said = consent.State{Denied: consent.AdPersonalization}
		}},
		{name: "web_computed", about: "Computed fields override the event's, computed ids the items'.", input: func(in *provider.Input) {
			in.Fields = []resource.Field{
				{Name: "content_brand", Value: text("Acme")}, {Name: "content_name", Value: text("call +49 151 2345678")}, {Name: "currency", Value: text("eur")},
				{Name: "num_items", Value: event.Value{Kind: event.Long, Long: 7}}, {Name: "order_id", Value: event.Value{Kind: event.Long, Long: 77}},
				{Name: "predicted_ltv", Value: text("99.5")}, {Name: "value", Value: event.Value{Kind: event.Double, Double: 142.52 * 0.8}},
			}
			in.ItemIDs = []string{"shopify_DE_sku1", ""}
		}},
		{name: "web_browser_id", about: "Where the destination asks for it, the tag's own id stands for the external id; the case of ids and letters of postal codes are settings.",
			options: []option{section(`{"browser_id":"external_id","postal_codes":"letters","external_id":"lower","partner_name":"ss-acme"}`)}, event: func(ev *event.Event) {
				ev.Identity.ExternalIDs, ev.Identity.Country, ev.Identity.PostalCode = nil, raw("GB"), raw("SW1A 1AA")
				ev.Click.Other = []event.NamedRaw{{Name: "_pin_unauth", Value: raw("dWlkPU1UTTJOR0")}}
			}},
		{name: "app", target: "add_to_cart", about: "An event of an app: its id and version, and the advertising id.", event: func(ev *event.Event) {
			ev.Source, ev.Page = event.SourceApp, event.Page{}
			ev.Device = event.Device{AdvertisingID: raw("AEBE52E7-03EE-455A-B3C4-E57283966239"), Platform: "iOS", AppID: "429047995", AppVersion: "7.9"}
		}},
		{name: "app_tracking_refused", target: "add_to_cart", about: "The app's user refused tracking: no advertising id.", event: func(ev *event.Event) {
			ev.Source, ev.Page = event.SourceApp, event.Page{}
			ev.Device = event.Device{AdvertisingID: raw("AEBE52E7-03EE-455A-B3C4-E57283966239"), Platform: "android", TrackingAuthorized: event.Some(false)}
		}},
		{name: "store", about: "A sale in a store: a group of its own, and no second copy.", event: func(ev *event.Event) {
			ev.Source, ev.Page, ev.Device, ev.Click = event.SourceInStore, event.Page{}, event.Device{}, event.Click{}
			ev.Commerce.Items[1].Quantity = event.Opt[int64]{}
			ev.Identity.Emails = append(ev.Identity.Emails, raw("a@b"), identity.Raw{})
		}},
	}
}

func TestGoldenPayloads(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			route, built := s.build(t)
			require.Equal(t, decision.ReasonNone, built.IdentifierReason, built.Detail)
			require.Equal(t, decision.ReasonNone, built.PreflightReason, built.Detail)
			checkGolden(t, s.name, s.about, built)
			a := judge(t, strict(sandbox.Config{}), route, built.Fragment)
			require.Equal(t, provider.Accepted.String(), a.Class.String(), "%s %v", a.Message, a.Warnings)
		})
	}
}

func (s *scenario) build(t *testing.T) (*resource.Route, provider.Built) {
	t.Helper()
	target := s.target
	if target == "" {
		target = "checkout"
	}
	ev := webEvent()
	if s.event != nil {
		s.event(ev)
	}
	route := newRoute(t, target, s.options...)
	in := input(route, ev)
	if s.input != nil {
		s.input(in)
	}
	return route, provider.Build(nil, in)
}

func checkGolden(t *testing.T, name, about string, built provider.Built) {
	t.Helper()
	var pretty bytes.Buffer
	require.NoError(t, json.Indent(&pretty, built.Fragment, "", "  "))
	pretty.WriteByte('\n')
	got := txtar.Format(&txtar.Archive{Comment: []byte(about + "\n"), Files: []txtar.File{
		{Name: "payload.json", Data: pretty.Bytes()}, {Name: "status", Data: []byte(describe(&built))},
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
func describe(b *provider.Built) string {
	var s strings.Builder
	fmt.Fprintf(&s, "present: %v\n", b.Identifiers.Present)
	for _, d := range b.Identifiers.Dropped {
		fmt.Fprintf(&s, "dropped: %s (%s)\n", d.Kind, d.Reason)
	}
	for _, n := range b.Identifiers.Notes {
		fmt.Fprintf(&s, "note: %s %s\n", n.Path, n.Code)
	}
	fmt.Fprintf(&s, "unsafe dropped: %d\nmatch quality: %g\nrelies on: %s\nvalue: %v %s\n", b.Identifiers.UnsafeDropped, b.Identifiers.MatchQuality, b.ReliesOn, b.Value.Value, b.Currency)
	fmt.Fprintf(&s, "group: %q\na second copy counts: %t\ndeduplication risk: %t\n", b.Group, b.ResendUnsafe, b.DedupRisk)
	return s.String()
}
