package settle_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/role/sender/settle"
	"github.com/sluicehq/sluice/schemas"
)

// written is a Kafka that fails as often as it is told to. As the real one, it
// does not look at a record after it has acknowledged it.
type written struct {
	failures int
	values   [][]byte
}

var errDown = errors.New("down")

func (w *written) Produce(_ context.Context, records ...*kgo.Record) error {
	if w.failures > 0 {
		w.failures--
		return errDown
	}
	for _, r := range records {
		w.values = append(w.values, append([]byte(nil), r.Value...))
	}
	return nil
}

// nowhere is a Kafka that keeps nothing.
type nowhere struct{}

func (nowhere) Produce(context.Context, ...*kgo.Record) error { return nil }

type noClaims struct{}

func (noClaims) Mark(context.Context, []dedup.Request) error       { return nil }
func (noClaims) Release(context.Context, []dedup.Request) error    { return nil }
func (noClaims) Renew(context.Context, []dedup.Request) error      { return nil }
func (noClaims) Advance(context.Context, []dedup.Adjustment) error { return nil }

type producer interface {
	Produce(ctx context.Context, records ...*kgo.Record) error
}

func settler(p producer) *settle.Settler {
	return settle.New(settle.Config{Provider: "meta", MinBackoff: time.Microsecond}, settle.Deps{
		Producer: p, Claims: noClaims{}, Encoder: codec.NewWriter(codec.IDs{schemas.Diagnostic: 1}, "test"),
		Recorder: gate.Recorder{Pseudonym: identity.NewPseudonym("k", []byte("key")), AppVersion: "test"}, Now: time.Now,
	})
}

func batch(from, n int, outcome *settle.Outcome) []settle.Entry {
	entries := make([]settle.Entry, n)
	for i := range entries {
		entries[i] = settle.Entry{
			Delivery: &decision.Delivery{
				Facts:   decision.Facts{Customer: "acme", DestinationID: "d", Mapping: "m", Subject: identity.NewRaw(fmt.Sprint("s", from+i))},
				EventID: fmt.Sprint("event-", from+i), Source: event.Coordinates{Topic: "events", Offset: int64(from + i)},
			},
			Record: &kgo.Record{}, Hop: &codec.Hop{Attempt: 1}, Outcome: outcome,
		}
	}
	return entries
}

// One batch's memory is the next one's: whatever its size, and whether its
// first try failed, every diagnostic says what it says alone.
func TestBatchesShareMemoryAndNothingElse(t *testing.T) {
	t.Parallel()
	w := &written{}
	s := settler(w)
	delivered := &settle.Outcome{Kind: settle.Delivered, Reason: decision.ReasonDelivered, Evidence: settle.Evidence{Message: "first", Warnings: []string{"w"}}}
	expired := &settle.Outcome{Kind: settle.Ended, Status: decision.Expired, Reason: decision.ProviderTooOld}
	next := 0
	for turn, n := range []int{3, 50, 1, 7, 50} {
		w.failures, w.values = turn%2, nil
		outcome := delivered
		if turn%2 == 1 {
			outcome = expired
		}
		entries := batch(next, n, outcome)
		ends, err := s.Settle(t.Context(), entries)
		require.NoError(t, err)
		require.Len(t, ends, 1)
		for end, count := range ends {
			require.Equal(t, outcome.Reason, end.Reason)
			require.Equal(t, n, count)
		}
		require.Len(t, w.values, n)
		for i, value := range w.values {
			var d decision.Decision
			require.NoError(t, codec.DecodeDiagnostic(&d, value[5:]))
			require.Equal(t, entries[i].Delivery.EventID, d.EventID)
			require.EqualValues(t, next+i, d.Source.Offset)
			require.Equal(t, outcome.Evidence.Message, d.ProviderMessage)
			require.Len(t, d.Warnings, len(outcome.Evidence.Warnings))
		}
		next += n
	}
}

func TestSettlingHardlyAllocates(t *testing.T) {
	const n = 500
	s := settler(nowhere{})
	entries := batch(0, n, &settle.Outcome{Kind: settle.Delivered, Reason: decision.ReasonDelivered})
	allocs := testing.AllocsPerRun(20, func() {
		if _, err := s.Settle(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
	})
	// Hashing makes an object with the race detector only; the id takes one digest,
	// the pseudonym two.
	message := []byte("e-1")
	hashing := testing.AllocsPerRun(100, func() { identity.Sum256(message) })
	require.LessOrEqual(t, allocs/n, 2.2+3*hashing, "the decision's id and the subject's pseudonym")
}
