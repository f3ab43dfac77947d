package webhook_test

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
	name, about string
	options     []option
	event       func(*event.Event)
	input       func(*provider.Input)
}

func scenarios() []scenario {
	text := func(s string) event.Value { return event.Value{Kind: event.String, Str: s} }
	everything := func(_ *resource.Destination, m *resource.Mapping) {
		m.Include = map[string]bool{"item_names": true, "item_brands": true, "item_categories": true, "coupons": true, "search_term": true, "page_title": true}
		m.Properties = []string{"plan", "contact", "seats", "trial"}
	}
	detailed := func(ev *event.Event) {
		ev.Page.Title = "Thank you"
		ev.Commerce.Coupons = []string{"SAVE10", "jane@example.com"}
		ev.Commerce.SearchTerm, ev.Commerce.StoreID, ev.Commerce.CustomerType = "blue shirt", "store-7", "new"
		ev.Commerce.Tax, ev.Commerce.Shipping, ev.Commerce.Discount = event.Some(22.75), event.Some(4.9), event.Some(10.0)
		ev.Properties = []event.Property{
			{Key: "plan", Value: text("gold")}, {Key: "contact", Value: text("+49 151 2345678")}, {Key: "secret", Value: text("unmapped")},
			{Key: "seats", Value: event.Value{Kind: event.Long, Long: 3}}, {Key: "trial", Value: event.Value{Kind: event.Boolean}},
		}
	}
	german := func(d *resource.Destination, _ *resource.Mapping) {
		d.Defaults = resource.Defaults{PhoneCountry: "DE", Currency: "EUR"}
	}
	return []scenario{
		{name: "web_purchase", about: "An ordinary purchase on the web."},
		{name: "web_details", about: "Names, coupons, search term and properties that the mapping lists; the unsafe ones are gone.", options: []option{everything}, event: detailed},
		{name: "web_sensitive", about: "The same, marked sensitive: origins only, no names, no text.", options: []option{everything}, event: detailed, input: func(in *provider.Input) { in.Sensitive = true }},
		{name: "web_no_storage", about: "Without ad_storage: no click and browser ids, also not in URLs.", event: func(ev *event.Event) { ev.Page.URL += "&gclid=AbC" }, input: func(in *provider.Input) {
			in.Usable, in.Said = consent.AdUserData|consent.AdPersonalization, consent.State{Granted: consent.AdUserData | consent.AdPersonalization, Denied: consent.AdStorage}
		}},
		{name: "web_no_personalization", about: "Without ad_personalization, which the receiver has to obey.", input: func(in *provider.Input) {
			in.Usable, in.Said = consent.AdUserData|consent.AdStorage, consent.State{Granted: consent.AdUserData | consent.AdStorage}
		}},
		{name: "web_opt_out", about: "Where the regime allows what nobody spoke of.", input: func(in *provider.Input) { in.Regime, in.Said = consent.OptOut, consent.State{} }},
		{name: "clicks", about: "Every click id; those without a field of their own under other.", event: func(ev *event.Event) {
			ev.Click = event.Click{
				Gclid: raw("Cj0K"), Gbraid: raw("0AAA"), Wbraid: raw("Cl4K"), Dclid: raw("CMeH"), Fbclid: raw("IwAR0_AbC-dEf"), Fbc: raw("fb.1.1554763741205.AbCdEfGhIj"),
				Fbp: raw("not an id"), Other: []event.NamedRaw{{Name: "msclkid", Value: raw("5f3b")}, {Name: "Bad Name", Value: raw("x")}, {Name: "ttclid", Value: raw("E.C.P")}},
			}
		}},
		{name: "computed", about: "Computed fields; value, currency and item ids override the event's.", input: func(in *provider.Input) {
			in.Fields = []resource.Field{
				{Name: "currency", Value: text("eur")}, {Name: "margin", Value: event.Value{Kind: event.Double, Double: 0.25}},
				{Name: "segment", Value: text("gold")}, {Name: "value", Value: event.Value{Kind: event.Double, Double: 142.52 * 0.8}},
			}
			in.ItemIDs = []string{"shop_DE_sku1", ""}
		}},
		{name: "refund", about: "A refund names what it takes back; its amount is negative.", event: func(ev *event.Event) {
			ev.Source, ev.Page, ev.Click, ev.Name, ev.ID = event.SourceSystem, event.Page{}, event.Click{}, "transaction.refunded", "refund-7"
			ev.Commerce = event.Commerce{Value: event.Some(-60.0), Currency: "USD", TransactionID: "1001"}
			ev.Original = event.Original{Name: "transaction.purchase", Time: now - 86400_000, ID: "order-1001", TransactionID: "1001"}
		}},
		{name: "identifiers", about: "National and odd phone numbers, hashed values, repeats; what no rule makes usable is gone.", options: []option{german}, event: func(ev *event.Event) {
			ev.Click, ev.Commerce.Currency = event.Click{}, ""
			ev.Identity = event.Identity{
				Emails:      []identity.Raw{raw("JANE@Example.com"), raw("jane@example.com"), raw("no address"), raw("8C87B489CE35CF2E2F39F80E282CB2E804932A56A213983EEEB428407D43B52D")},
				Phones:      []identity.Raw{raw("030 901820"), raw("0049 (0)30 90 18 20"), raw("+49 30 901820 ext. 7"), raw("112")},
				ExternalIDs: []identity.Raw{raw(" crm-7 "), raw("crm-7")},
			}
		}},
		{name: "derived_id", about: "An event without an id: the derived one is marked.", event: func(ev *event.Event) { ev.ID = "" }},
		{name: "statistic", about: "contextual_only: an event without any identifier leaves.", options: []option{func(d *resource.Destination, _ *resource.Mapping) { d.ContextualOnly = true }}, event: func(ev *event.Event) {
			ev.Identity, ev.Click = event.Identity{}, event.Click{}
		}},
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
	return route, out
}

func TestGoldenPayloads(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			_, out := built(t, &s)
			checkGolden(t, s.name, s.about, out)
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
	fmt.Fprintf(&s, "relies on: %s\nvalue: %v %s\ndeduplication risk: %t\n", b.ReliesOn, b.Value.Value, b.Currency, b.DedupRisk)
	return s.String()
}

// The strict receiver takes every golden payload, one by one and all together.
func TestTheReceiverTakesEveryGolden(t *testing.T) {
	var all [][]byte
	var route *resource.Route
	for i, s := range scenarios() {
		var out provider.Built
		route, out = built(t, &s)
		a := judge(t, route, out.Fragment)
		require.Equal(t, provider.Accepted.String(), a.Class.String(), "%s: %s %s %v", s.name, a.Code, a.Message, a.Faults)
		all = append(all, bytes.Replace(out.Fragment, []byte(`"event_id":"`), fmt.Appendf(nil, `"event_id":"%d-`, i), 1))
	}
	a := judge(t, route, all...)
	require.Equal(t, provider.Accepted.String(), a.Class.String(), "%s %s %v", a.Code, a.Message, a.Faults)
}
