package router_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
)

// I7: what a subject says while its event is held decides: a denial and an
// erasure end it, in the same release that lets its neighbour go.
func TestHeldEventsOfWhoDeniesOrIsErasedEnd(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		said consent.Record
		want string
	}{
		"denied": {consent.Record{Input: consent.Input{AdUserData: consent.Text("denied")}}, "d/m skipped consent.denied"},
		"erased": {consent.Record{Erased: true}, "d/m skipped consent.erased"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := setup(t, destination("d", holding)+mapping("m", "d", "order", "Purchase"))
			s, hold := r.session(), r.sessionOf(decision.StageHold)
			out := r.route(s, r.record(unknown("subject")), r.record(unknown("neighbour")))
			require.Len(t, out.holds, 2)
			r.advance(30 * time.Second)
			r.grant("s-neighbour")
			r.grant("s-subject")
			at := r.clock().UnixMilli()
			test.said.UpdatedAt = at
			r.world.change(func(w *world) {
				w.consents["acme:s-subject"] = consent.After(w.consents["acme:s-subject"], consent.NormaliseRecord(test.said, at))
			})
			done := r.release(hold, out.holds...)
			require.Equal(t, []string{test.want, queued}, done.said())
			require.Len(t, done.deliveries, 1)
		})
	}
}
