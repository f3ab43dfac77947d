package linkedin_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// scenario is one golden payload: an event, and what differs from an ordinary web
// purchase with every purpose granted.
type scenario struct {
	name, about, event string
	section            string
	change             func(*provider.Input)
}

func scenarios() []scenario {
	text := func(s string) event.Value { return event.Value{Kind: event.String, Str: s} }
	titled := func(in *provider.Input) {
		in.Regime = consent.OptOut
		in.Fields = []resource.Field{{Name: "company_name", Value: text("Acme Ltd")}, {Name: "title", Value: text("Head of Sales")}}
	}
	return []scenario{
		{name: "web_purchase", about: "An ordinary purchase on the web: one hashed address and the click.", event: "purchase"},
		{name: "everything", about: "Everything that may leave in clear, under opt-out.", event: "purchase", section: everything, change: titled},
		{name: "everything_opt_in", about: "The same settings under opt-in: no address of the internet.", event: "purchase", section: everything},
		{name: "everything_sensitive", about: "The same, marked sensitive: no names, no texts.", event: "purchase", section: everything, change: func(in *provider.Input) { titled(in); in.Sensitive = true }},
		{name: "hashes", about: "Names and the address of the internet hashed.", event: "purchase", section: hashes, change: func(in *provider.Input) { in.Regime = consent.OptOut }},
		{name: "no_storage", about: "Without ad_storage: no click and no device.", event: "purchase", change: func(in *provider.Input) {
			android(in)
			in.Usable = consent.AdUserData | consent.AdPersonalization
		}},
		{name: "app", about: "An app on Android: its advertising id in lower case, and Acxiom's id.", event: "add_to_cart", change: android},
		{name: "lead", about: "The response of a lead form; no value.", event: "qualify_lead", change: func(in *provider.Input) {
			in.Event.Commerce, in.Event.Click = event.Commerce{}, event.Click{}
			in.Event.Identity.LeadID = raw("urn:li:leadGenFormResponse:abc-5")
		}},
		{name: "derived_id", about: "An event without an id: the order's stands in, for LinkedIn knows no other key.", event: "purchase", change: func(in *provider.Input) {
			in.Event.ID = ""
			in.EventID, in.EventIDSource = in.Event.EffectiveID()
		}},
		{name: "computed", about: "A computed value and currency; binary noise is rounded.", event: "purchase", change: func(in *provider.Input) {
			in.Fields = []resource.Field{{Name: "currency", Value: text("eur")}, {Name: "value", Value: event.Value{Kind: event.Double, Double: 0.1 + 0.2}}}
		}},
		{name: "ahead", about: "A clock that is 30 seconds ahead: sent as of now.", event: "purchase", change: func(in *provider.Input) { in.Event.Time = now + 30_000 }},
	}
}

func android(in *provider.Input) {
	in.Event.Source, in.Event.Page = event.SourceApp, event.Page{}
	in.Event.Device.Platform, in.Event.Device.AdvertisingID = "Android", raw("38400000-8CF0-11BD-B23E-10B96E40000D")
	in.Event.Identity.LoginIDs = []event.NamedRaw{{Name: "facebook", Value: raw("1")}, {Name: "acxiom", Value: raw(" abc123 ")}}
}

func (s *scenario) build(t testing.TB) (*resource.Route, provider.Built) {
	t.Helper()
	route := newRoute(t, s.event, section(s.section))
	in := input(route, webEvent())
	if s.change != nil {
		s.change(in)
	}
	return route, pass(t, in)
}

// The strict stand-in takes every golden payload.
func TestGoldenPayloads(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			route, out := s.build(t)
			a := judge(t, route, out.Fragment)
			require.Equal(t, provider.Accepted.String(), a.Class.String(), "%s %s", a.Code, a.Message)
			var pretty bytes.Buffer
			require.NoError(t, json.Indent(&pretty, out.Fragment, "", "  "))
			pretty.WriteByte('\n')
			got := txtar.Format(&txtar.Archive{Comment: []byte(s.about + "\n"), Files: []txtar.File{
				{Name: "payload.json", Data: pretty.Bytes()}, {Name: "status", Data: []byte(describe(out))},
			}})
			path := filepath.Join("testdata", "golden", s.name+".txtar")
			if os.Getenv("UPDATE_GOLDEN") != "" {
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
				require.NoError(t, os.WriteFile(path, got, 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got))
		})
	}
}

// describe writes the rest of the answer in words.
func describe(b provider.Built) string {
	var s strings.Builder
	fmt.Fprintf(&s, "present: %v\n", b.Identifiers.Present)
	for _, d := range b.Identifiers.Dropped {
		fmt.Fprintf(&s, "dropped: %s (%s)\n", d.Kind, d.Reason)
	}
	fmt.Fprintf(&s, "unsafe dropped: %d\nmatch quality: %g\n", b.Identifiers.UnsafeDropped, b.Identifiers.MatchQuality)
	fmt.Fprintf(&s, "relies on: %s\nvalue: %v %s\nclaim: %s (%s)\ndeduplication risk: %t\n", b.ReliesOn, b.Value.Value, b.Currency, b.ClaimID, b.DuplicateReason, b.DedupRisk)
	return s.String()
}
