package snapchat_test

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

// scenario is one golden payload: an event, and what differs from an ordinary web
// purchase with every purpose granted.
type scenario struct {
	name, about string
	options     []option
	event       func(*event.Event)
	input       func(*provider.Input)
}

func scenarios() []scenario {
	text := func(s string) event.Value { return event.Value{Kind: event.String, Str: s} }
	details := include("item_names", "item_brands", "item_categories", "search_term")
	searched := func(ev *event.Event) { ev.Commerce.SearchTerm, ev.Commerce.StoreID = "blue shirt", "store-7" }
	return []scenario{
		{name: "web_purchase", about: "An ordinary purchase on the web."},
		{name: "web_details", about: "Brands and the search term, which the mapping includes, and a property that it names.", options: []option{details, func(_ *resource.Destination, m *resource.Mapping) { m.Properties = []string{"plan"} }}, event: func(ev *event.Event) {
			searched(ev)
			ev.Properties = []event.Property{{Key: "plan", Value: text("gold")}, {Key: "secret", Value: text("unmapped")}}
		}},
		{name: "web_sensitive", about: "Marked sensitive: origins only, no names, no text.", options: []option{details}, event: searched, input: func(in *provider.Input) { in.Sensitive = true }},
		{name: "web_no_storage", about: "Without ad_storage: no click and browser ids, also not in URLs.", event: func(ev *event.Event) { ev.Page.URL += "&ScCid=a1B2c3D4" }, input: func(in *provider.Input) {
			in.Usable, in.Said = consent.AdUserData|consent.AdPersonalization, consent.State{Granted: consent.AdUserData, Denied: consent.AdStorage}
		}},
		{name: "web_restricted", about: "Restricted in California, in the word of Snapchat's parameters page.", options: []option{with(`{"data_processing_options":"LMU"}`)}, input: restricted},
		{name: "web_restricted_ldu", about: "The same in the word of its SDK.", options: []option{with(`{"data_processing_options":"LDU"}`)}, input: restricted},
		{name: "web_identifiers", about: "National and odd phone numbers, hashed values, names and a whole address; what no rule makes usable is gone.", options: []option{func(d *resource.Destination, _ *resource.Mapping) {
			d.Defaults.PhoneCountry = "DE"
		}}, event: func(ev *event.Event) {
			ev.Click = event.Click{Scid: raw("not an id")}
			ev.Identity = event.Identity{
				Emails:      []identity.Raw{raw("JANE@Example.com"), raw("jane@example.com"), raw("no address")},
				Phones:      []identity.Raw{raw("030 901820"), raw("0049 (0)30 90 18 20"), raw("112"), raw("663a4322addcdcc2be9435bfd2505066dc1048b89d33e48f363119f18bdd71e8")},
				ExternalIDs: []identity.Raw{raw(" crm-7 "), raw("CRM-7")},
				FirstName:   raw("Jean-Luc"), LastName: raw("Müller"), Gender: raw("female"), City: raw("São Paulo"), Region: raw("Bayern"), PostalCode: raw("80331"), Country: raw("Germany"),
			}
		}},
		{name: "computed", about: "Computed fields; value, currency and item ids override the event's; lines with numbers.", options: []option{with(`{"contents":"numbers"}`)}, input: func(in *provider.Input) {
			in.Fields = []resource.Field{
				{Name: "currency", Value: text("eur")}, {Name: "event_tag", Value: text("autumn")}, {Name: "num_items", Value: event.Value{Kind: event.Long, Long: 7}},
				{Name: "order_id", Value: event.Value{Kind: event.Long, Long: 1001}}, {Name: "predicted_ltv", Value: event.Value{Kind: event.Double, Double: 512.5}},
				{Name: "value", Value: event.Value{Kind: event.Double, Double: 142.52 * 0.8}},
			}
			in.ItemIDs = []string{"shop_DE_sku1", ""}
		}},
		{name: "app_purchase", about: "A purchase in an app on iOS, whose user allows tracking.", options: []option{app}, event: func(ev *event.Event) { *ev = *appEvent() }},
		{name: "app_denied", about: "The same on Android, whose user does not: no device ids.", options: []option{app}, event: func(ev *event.Event) {
			*ev = *appEvent()
			ev.Device.Platform, ev.Device.TrackingAuthorized = "android", event.Some(false)
		}},
		{name: "offline_purchase", about: "A purchase in a store.", event: func(ev *event.Event) { ev.Source, ev.Page, ev.Click = event.SourceInStore, event.Page{}, event.Click{} }},
		{name: "network_only", about: "IP address and user agent together are enough for Snapchat.", event: func(ev *event.Event) { ev.Identity = event.Identity{} }},
		{name: "derived_id", about: "An event without an id.", event: func(ev *event.Event) { ev.ID = "" }},
	}
}

func built(t testing.TB, s *scenario) (*resource.Route, provider.Built) {
	t.Helper()
	ev := webEvent()
	if s.event != nil {
		s.event(ev)
	}
	route := newRoute(t, s.options...)
	in := input(route, ev)
	if s.input != nil {
		s.input(in)
	}
	out := provider.Build(nil, in)
	require.Equal(t, decision.ReasonNone, out.IdentifierReason, "%s: %s", s.name, out.Detail)
	require.Equal(t, decision.ReasonNone, out.PreflightReason, "%s: %s", s.name, out.Detail)
	require.True(t, out.Restrictable, s.name)
	return route, out
}

// The golden payloads are what a person reads; the strict stand-in takes each of
// them.
func TestGoldenPayloads(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			route, out := built(t, &s)
			checkGolden(t, s.name, s.about, out)
			a := judge(t, route, out.Fragment)
			require.Equal(t, provider.Accepted.String(), a.Class.String(), "%s %s", a.Code, a.Message)
		})
	}
}

func checkGolden(t *testing.T, name, about string, out provider.Built) {
	t.Helper()
	var pretty bytes.Buffer
	require.NoError(t, json.Indent(&pretty, out.Fragment, "", "  "))
	pretty.WriteByte('\n')
	got := txtar.Format(&txtar.Archive{Comment: []byte(about + "\n"), Files: []txtar.File{
		{Name: "payload.json", Data: pretty.Bytes()},
		{Name: "status", Data: []byte(describe(out))},
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
	fmt.Fprintf(&s, "unsafe dropped: %d\nmatch quality: %g\n", b.Identifiers.UnsafeDropped, b.Identifiers.MatchQuality)
	fmt.Fprintf(&s, "relies on: %s\nvalue: %v %s\ndeduplication risk: %t\nresend unsafe: %t\n", b.ReliesOn, b.Value.Value, b.Currency, b.DedupRisk, b.ResendUnsafe)
	return s.String()
}
