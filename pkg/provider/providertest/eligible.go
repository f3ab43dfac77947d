package providertest

import (
	"math/rand/v2"
	"testing"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Eligible holds that whatever stands in an event, what the gates let pass is what
// the provider's strict fake takes: events odd events, input makes the input of
// one, and judge hands a fragment to the fake. least is the share of events that
// must be eligible for the check to say anything.
func Eligible(t *testing.T, events int, now int64, least float64, input func(*event.Event) *provider.Input, judge func(fragment []byte) provider.Answer) {
	t.Helper()
	r := rand.New(rand.NewPCG(13, 7))
	taken := 0
	for range events {
		in := input(OddEvent(r, now))
		in.Usable = consent.PurposeSet(r.IntN(int(consent.AllPurposes)+1)) | in.Route.Needs.Purposes
		in.Said = consent.State{Granted: in.Usable}
		if r.IntN(2) == 0 {
			in.Regime, in.Said = consent.OptOut, consent.State{}
		}
		in.Sensitive = r.IntN(8) == 0
		built := provider.Build(nil, in)
		if built.IdentifierReason != decision.ReasonNone || built.PreflightReason != decision.ReasonNone {
			holds(t, len(built.Fragment) == 0, "a refused event leaves bytes")
			continue
		}
		if built.NotAfter > 0 && built.NotAfter < now {
			continue // the age gate
		}
		a := judge(built.Fragment)
		holds(t, a.Class == provider.Accepted, "%s %s %s %v of %+q", a.Class, a.Code, a.Message, a.Faults, built.Fragment)
		taken++
	}
	t.Logf("%d of %d odd events were eligible, and taken", taken, events)
	holds(t, float64(taken) >= least*float64(events), "only %d of %d odd events can leave", taken, events)
}
