package x_test

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
		"plain": nil, "details": {details},
		"defaults": {details, func(d *resource.Destination, _ *resource.Mapping) {
			d.Defaults, d.ContextualOnly = resource.Defaults{PhoneCountry: "DE", Currency: "EUR"}, true
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			route := newRoute(t, "purchase", options...)
			r := rand.New(rand.NewPCG(19, uint64(len(name))))
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
					require.False(t, bytes.Contains(built.Fragment, []byte("twclid")), "%s", built.Fragment)
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
	ids := []string{"23opevjt88psuo13lu8d020qkn", "%7B%22twclid%22%3A%2226l6412g5p4iyj65a2oic2ayg%22%7D", odd.Reveal()}
	e.Click.Twclid = raw(ids[r.IntN(len(ids))])
	e.Page.URL += []string{"", "?twclid=23opevjt88psuo13lu8d020qkn"}[r.IntN(2)]
	in := input(route, e)
	in.Usable = consent.PurposeSet(r.IntN(int(consent.AllPurposes)+1)) | consent.AdUserData
	in.Said = consent.State{Granted: in.Usable}
	in.Sensitive = r.IntN(8) == 0
	in.Fields = []resource.Field{{Name: "description", Value: event.Value{Kind: event.String, Str: e.Page.Title}}}
	return in
}
