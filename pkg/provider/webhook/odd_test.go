package webhook_test

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

// TestTheReceiverTakesEveryOddEvent: whatever stands in an event, what the gates
// let pass is what the strict receiver takes.
func TestTheReceiverTakesEveryOddEvent(t *testing.T) {
	t.Parallel()
	const each, batch = 2_500, 100
	for name, options := range map[string][]option{
		"plain": nil,
		"details": {func(_ *resource.Destination, m *resource.Mapping) {
			m.Include = map[string]bool{"item_names": true, "item_brands": true, "item_categories": true, "coupons": true, "search_term": true, "page_title": true}
			m.Properties = []string{"plan", "seats"}
		}},
		"contextual": {func(d *resource.Destination, _ *resource.Mapping) { d.ContextualOnly = true }},
		"defaults": {func(d *resource.Destination, _ *resource.Mapping) {
			d.Defaults = resource.Defaults{PhoneCountry: "DE", Currency: "EUR"}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			route := newRoute(t, options...)
			r := rand.New(rand.NewPCG(13, uint64(len(name))))
			var fragments [][]byte
			taken := 0
			send := func() {
				if len(fragments) > 0 && judge(t, route, fragments...).Class != provider.Accepted {
					for _, f := range fragments {
						a := judge(t, route, f)
						require.Equal(t, provider.Accepted, a.Class, "%s %s %v of %s", a.Code, a.Message, a.Faults, f)
					}
					require.Fail(t, "each of a batch is taken alone, and the batch is not")
				}
				taken += len(fragments)
				fragments = fragments[:0]
			}
			inBatch := map[string]bool{}
			for range each {
				in := input(route, providertest.OddEvent(r, now))
				in.Usable = consent.PurposeSet(r.IntN(int(consent.AllPurposes)+1)) | consent.AdUserData
				in.Said = consent.State{Granted: in.Usable}
				if r.IntN(2) == 0 {
					in.Regime, in.Said = consent.OptOut, consent.State{}
				}
				in.Sensitive = r.IntN(8) == 0
				built := provider.Build(nil, in)
				if built.IdentifierReason != decision.ReasonNone || built.PreflightReason != decision.ReasonNone {
					require.Empty(t, built.Fragment)
					continue
				}
				if inBatch[built.ProviderID] || len(fragments) == batch {
					send() // a claim keeps an id from being twice in a request
					clear(inBatch)
				}
				inBatch[built.ProviderID] = true
				fragments = append(fragments, built.Fragment)
			}
			send()
			t.Logf("%d of %d odd events were eligible, and taken", taken, each)
			require.Greater(t, taken, each/20, "the generator makes events that can leave")
		})
	}
}
