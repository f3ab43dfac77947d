package sender_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/health"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// read gives every record of a topic.
func (r *harness) read(topic string) []*kgo.Record {
	r.t.Helper()
	ends, err := r.admin.ListEndOffsets(r.t.Context(), topic)
	require.NoError(r.t, err)
	want := 0
	ends.Each(func(o kadm.ListedOffset) { want += int(o.Offset) })
	opts, err := kafka.Options(r.services.Kafka())
	require.NoError(r.t, err)
	opts = append(opts, kafka.ReaderOptions(kafka.Earliest())...)
	client, err := kgo.NewClient(append(opts, kgo.ConsumeTopics(topic))...)
	require.NoError(r.t, err)
	defer client.Close()
	var out []*kgo.Record
	for len(out) < want {
		fetches := client.PollFetches(r.t.Context())
		require.NoError(r.t, fetches.Err0())
		out = append(out, fetches.Records()...)
	}
	return out
}

// decisions gives the sender's diagnostics, repeats left out as any consumer
// does. What was read before is remembered: waits ask again and again.
func (r *harness) decisions() []decision.Decision {
	r.t.Helper()
	for _, record := range r.added() {
		var d decision.Decision
		require.NoError(r.t, r.diagnostics.Decode(r.t.Context(), record.Value, &d))
		if !r.seen[d.ID] {
			r.seen[d.ID] = true
			r.decided = append(r.decided, d)
		}
	}
	return slices.Clone(r.decided)
}

// added are the diagnostics that were written since it was last called.
func (r *harness) added() []*kgo.Record {
	r.t.Helper()
	topic := r.names.Diagnostics()
	ends, err := r.admin.ListEndOffsets(r.t.Context(), topic)
	require.NoError(r.t, err)
	want, from := int64(0), map[int32]kgo.Offset{}
	ends.Each(func(o kadm.ListedOffset) {
		require.NoError(r.t, o.Err)
		if next := r.readTo[o.Partition]; next < o.Offset {
			want += o.Offset - next
			from[o.Partition] = kgo.NewOffset().At(next)
		}
	})
	if want == 0 {
		return nil
	}
	opts, err := kafka.Options(r.services.Kafka())
	require.NoError(r.t, err)
	opts = append(opts, kafka.ReaderOptions(kafka.Earliest())...)
	client, err := kgo.NewClient(append(opts, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}))...)
	require.NoError(r.t, err)
	defer client.Close()
	var out []*kgo.Record
	for int64(len(out)) < want {
		fetches := client.PollFetches(r.t.Context())
		require.NoError(r.t, fetches.Err0())
		out = append(out, fetches.Records()...)
	}
	for _, record := range out {
		r.readTo[record.Partition] = record.Offset + 1
	}
	return out
}

// counts sums the decisions up by status and reason.
func (r *harness) counts() map[string]int {
	r.t.Helper()
	out := map[string]int{}
	for _, d := range r.decisions() {
		out[d.Status.String()+" "+d.Reason.String()]++
	}
	return out
}

// accepted is how often the sandbox took an event.
func (r *harness) accepted(customer int, name, id string) int {
	return r.box.Event("meta", dataset(customer), name, id).Accepted
}

// lag is what the group has not committed of the topics that it reads; nobody
// need be a member of it, or ever have been.
func (r *harness) lag() int64 {
	r.t.Helper()
	topics := []string{r.names.Parked("meta"), r.names.Retry("meta", "1m"), r.names.Retry("meta", "10m"), r.names.Retry("meta", "1h")}
	for _, lane := range []decision.Lane{decision.LaneRealtime, decision.LaneBatch, decision.LaneReplay} {
		topics = append(topics, r.names.Delivery("meta", lane))
	}
	committed, err := r.admin.FetchOffsets(r.t.Context(), r.group())
	if !errors.Is(err, kerr.GroupIDNotFound) {
		require.NoError(r.t, err)
	}
	starts, err := r.admin.ListStartOffsets(r.t.Context(), topics...)
	require.NoError(r.t, err)
	ends, err := r.admin.ListEndOffsets(r.t.Context(), topics...)
	require.NoError(r.t, err)
	total := int64(0)
	ends.Each(func(end kadm.ListedOffset) {
		require.NoError(r.t, end.Err)
		start, _ := starts.Lookup(end.Topic, end.Partition)
		next, _ := committed.Lookup(end.Topic, end.Partition)
		total += max(0, end.Offset-max(start.Offset, next.At))
	})
	return total
}

var errStale = errors.New("the tables are stale")

// produceLater writes a delivery whose claim cannot be taken now.
func (r *harness) produceLater(customer int, name, id string) {
	r.t.Helper()
	r.claimless = true
	defer func() { r.claimless = false }()
	r.order(customer, name, id)
}

// copyOf appends what stands in one topic to another.
func (r *harness) copyOf(from, to string) {
	r.t.Helper()
	for _, record := range r.read(from) {
		require.NoError(r.t, r.producer.Produce(r.t.Context(), &kgo.Record{Topic: to, Key: record.Key, Value: record.Value, Headers: record.Headers}))
	}
}

// own gives the claim of customer 0's order to another input record.
func (r *harness) own(id string, offset int64, delivered bool) {
	r.t.Helper()
	owner, err := dedup.NewOwner([16]byte{}, 0, offset)
	require.NoError(r.t, err)
	if delivered {
		owner = owner.Mark()
	}
	key := r.keys[id]
	require.NoError(r.t, r.redis.Set(r.t.Context(), r.redisPrefix()+string(key[:]), int64(owner), 0).Err())
}

// status is what the status topic says about a destination.
func (r *harness) status(id string) codec.DestinationStatus {
	r.t.Helper()
	var newest codec.DestinationStatus
	for _, s := range r.published() {
		if s.DestinationID == id && s.UpdatedAt >= newest.UpdatedAt {
			newest = s
		}
	}
	return newest
}

// published is the status topic.
func (r *harness) published() []codec.DestinationStatus {
	r.t.Helper()
	decoder, err := codec.DestinationStatuses(r.registry)
	require.NoError(r.t, err)
	var all []codec.DestinationStatus
	for _, record := range r.read(r.names.DestinationStatus()) {
		var s codec.DestinationStatus
		require.NoError(r.t, decoder.Decode(r.t.Context(), record.Value, &s))
		all = append(all, s)
	}
	return all
}

// statuses are the same as those who judge read them, in the order of time.
func (r *harness) statuses() []health.Status {
	r.t.Helper()
	var all []health.Status
	for _, s := range r.published() {
		all = append(all, health.Status{
			Destination: s.DestinationID, Sender: s.Sender, State: s.State, Reason: s.Reason, Message: s.Message, Since: s.Since,
			Until: s.Until, UpdatedAt: s.UpdatedAt, Rate: s.Rate, CredentialExpires: s.CredentialExpires,
		})
	}
	slices.SortStableFunc(all, func(a, b health.Status) int { return cmp.Compare(a.UpdatedAt, b.UpdatedAt) })
	return all
}

func ids(prefix string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s-%d", prefix, i)
	}
	return out
}
