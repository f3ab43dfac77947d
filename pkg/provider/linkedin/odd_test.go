package linkedin_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/providertest"
)

// TestTheFakeTakesEveryOddEvent: whatever stands in an event, what the gates let
// pass is what the strict stand-in takes.
func TestTheFakeTakesEveryOddEvent(t *testing.T) {
	t.Parallel()
	const each, batch = 2_500, 100
	for name, options := range map[string][]option{
		"plain": nil, "everything": {section(everything)}, "hashes": {section(hashes)},
		"defaults": {section(everything), func(d *resource.Destination, _ *resource.Mapping) {
			d.Defaults, d.ContextualOnly = resource.Defaults{Currency: "EUR"}, true
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			route := newRoute(t, "purchase", options...)
			r := rand.New(rand.NewPCG(17, uint64(len(name))))
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
				in := oddInput(r, route)
				built := provider.Build(nil, in)
				require.Zero(t, built.ReliesOn&^in.Usable)
				if built.IdentifierReason != decision.ReasonNone || built.PreflightReason != decision.ReasonNone {
					require.Empty(t, built.Fragment)
					continue
				}
				if !in.Usable.Has(consent.AdStorage) {
					require.False(t, bytes.Contains(built.Fragment, []byte("LINKEDIN_FIRST_PARTY")) || bytes.Contains(built.Fragment, []byte("GOOGLE_AID")), "%s", built.Fragment)
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

func oddInput(r *rand.Rand, route *resource.Route) *provider.Input {
	e := providertest.OddEvent(r, now)
	odd := e.Click.Fbclid
	ids := []string{"8a3f2b1c-4d5e-4f60-8a7b-9c0d1e2f3a4b", "8A3F2B1C-4D5E-4F60-8A7B-9C0D1E2F3A4B", "00000000-0000-0000-0000-000000000000", odd.Reveal()}
	e.Click.LiFatID, e.Device.AdvertisingID = raw(ids[r.IntN(len(ids))]), raw(ids[r.IntN(len(ids))])
	e.Device.Platform = []string{"android", "Android ", "ios", ""}[r.IntN(4)]
	e.Identity.LoginIDs = append(e.Identity.LoginIDs, event.NamedRaw{Name: "acxiom", Value: odd})
	if r.IntN(3) == 0 {
		e.Identity.LeadID = raw("urn:li:leadGenFormResponse:" + odd.Reveal())
	}
	in := input(route, e)
	in.Usable = consent.PurposeSet(r.IntN(int(consent.AllPurposes)+1)) | consent.AdUserData
	in.Said = consent.State{Granted: in.Usable}
	if r.IntN(2) == 0 {
		in.Regime, in.Said = consent.OptOut, consent.State{}
	}
	in.Sensitive = r.IntN(8) == 0
	in.Fields = []resource.Field{
		{Name: "company_name", Value: event.Value{Kind: event.String, Str: e.Page.Title}}, {Name: "title", Value: event.Value{Kind: event.String, Str: e.Commerce.SearchTerm}},
	}
	return in
}
