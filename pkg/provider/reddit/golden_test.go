package reddit_test

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
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	sandbox "github.com/sluicehq/sluice/pkg/provider/reddit/fake"
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
	california := func(in *provider.Input) {
		in.Regime, in.Restricted, in.Cause = consent.OptOut, true, decision.ChoiceGPC
		in.Place, in.Usable = consent.Place{Location: consent.NewJurisdiction("US", "CA")}, consent.AdStorage
	}
	return []scenario{
		{name: "web_purchase", about: "An ordinary purchase on the web."},
		{name: "web_details", about: "Names and categories of articles; the unsafe name is gone.", options: []option{include("item_names", "item_categories")}, event: func(ev *event.Event) {
			ev.Commerce.Items[1].Name = "for jane@example.com"
		}},
		{name: "web_sensitive", about: "Marked sensitive: the origin only, and no names.", options: []option{include("item_names", "item_categories")}, input: func(in *provider.Input) { in.Sensitive = true }},
		{name: "web_no_storage", about: "Without ad_storage: no click and browser id, also not in the URL.", event: func(ev *event.Event) { ev.Page.URL += "&rdt_cid=4912830817409212345" }, input: func(in *provider.Input) { in.Usable = consent.AdUserData | consent.AdPersonalization }},
		{name: "web_rdt_cid", about: "The click id comes from the page's URL.", event: func(ev *event.Event) {
			ev.Click = event.Click{}
			ev.Page.URL = "https://shop.example.com/?rdt_cid=4912830817409212345&email=jane@example.com#top"
		}},
		{name: "web_restricted_california", about: "Restricted because of GPC: Limited Data Use, with the state.", input: california},
		{name: "web_restricted_somewhere", about: "The same where the state is not known.", input: func(in *provider.Input) {
			california(in)
			in.Place = consent.Place{Location: consent.NewJurisdiction("US", "")}
		}},
		{name: "web_computed", about: "Computed fields override the event's, computed ids the items'.", input: func(in *provider.Input) {
			in.Fields = []resource.Field{
				{Name: "currency", Value: event.Value{Kind: event.String, Str: "eur"}}, {Name: "item_count", Value: event.Value{Kind: event.Long, Long: 7}},
				{Name: "value", Value: event.Value{Kind: event.Double, Double: 142.52 * 0.8}},
			}
			in.ItemIDs = []string{"shopify_DE_sku1", ""}
		}},
		{name: "view_content", target: "VIEW_CONTENT", about: "A page of an article takes no value, and so no prices."},
		{name: "lead", target: "LEAD", about: "A lead takes a value, and no number of items."},
		{name: "custom", target: "Quiz finished", about: "A name of the advertiser's own.", options: []option{section(`{"email":"plain","phone":"digits"}`)}},
		{name: "app", target: "ADD_TO_CART", about: "An event of an app: the advertising id and the screen.", event: func(ev *event.Event) {
			ev.Source, ev.Page = event.SourceApp, event.Page{}
			ev.Device.AdvertisingID, ev.Device.Platform = raw("aebe52e7-03ee-455a-b3c4-e57283966239"), "iOS"
			ev.Device.ScreenWidth, ev.Device.ScreenHeight = event.Some(int64(1179)), event.Some(int64(2556))
		}},
		{name: "app_tracking_refused", target: "ADD_TO_CART", about: "The app's user refused tracking: no advertising id.", event: func(ev *event.Event) {
			ev.Source, ev.Page = event.SourceApp, event.Page{}
			ev.Device = event.Device{AdvertisingID: raw("AEBE52E7-03EE-455A-B3C4-E57283966239"), Platform: "android", TrackingAuthorized: event.Some(false)}
		}},
		{name: "store", about: "A sale in a store, three days ago: nobody promises that a second copy is recognised.", event: func(ev *event.Event) {
			ev.Source, ev.Page, ev.Device, ev.Click, ev.Time = event.SourceInStore, event.Page{}, event.Device{}, event.Click{}, now-3*86400_000
			ev.Commerce.Items[1].Quantity = event.Opt[int64]{}
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
		target = "PURCHASE"
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
	fmt.Fprintf(&s, "a second copy may count: %t\ndeduplication risk: %t\n", b.ResendUnsafe, b.DedupRisk)
	return s.String()
}
