package x_test

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
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// scenario is one golden payload: an event, and what differs from an ordinary web
// purchase with every purpose granted.
type scenario struct {
	name, about, event string
	options            []option
	change             func(*provider.Input)
}

func scenarios() []scenario {
	text := func(s string) event.Value { return event.Value{Kind: event.String, Str: s} }
	described := func(in *provider.Input) {
		in.Fields = []resource.Field{{Name: "description", Value: text("autumn sale")}}
	}
	return []scenario{
		{name: "web_purchase", about: "An ordinary purchase on the web: the order's id tells repeats apart, a discount is no article.", event: "purchase"},
		{name: "details", about: "Names, search term and a description that the mapping lets out.", event: "purchase", options: []option{details}, change: described},
		{name: "sensitive", about: "The same, marked sensitive: origins only, no names, no texts.", event: "purchase", options: []option{details}, change: func(in *provider.Input) {
			described(in)
			in.Sensitive = true
		}},
		{name: "no_storage", about: "Without ad_storage: no click, also not in the URL.", event: "purchase", change: func(in *provider.Input) { in.Usable = consent.AdUserData | consent.AdPersonalization }},
		{name: "lead", about: "A lead of a call centre: no page, no value, a national number.", event: "lead", options: []option{func(d *resource.Destination, m *resource.Mapping) {
			d.Defaults.PhoneCountry, m.SourceEvent = "DE", "lead.submitted"
		}}, change: func(in *provider.Input) {
			e := in.Event
			e.Name, e.Source, e.Page, e.Device, e.Click, e.Commerce = "lead.submitted", event.SourcePhone, event.Page{}, event.Device{}, event.Click{}, event.Commerce{}
			e.Identity = event.Identity{Phones: []identity.Raw{raw("030 901820")}}
		}},
		{name: "computed", about: "A computed value and currency; binary noise is rounded, two places stay.", event: "add_to_cart", options: []option{func(_ *resource.Destination, m *resource.Mapping) { m.SourceEvent = "cart.added" }}, change: func(in *provider.Input) {
			in.Event.Name = "cart.added"
			in.Fields = []resource.Field{{Name: "currency", Value: text("eur")}, {Name: "value", Value: event.Value{Kind: event.Double, Double: 0.1 + 0.2}}}
		}},
		{name: "ahead", about: "A clock that is 30 seconds ahead: sent as of now.", event: "purchase", change: func(in *provider.Input) { in.Event.Time = now + 30_000 }},
	}
}

// The strict stand-in takes every golden payload.
func TestGoldenPayloads(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			route := newRoute(t, s.event, s.options...)
			in := input(route, webEvent())
			if s.change != nil {
				s.change(in)
			}
			out := pass(t, in)
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
