package e2e_test

import (
	"context"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/edge/codec"
)

var lanes = []decision.Lane{decision.LaneRealtime, decision.LaneBatch, decision.LaneReplay} //nolint:gochecknoglobals // a constant list

// pair is one input record and one mapping.
type pair struct {
	partition int32
	offset    int64
	mapping   string
}

// handover is what must never be committed twice.
type handover struct{ destination, target, eventID, replayID string }

// ledger folds committed records into an accounting of this test's own.
type ledger struct {
	w          *world
	reader     *kgo.Client
	diagnostic *codec.Decoder[decision.Decision]
	delivery   *codec.Decoder[decision.Delivery]

	decisions []*decision.Decision
	routed    map[pair][]*decision.Decision // by router or hold, held ones aside
	held      map[pair]int
	ended     map[pair][]*decision.Decision // by senders
	handovers map[handover]int
	expected  map[pair]*event.Event
}

func newLedger(w *world) *ledger {
	w.t.Helper()
	l := &ledger{
		w: w, routed: map[pair][]*decision.Decision{}, held: map[pair]int{},
		ended: map[pair][]*decision.Decision{}, handovers: map[handover]int{}, expected: map[pair]*event.Event{},
	}
	var err error
	l.reader, err = kgo.NewClient(kgo.SeedBrokers(w.services.Kafka().Brokers...), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.FetchMaxWait(100*time.Millisecond), kgo.ConsumeTopics(append(deliveryTopics(w), w.names.Diagnostics())...))
	require.NoError(w.t, err)
	w.t.Cleanup(l.reader.Close)
	l.diagnostic, err = codec.Diagnostics(w.registry)
	require.NoError(w.t, err)
	l.delivery, err = codec.Deliveries(w.registry)
	require.NoError(w.t, err)
	return l
}

// poll takes what is there.
func (l *ledger) poll() {
	l.w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	l.reader.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
		if r.Topic != l.w.names.Diagnostics() {
			d := &decision.Delivery{}
			require.NoError(l.w.t, l.delivery.Decode(context.Background(), r.Value, d))
			l.handovers[handover{d.Facts.DestinationID, d.Target, d.EventID, d.ReplayID}]++
			return
		}
		d := &decision.Decision{}
		require.NoError(l.w.t, l.diagnostic.Decode(context.Background(), r.Value, d))
		l.decisions = append(l.decisions, d)
		at := pair{d.Source.Partition, d.Source.Offset, d.Mapping}
		switch {
		case d.Stage == decision.StageSender:
			l.ended[at] = append(l.ended[at], d)
		case d.Status == decision.Held:
			l.held[at]++
		default:
			l.routed[at] = append(l.routed[at], d)
		}
	})
}

// expect reads what was written to the input topic: every purchase matches
// both mappings, everything else none.
func (l *ledger) expect() {
	l.w.t.Helper()
	events, err := codec.NewEvents(codec.FormatAvro, l.w.registry)
	require.NoError(l.w.t, err)
	for _, r := range l.w.read(kgo.ReadCommitted(), l.w.input) {
		e := &event.Event{}
		require.NoError(l.w.t, events.Decode(context.Background(), r.Value, e))
		mappings := []string{""}
		if e.Name == "transaction.purchase" {
			mappings = []string{"shop-meta-purchase", "shop-google-purchase"}
		}
		for _, m := range mappings {
			l.expected[pair{r.Partition, r.Offset, m}] = e
		}
	}
}

// settled tells whether everything expected has its decision, and everything
// that was queued its end.
func (l *ledger) settled() bool {
	for at := range l.expected {
		final := l.routed[at]
		if len(final) == 0 || final[0].Status == decision.Queued && len(l.ended[at]) == 0 {
			return false
		}
	}
	return true
}

// check holds the invariants.
func (l *ledger) check() {
	t := l.w.t
	t.Helper()
	queued := map[handover]int{}
	byStatus := map[decision.Status]int{}
	for at, e := range l.expected {
		require.Len(t, l.routed[at], 1, "final decisions about %v", at)
		require.LessOrEqual(t, l.held[at], 1, "%v is held once", at)
		d := l.routed[at][0]
		byStatus[d.Status]++
		if d.Status != decision.Queued {
			require.Empty(t, l.ended[at], "%v was %v and yet sent", at, d.Status)
			continue
		}
		queued[handover{d.DestinationID, d.Target, d.EventID, d.ReplayID}]++
		for _, end := range l.ended[at] {
			require.Equal(t, decision.Delivered, end.Status, "%v: %v", at, end.Reason)
		}
		count := l.w.sandbox.Event("meta", "1234567890123456", "Purchase", e.ID)
		if d.Provider == "google" {
			count = l.w.sandbox.Event("google", "1234567890", "987654321", e.Commerce.TransactionID)
		}
		require.Positive(t, count.Accepted, "%v (%s) at %s", at, e.ID, d.Provider)
	}
	require.Len(t, l.routed, len(l.expected), "decisions about what was never written")
	require.Equal(t, queued, l.handovers, "what was queued is what stands in the delivery topics")
	for h, n := range l.handovers {
		require.Equal(t, 1, n, "%v was handed over %d times", h, n)
	}
	for _, s := range []decision.Status{decision.Queued, decision.Duplicate, decision.Skipped} {
		require.Positive(t, byStatus[s], "the traffic has some %v", s)
	}
	require.NotEmpty(t, l.held)
	t.Logf("%d pairs: %v, %d held in between", len(l.expected), byStatus, len(l.held))
}
