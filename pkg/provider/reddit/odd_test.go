package reddit_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/providertest"
	sandbox "github.com/sluicehq/sluice/pkg/provider/reddit/fake"
)

// oddEvents is how many odd events each target sees.
const oddEvents = 5_000

// TestTheSandboxTakesEveryOddEvent: whatever stands in an event, what the gates
// let pass is what the strict stand-in takes. Where they differ, one of the two is
// wrong.
func TestTheSandboxTakesEveryOddEvent(t *testing.T) {
	t.Parallel()
	for target, options := range map[string][]option{
		"PURCHASE":     nil,
		"VIEW_CONTENT": {include("item_names", "item_categories")},
		"LEAD":         {section(`{"email":"plain","phone":"digits"}`)},
		"Quiz":         {func(d *resource.Destination, _ *resource.Mapping) { d.ContextualOnly = true }},
		"ADD_TO_CART": {func(d *resource.Destination, _ *resource.Mapping) {
			d.Defaults = resource.Defaults{PhoneCountry: "DE", Currency: "EUR"}
		}},
	} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			route := newRoute(t, target, options...)
			service := strict(sandbox.Config{})
			r := rand.New(rand.NewPCG(11, uint64(len(target))))
			var fragments [][]byte
			taken := 0
			send := func() {
				if len(fragments) > 0 && judge(t, service, route, fragments...).Class != provider.Accepted {
					for _, f := range fragments {
						a := judge(t, service, route, f)
						require.Equal(t, provider.Accepted, a.Class, "%s %s of %s", a.Code, a.Message, f)
					}
				}
				taken += len(fragments)
				fragments = fragments[:0]
			}
			for range oddEvents {
				in := input(route, providertest.OddEvent(r, now))
				in.Usable = consent.PurposeSet(r.IntN(int(consent.AllPurposes)+1)) | consent.AdUserData
				in.Said = consent.State{Granted: in.Usable}
				in.Sensitive = r.IntN(8) == 0
				if r.IntN(8) == 0 {
					in.Restricted, in.Regime, in.Place = true, consent.OptOut, consent.Place{Location: consent.NewJurisdiction("US", "CA")}
				}
				built := provider.Build(nil, in)
				if built.IdentifierReason != decision.ReasonNone || built.PreflightReason != decision.ReasonNone {
					require.Empty(t, built.Fragment)
					continue
				}
				require.Equal(t, now-in.Event.Time > 47*3600_000, built.ResendUnsafe)
				if fragments = append(fragments, built.Fragment); len(fragments) == 100 {
					send()
				}
			}
			send()
			t.Logf("%d of %d odd events were eligible, and taken", taken, oddEvents)
			require.Greater(t, taken, oddEvents/20, "the generator makes events that can leave")
		})
	}
}
