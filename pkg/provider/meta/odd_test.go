package meta_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/providertest"
)

// oddEvents is how many odd events each target sees.
const oddEvents = 10_000

// TestTheSandboxTakesEveryOddEvent: whatever stands in an event, what the gates
// let pass is what the strict stand-in takes. Where they differ, one of the two is
// wrong.
func TestTheSandboxTakesEveryOddEvent(t *testing.T) {
	t.Parallel()
	for target, options := range map[string][]option{
		"Purchase":             nil,
		"ViewContent":          {include("item_names", "item_brands", "item_categories", "search_term", "page_title", "coupons"), func(_ *resource.Destination, m *resource.Mapping) { m.Properties = []string{"plan", "seats"} }},
		"AppendValue":          {with(`{"external_id":"raw"}`)},
		"Lead qualified":       {func(d *resource.Destination, _ *resource.Mapping) { d.ContextualOnly = true }},
		"CompleteRegistration": {func(d *resource.Destination, _ *resource.Mapping) { d.Defaults.PhoneCountry = "DE" }},
	} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			route := newRoute(t, target, options...)
			r := rand.New(rand.NewPCG(7, uint64(len(target))))
			const batch = 100
			var fragments [][]byte
			taken := 0
			send := func() {
				if len(fragments) == 0 {
					return
				}
				if judge(t, route, fragments...).Class == provider.Accepted {
					taken += len(fragments)
				} else {
					for _, f := range fragments {
						a := judge(t, route, f)
						require.Equal(t, provider.Accepted, a.Class, "%s/%s %s of %s", a.Code, a.Subcode, a.Message, f)
					}
				}
				fragments = fragments[:0]
			}
			for range oddEvents {
				in := input(route, providertest.OddEvent(r, now))
				in.Usable = consent.PurposeSet(r.IntN(int(consent.AllPurposes)+1)) | consent.AdUserData
				in.Sensitive = r.IntN(8) == 0
				built := provider.Build(nil, in)
				if built.IdentifierReason != decision.ReasonNone || built.PreflightReason != decision.ReasonNone {
					require.Empty(t, built.Fragment)
					continue
				}
				if built.Group != "" {
					a := judge(t, route, built.Fragment)
					require.Equal(t, provider.Accepted, a.Class, "%s/%s %s of %s", a.Code, a.Subcode, a.Message, built.Fragment)
					taken++
					continue
				}
				if fragments = append(fragments, built.Fragment); len(fragments) == batch {
					send()
				}
			}
			send()
			t.Logf("%d of %d odd events were eligible, and taken", taken, oddEvents)
			require.Greater(t, taken, oddEvents/20, "the generator makes events that can leave")
		})
	}
}
