package intake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// topicPartition is one partition of a topic.
type topicPartition struct {
	topic     string
	partition int32
}

// Polled is what one poll brought.
type Polled struct {
	Items []*Item
	Taken chan struct{} // closed once the owner has them
}

// Offsets are what is committed.
type Offsets map[string]map[int32]kgo.EpochOffset

// Rebalance is partitions that came or went. The owner answers once it has
// dealt with them, with what is still to be committed.
type Rebalance struct {
	partitions []topicPartition
	revoked    bool
	lost       bool // revoked without a chance to commit
	done       chan Offsets
}

// Reader is the group membership: a client, and a goroutine that polls.
type Reader struct {
	client     *kgo.Client
	topics     []string
	deliveries deliveries
	// Polls, Rebalances, Fails, Losses and Recreated are for the owner to receive from.
	Polls      chan Polled
	Rebalances chan Rebalance
	Fails      chan error
	Losses     chan *LostError
	Recreated  chan *kafka.RecreatedError
	// Over is closed when the owner has ended.
	Over chan struct{}
}

// fetchWait is how long a broker may keep a fetch that finds nothing. A client
// has one fetch a broker under way. One for topics in which nothing happens,
// made while full partitions were paused, holds these back when they are
// resumed: with the half second of other readers, a sender with a backlog stood
// still for a third of the time.
const fetchWait = 50 * time.Millisecond

func newReader(cfg *Config, topics []string, by deliveries) (*Reader, error) {
	r := &Reader{
		topics: topics, deliveries: by, Polls: make(chan Polled), Rebalances: make(chan Rebalance), Fails: make(chan error, 1),
		Losses: make(chan *LostError), Recreated: make(chan *kafka.RecreatedError), Over: make(chan struct{}),
	}
	opts, err := kafka.Options(cfg.Kafka)
	if err != nil {
		return nil, fmt.Errorf("making the sender's client: %w", err)
	}
	opts = append(opts, kafka.ReaderOptions(kafka.Earliest())...)
	opts = append(opts, kafka.GroupOptions(kafka.Group{Name: cfg.Group, Topics: topics, SessionTimeout: cfg.SessionTimeout})...)
	opts = append(opts,
		// What a paused partition has fetched ahead is thrown away: keep it small.
		kgo.FetchMaxPartitionBytes(1<<20),
		kgo.FetchMaxWait(fetchWait),
		// Between a poll and the owner's taking of its records no partition
		// comes or goes, so a stale record can never enter a window.
		kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsAssigned(func(ctx context.Context, _ *kgo.Client, m map[string][]int32) { r.onRebalance(ctx, m, false, false) }),
		kgo.OnPartitionsRevoked(func(ctx context.Context, _ *kgo.Client, m map[string][]int32) { r.onRebalance(ctx, m, true, false) }),
		kgo.OnPartitionsLost(func(ctx context.Context, _ *kgo.Client, m map[string][]int32) { r.onRebalance(ctx, m, true, true) }),
	)
	if r.client, err = kgo.NewClient(opts...); err != nil {
		return nil, fmt.Errorf("making the sender's client: %w", err)
	}
	return r, nil
}

// onRebalance hands a rebalance to the owner and waits until it has dealt with
// it, or has ended.
func (r *Reader) onRebalance(ctx context.Context, assigned map[string][]int32, revoked, lost bool) {
	m := Rebalance{revoked: revoked, lost: lost, done: make(chan Offsets, 1)}
	for topic, list := range assigned {
		for _, p := range list {
			m.partitions = append(m.partitions, topicPartition{topic, p})
		}
	}
	if len(m.partitions) == 0 {
		return
	}
	select {
	case r.Rebalances <- m:
	case <-r.Over:
		return
	case <-ctx.Done():
		return
	}
	select {
	case last := <-m.done:
		if err := r.commit(ctx, last); err != nil {
			// Read again by the next owner, who finds the marks.
			r.Fail(fmt.Errorf("handing partitions over: %w", err))
		}
	case <-r.Over:
	}
}

// Run polls and hands the records to the owner until ctx ends.
func (r *Reader) Run(ctx context.Context, most int) {
	for ctx.Err() == nil {
		fetches := r.client.PollRecords(ctx, most)
		if fetches.IsClientClosed() {
			return
		}
		failing := r.report(ctx, fetches)
		p := Polled{Items: readAll(ctx, fetches, r.deliveries), Taken: make(chan struct{})}
		if len(p.Items) > 0 {
			select {
			case r.Polls <- p:
				select {
				case <-p.Taken:
				case <-r.Over:
				}
			case <-ctx.Done(): // not taken: read again by whoever is next
			}
		}
		r.client.AllowRebalance()
		if failing && len(p.Items) == 0 {
			rest(ctx)
		}
	}
}

// rest waits a moment after a poll that brought nothing but errors. A broker
// answers a fetch with a partition in error at once, and the client asks again
// at once: without this, a topic that is gone takes a whole core.
func rest(ctx context.Context) {
	timer := time.NewTimer(100 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// report passes on what a person has to know, and says whether anything failed;
// everything else the client repeats by itself.
func (r *Reader) report(ctx context.Context, fetches kgo.Fetches) (failing bool) {
	fetches.EachError(func(topic string, partition int32, err error) {
		switch {
		case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
			return
		case errors.Is(err, kerr.OffsetOutOfRange):
			r.skip(ctx, topic, partition)
		case !kerr.IsRetriable(err):
			r.Fail(fmt.Errorf("reading %s/%d: %w", topic, partition, err))
		}
		failing = true
	})
	return failing
}

// Watch tells the owner once of a topic that was deleted and created again. The
// client would report nothing of it, and read nothing of that topic any more.
func (r *Reader) Watch(ctx context.Context) {
	var again *kafka.RecreatedError
	if err := kafka.WatchTopicIDs(ctx, r.client, r.topics); !errors.As(err, &again) {
		return
	}
	select {
	case r.Recreated <- again:
	case <-r.Over:
	case <-ctx.Done():
	}
}

// LostError says that records were deleted before they were read: the topic's
// retention is shorter than the sender was away.
type LostError struct {
	Topic     string
	Partition int32
	// From was to be read next, negative where that is not known; To is the
	// first that is still there.
	From, To int64
}

// Count is how many records are gone; zero where it is not known from where.
func (e *LostError) Count() int64 {
	if e.From < 0 {
		return 0
	}
	return max(e.To-e.From, 0)
}

// Error names the range.
func (e *LostError) Error() string {
	return fmt.Sprintf("deliveries %s/%d@%d to %d were deleted before they were read: lengthen the topic's retention", e.Topic, e.Partition, e.From, e.To-1)
}

// skip goes on at the beginning of a log whose beginning is gone, and says
// what was lost. There is no silent reset.
func (r *Reader) skip(ctx context.Context, topic string, partition int32) {
	starts, err := kadm.NewClient(r.client).ListStartOffsets(ctx, topic)
	if err == nil {
		err = starts.Error()
	}
	start, ok := starts.Lookup(topic, partition)
	if err != nil || !ok {
		r.Fail(fmt.Errorf("reading %s/%d: it is out of range, and its start is not known: %w", topic, partition, errors.Join(kerr.OffsetOutOfRange, err)))
		return
	}
	lost := &LostError{Topic: topic, Partition: partition, From: -1, To: start.Offset}
	if at, ok := r.client.CommittedOffsets()[topic][partition]; ok {
		lost.From = at.Offset
	}
	r.client.SetOffsets(Offsets{topic: {partition: {Epoch: -1, Offset: start.Offset}}})
	select {
	case r.Losses <- lost:
	case <-r.Over:
	case <-ctx.Done():
	}
}

// Fail reports an error for the owner to log.
func (r *Reader) Fail(err error) {
	select {
	case r.Fails <- err:
	default: // one is being reported already
	}
}

// commit writes offsets and waits for the answer.
func (r *Reader) commit(ctx context.Context, what Offsets) error {
	if len(what) == 0 {
		return nil
	}
	var failed error
	r.client.CommitOffsetsSync(ctx, what, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, response *kmsg.OffsetCommitResponse, err error) {
		if err != nil {
			failed = err
			return
		}
		for _, t := range response.Topics {
			for _, p := range t.Partitions {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					failed = fmt.Errorf("committing %s/%d: %w", t.Topic, p.Partition, err)
				}
			}
		}
	})
	return failed
}

// End says that the owner has ended: nothing waits for it any more.
func (r *Reader) End() { close(r.Over) }

// Close leaves the group.
func (r *Reader) Close() { r.client.CloseAllowingRebalance() }
