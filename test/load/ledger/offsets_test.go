package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/sluicehq/sluice/test/load/traffic"
)

const deliveries = "sluice.delivery.meta.realtime"

func commits(s *story, offset int64, when time.Time, calm bool) {
	ends := kadm.ListedOffsets{deliveries: {0: {Topic: deliveries, Partition: 0, Offset: 100}}}
	s.offsets.samples++
	s.committedAt(groupPlace{"sluice-sender.meta", topicPartition{deliveries, 0}}, offset, ends, when, calm)
}

func TestI5OffsetsGoForwardAndNotPastUnfinishedWork(t *testing.T) {
	t.Parallel()
	s := whole(t)
	commits(s, 1, at(0), true)
	commits(s, 2, at(1), true)
	s.unfinished(map[topicPartition]int64{{deliveries, 0}: 2})
	requireHolds(t, s.offsetsOnlyForward())

	back := whole(t)
	commits(back, 2, at(0), true)
	commits(back, 1, at(1), true)
	back.unfinished(map[topicPartition]int64{{deliveries, 0}: 2})
	requireBroken(t, back.offsetsOnlyForward(), "back to 1")

	early := newStory(t)
	early.decide(early.pair, "router", "queued", "eligible")
	early.queue(early.pair, traffic.ID(1))
	commits(early, 2, at(0), true)
	early.unfinished(map[topicPartition]int64{{deliveries, 0}: 2})
	requireBroken(t, early.offsetsOnlyForward(), "has no decision of the sender")

	unchecked := whole(t)
	commits(unchecked, 2, at(0), true)
	requireBroken(t, unchecked.offsetsOnlyForward(), "no committed offset")
}

func TestI6APartitionThatStandsStillIsFound(t *testing.T) {
	t.Parallel()
	stands := func(t *testing.T, calm bool) Check {
		t.Helper()
		s := whole(t)
		for second := range 70 {
			commits(s, 2, at(float64(second)), calm)
		}
		return s.nothingStands(&Report{})
	}
	requireBroken(t, stands(t, true), "stood still for")
	requireHolds(t, stands(t, false))

	open := newStory(t)
	commits(open, 2, at(0), true)
	requireBroken(t, open.nothingStands(&Report{}), "has not reached its end")
}

func TestACheckThatLookedAtNothingFails(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I12"} {
		c := Check{ID: id}
		c.mustLook()
		require.Equal(t, 1, c.Failures, id)
		c = Check{ID: id, Looked: 1}
		c.mustLook()
		require.Zero(t, c.Failures, id)
		require.Empty(t, c.Unseen, id)
	}
}

// What needs a fault that did not occur has not failed, and has not held.
func TestACheckWithNothingToLookAtSaysSo(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"I11", "I13", "I14"} {
		nothing := Check{ID: id, Detail: "p99 0.00 s"}
		nothing.mustLook()
		require.Zero(t, nothing.Failures, id)
		require.NotEmpty(t, nothing.Unseen, id)
		require.Empty(t, nothing.Detail, "%s: a figure of nothing", id)
		something := Check{ID: id, Looked: 1, Detail: "p99 0.40 s"}
		something.mustLook()
		require.Empty(t, something.Unseen, id)
		require.NotEmpty(t, something.Detail, id)
		require.Equal(t, []Check{nothing}, Unseen([]Check{something, nothing}))
	}
}
