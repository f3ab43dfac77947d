package snapchat_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/providertest"
)

// TestTheSandboxTakesEveryOddEvent: whatever stands in an event, what the gates
// let pass is what the strict stand-in takes. Where they differ, one of the two is
// wrong.
func TestTheSandboxTakesEveryOddEvent(t *testing.T) {
	t.Parallel()
	const each, batch = 2_500, 100
	german := func(d *resource.Destination, _ *resource.Mapping) {
		d.Defaults = resource.Defaults{PhoneCountry: "DE", Currency: "EUR"}
	}
	for name, options := range map[string][]option{
		"web":                  {with(`{"data_processing_options":"LMU"}`)},
		"web, LDU":             {with(`{"data_processing_options":"LDU"}`), german},
		"web, details":         {include("item_names", "item_brands", "item_categories", "search_term"), func(_ *resource.Destination, m *resource.Mapping) { m.Properties = []string{"plan", "seats"} }},
		"web, a custom event":  {as("A name of our own"), with(`{"contents":"numbers"}`)},
		"app":                  {app},
		"app, the SDK's names": {app, with(`{"advertising_id":"mobile_ad_id"}`), as("APP_OPEN"), german},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			route := newRoute(t, options...)
			r := rand.New(rand.NewPCG(19, uint64(len(name))))
			var fragments [][]byte
			taken := 0
			send := func() {
				if len(fragments) > 0 && judge(t, route, fragments...).Class != provider.Accepted {
					for _, f := range fragments {
						a := judge(t, route, f)
						require.Equal(t, provider.Accepted, a.Class, "%s %s of %s", a.Code, a.Message, f)
					}
					require.Fail(t, "each of a batch is taken alone, and the batch is not")
				}
				taken += len(fragments)
				fragments = fragments[:0]
			}
			for range each {
				in := input(route, oddEvent(r))
				in.Usable = consent.PurposeSet(r.IntN(int(consent.AllPurposes)+1)) | consent.AdUserData
				in.Sensitive = r.IntN(8) == 0
				if r.IntN(6) == 0 {
					restricted(in)
				}
				built := provider.Build(nil, in)
				if built.IdentifierReason != decision.ReasonNone || built.PreflightReason != decision.ReasonNone || !built.Restrictable {
					require.Empty(t, built.Fragment)
					continue
				}
				if fragments = append(fragments, built.Fragment); len(fragments) == batch {
					send()
				}
			}
			send()
			t.Logf("%d of %d odd events were eligible, and taken", taken, each)
			require.Greater(t, taken, each/50, "the generator makes events that can leave")
		})
	}
}

// oddEvent is an odd event with odd values where Snapchat looks besides.
func oddEvent(r *rand.Rand) *event.Event {
	ev, other := providertest.OddEvent(r, now), providertest.OddEvent(r, now)
	odd := []identity.Raw{other.Device.InstallID, other.Click.Fbp, other.Identity.FirstName, raw("6d8087f0-4d7a-4c83-9c3a-6dfc5f0a5c01"), raw("a1B2c3D4"), {}}
	pick := func() identity.Raw { return odd[r.IntN(len(odd))] }
	ev.Click.Sccid, ev.Click.Scid, ev.Device.VendorID = pick(), pick(), pick()
	if r.IntN(2) == 0 {
		ev.Device.AdvertisingID = raw("38400000-8CF0-11bd-b23e-10b96e40000d")
		ev.Device.Platform = []string{"ios", "android", "web"}[r.IntN(3)]
	}
	if r.IntN(2) == 0 {
		ev.Source, ev.Device.AppID = event.SourceApp, "com.acme.shop"
	}
	return ev
}
