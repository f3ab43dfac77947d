package sender

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// spot is one partition.
type spot struct {
	topic     string
	partition int32
}

// polled is what one poll brought.
type polled struct {
	items []*item
	taken chan struct{} // closed once the loop has them
}

// offsets are what is committed.
type offsets map[string]map[int32]kgo.EpochOffset

// moved tells the loop about partitions that came or went. The loop answers
// once it has dealt with them, with what is still to be committed.
type moved struct {
	spots []spot
	gone  bool
	lost  bool // gone without a chance to commit
	done  chan offsets
}

// reader is the group membership: a client, and a goroutine that polls.
type reader struct {
	client *kgo.Client
	read   deliveries
	polls  chan polled
	moves  chan moved
	fails  chan error
	losses chan *LostError
	over   chan struct{} // closed when the loop has ended
}

func newReader(cfg *Config, topics []string, read deliveries) (*reader, error) {
	r := &reader{read: read, polls: make(chan polled), moves: make(chan moved), fails: make(chan error, 1), losses: make(chan *LostError), over: make(chan struct{})}
	opts, err := kafka.Options(cfg.Kafka)
	if err != nil {
		return nil, fmt.Errorf("making the sender's client: %w", err)
	}
	opts = append(opts, kafka.ReaderOptions(kafka.Earliest())...)
	opts = append(opts, kafka.GroupOptions(kafka.Group{Name: cfg.Group, Topics: topics, SessionTimeout: cfg.SessionTimeout})...)
	opts = append(opts,
		// What a paused partition has fetched ahead is thrown away: keep it small.
		kgo.FetchMaxPartitionBytes(1<<20),
		// Between a poll and the loop's taking of its records no partition
		// comes or goes, so a stale record can never enter a window.
		kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsAssigned(func(ctx context.Context, _ *kgo.Client, m map[string][]int32) { r.tell(ctx, m, false, false) }),
		kgo.OnPartitionsRevoked(func(ctx context.Context, _ *kgo.Client, m map[string][]int32) { r.tell(ctx, m, true, false) }),
		kgo.OnPartitionsLost(func(ctx context.Context, _ *kgo.Client, m map[string][]int32) { r.tell(ctx, m, true, true) }),
	)
	if r.client, err = kgo.NewClient(opts...); err != nil {
		return nil, fmt.Errorf("making the sender's client: %w", err)
	}
	return r, nil
}

// tell hands a rebalance to the loop and waits until it has dealt with it,
// or has ended.
func (r *reader) tell(ctx context.Context, partitions map[string][]int32, gone, lost bool) {
	m := moved{gone: gone, lost: lost, done: make(chan offsets, 1)}
	for topic, list := range partitions {
		for _, p := range list {
			m.spots = append(m.spots, spot{topic, p})
		}
	}
	if len(m.spots) == 0 {
		return
	}
	select {
	case r.moves <- m:
	case <-r.over:
		return
	case <-ctx.Done():
		return
	}
	select {
	case last := <-m.done:
		if err := r.commit(ctx, last); err != nil {
			// Read again by the next owner, who finds the marks.
			r.fail(fmt.Errorf("handing partitions over: %w", err))
		}
	case <-r.over:
	}
}

// poll hands records to the loop until ctx ends.
func (r *reader) poll(ctx context.Context, most int) {
	for ctx.Err() == nil {
		fetches := r.client.PollRecords(ctx, most)
		if fetches.IsClientClosed() {
			return
		}
		r.report(ctx, fetches)
		p := polled{items: readAll(ctx, fetches, r.read), taken: make(chan struct{})}
		if len(p.items) > 0 {
			select {
			case r.polls <- p:
				select {
				case <-p.taken:
				case <-r.over:
				}
			case <-ctx.Done(): // not taken: read again by whoever is next
			}
		}
		r.client.AllowRebalance()
	}
}

// report passes on what a person has to know; everything else the client
// repeats by itself.
func (r *reader) report(ctx context.Context, fetches kgo.Fetches) {
	fetches.EachError(func(topic string, partition int32, err error) {
		switch {
		case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		case errors.Is(err, kerr.OffsetOutOfRange):
			r.skip(ctx, topic, partition)
		case !kerr.IsRetriable(err):
			r.fail(fmt.Errorf("reading %s/%d: %w", topic, partition, err))
		}
	})
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
func (r *reader) skip(ctx context.Context, topic string, partition int32) {
	starts, err := kadm.NewClient(r.client).ListStartOffsets(ctx, topic)
	if err == nil {
		err = starts.Error()
	}
	start, ok := starts.Lookup(topic, partition)
	if err != nil || !ok {
		r.fail(fmt.Errorf("reading %s/%d: it is out of range, and its start is not known: %w", topic, partition, errors.Join(kerr.OffsetOutOfRange, err)))
		return
	}
	lost := &LostError{Topic: topic, Partition: partition, From: -1, To: start.Offset}
	if at, ok := r.client.CommittedOffsets()[topic][partition]; ok {
		lost.From = at.Offset
	}
	r.client.SetOffsets(offsets{topic: {partition: {Epoch: -1, Offset: start.Offset}}})
	select {
	case r.losses <- lost:
	case <-r.over:
	case <-ctx.Done():
	}
}

func (r *reader) fail(err error) {
	select {
	case r.fails <- err:
	default: // one is being reported already
	}
}

// commit writes offsets and waits for the answer.
func (r *reader) commit(ctx context.Context, what offsets) error {
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
