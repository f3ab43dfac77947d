package reader

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// Partition is one partition of a topic.
type Partition struct {
	Topic  string
	Number int32
}

// Offsets are one offset for each partition.
type Offsets map[Partition]int64

// Range is a part of a log: From is its first offset, To the first behind it.
type Range struct{ From, To int64 }

// Ranges are parts of logs.
type Ranges map[Partition]Range

// Offsets counts the offsets of all ranges, those of control records and of
// what compaction removed included.
func (r Ranges) Offsets() int64 {
	total := int64(0)
	for _, one := range r {
		total += max(one.To-one.From, 0)
	}
	return total
}

// Starts are the first offsets that logs still hold.
func Starts(ctx context.Context, admin *kadm.Client, topics ...string) (Offsets, error) {
	return list(ctx, "the beginning", topics, admin.ListStartOffsets)
}

// StableEnds are the last stable offsets: in front of them every transaction is
// decided.
func StableEnds(ctx context.Context, admin *kadm.Client, topics ...string) (Offsets, error) {
	return list(ctx, "the end", topics, admin.ListCommittedOffsets)
}

// WrittenEnds are where logs end, open transactions included.
func WrittenEnds(ctx context.Context, admin *kadm.Client, topics ...string) (Offsets, error) {
	return list(ctx, "the end", topics, admin.ListEndOffsets)
}

// AtTime are the offsets of the first records stored at a time or later, where
// a log has such a record, else its end. A time before 1970 is the beginning.
func AtTime(ctx context.Context, admin *kadm.Client, at time.Time, topics ...string) (Offsets, error) {
	return list(ctx, "a time", topics, func(ctx context.Context, topics ...string) (kadm.ListedOffsets, error) {
		return admin.ListOffsetsAfterMilli(ctx, max(at.UnixMilli(), 0), topics...)
	})
}

// Committed is up to where a consumer group has committed partitions. A group
// that does not exist (yet) has committed nothing.
func Committed(ctx context.Context, admin *kadm.Client, group string) (Offsets, error) {
	committed := Offsets{}
	err := retry(ctx, func() error {
		clear(committed)
		answer, err := admin.FetchOffsets(ctx, group)
		if errors.Is(err, kerr.GroupIDNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		for topic, partitions := range answer {
			for number, o := range partitions {
				if o.Err != nil {
					return o.Err
				}
				if o.At >= 0 {
					committed[Partition{topic, number}] = o.At
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("asking what %s has read: %w", group, err)
	}
	return committed, nil
}

type lister func(ctx context.Context, topics ...string) (kadm.ListedOffsets, error)

// list asks for one offset of every partition; no topics is no question.
func list(ctx context.Context, what string, topics []string, ask lister) (Offsets, error) {
	found := Offsets{}
	if len(topics) == 0 { // kadm would take it for every topic of the cluster
		return found, nil
	}
	err := retry(ctx, func() error {
		clear(found)
		listed, err := ask(ctx, topics...)
		if err == nil {
			err = listed.Error()
		}
		if err != nil {
			return err
		}
		listed.Each(func(o kadm.ListedOffset) { found[Partition{o.Topic, o.Partition}] = o.Offset })
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("finding %s of %v: %w", what, topics, err)
	}
	return found, nil
}

// How long a question that a broker refuses for the moment is repeated: a
// leader moves within this time on a cluster that works.
const (
	retryFor   = 10 * time.Second
	retryFirst = 50 * time.Millisecond
	retryMost  = time.Second
)

// retry repeats what Kafka says may be repeated.
func retry(ctx context.Context, ask func() error) error {
	deadline := time.Now().Add(retryFor)
	for wait := retryFirst; ; wait = min(2*wait, retryMost) {
		err := ask()
		if err == nil || !kerr.IsRetriable(err) || ctx.Err() != nil || time.Now().After(deadline) {
			return err
		}
		pause(ctx, wait)
	}
}

// pause waits, no longer than ctx lasts.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// begin resolves a position for topics.
func begin(ctx context.Context, admin *kadm.Client, at kafka.Position, topics ...string) (Offsets, error) {
	switch at.Timestamp() {
	case -1:
		return StableEnds(ctx, admin, topics...)
	case -2:
		return Starts(ctx, admin, topics...)
	default:
		return AtTime(ctx, admin, time.UnixMilli(at.Timestamp()), topics...)
	}
}
