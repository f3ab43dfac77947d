package google_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/providertest"
)

// TestTheStrictStandInTakesEveryOddEvent: whatever stands in an event, what the
// gates let pass is what the stand-in takes.
func TestTheStrictStandInTakesEveryOddEvent(t *testing.T) {
	t.Parallel()
	const each = 12_500
	for name, c := range map[string]struct {
		kit    func() *kit
		change func(*kit)
	}{
		"online":    {newKit, func(*kit) {}},
		"offline":   {newKit, func(k *kit) { k.mapping.ProviderEvent = "generate_lead" }},
		"analytics": {analyticsKit, func(*kit) {}},
		"names": {analyticsKit, func(k *kit) {
			k.mapping.Include = map[string]bool{"item_names": true, "item_brands": true, "item_categories": true, "search_term": true, "page_title": true, "coupons": true}
			k.mapping.Properties = []string{"plan", "seats"}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(11, uint64(len(name))))
			k := c.kit()
			c.change(k)
			p, w, target := newProvider(), openWire(), k.target(t)
			k.build(t) // completes the input's route
			taken := 0
			var fragments [][]byte
			group := ""
			judge := func(list ...[]byte) provider.Answer {
				answer := w.send(target.Account.Assemble(nil, &provider.Batch{Endpoint: target, Group: group, Fragments: list}))
				return p.Classify(len(list), &answer)
			}
			send := func() {
				if len(fragments) == 0 {
					return
				}
				if a := judge(fragments...); a.Class != provider.Accepted && a.Class != provider.AcceptedWithWarnings {
					for _, f := range fragments {
						a := judge(f)
						require.Contains(t, []provider.Class{provider.Accepted, provider.AcceptedWithWarnings}, a.Class, "%s %s of %s", a.Code, a.Message, f)
					}
				}
				taken += len(fragments)
				fragments = fragments[:0]
			}
			for range each {
				in := k.in
				in.Event = providertest.OddEvent(r, now)
				in.EventID, in.EventIDSource = in.Event.EffectiveID()
				in.Usable = consent.PurposeSet(r.IntN(int(consent.AllPurposes)+1)) | consent.AdUserData
				built := provider.Build(nil, &in)
				if built.IdentifierReason != decision.ReasonNone || built.PreflightReason != decision.ReasonNone {
					require.Empty(t, built.Fragment)
					continue
				}
				group = built.Group
				if fragments = append(fragments, built.Fragment); len(fragments) == 100 {
					send()
				}
			}
			send()
			t.Logf("%d of %d odd events were eligible, and taken", taken, each)
			require.Greater(t, taken, each/50)
		})
	}
}
