package bench

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// take reads what is committed in some topics, from where they begin, and
// deletes it: what is counted need not be kept.
func (l *lab) take(ctx context.Context, see func(*kgo.Record) error, topics ...string) error {
	ends, err := l.admin.ListCommittedOffsets(ctx, topics...)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return fmt.Errorf("asking where topics end: %w", err)
	}
	starts, err := l.admin.ListStartOffsets(ctx, topics...)
	if err != nil {
		return fmt.Errorf("asking where topics begin: %w", err)
	}
	left := int64(0)
	assigned := map[string]map[int32]kgo.Offset{}
	ends.Each(func(o kadm.ListedOffset) {
		if start, ok := starts.Lookup(o.Topic, o.Partition); ok && start.Offset < o.Offset {
			left++
			if assigned[o.Topic] == nil {
				assigned[o.Topic] = map[int32]kgo.Offset{}
			}
			assigned[o.Topic][o.Partition] = kgo.NewOffset().At(start.Offset)
		}
	})
	if left > 0 {
		if err := l.read(ctx, assigned, ends, left, see); err != nil {
			return err
		}
	}
	if _, err := l.admin.DeleteRecords(ctx, ends.Offsets()); err != nil {
		return fmt.Errorf("deleting what was counted: %w", err)
	}
	return nil
}

// trim deletes input that is done with, up to where its readers have committed:
// the transaction's marker behind it stays, or a reader that starts anew would
// miss what it was to read next.
func (l *lab) trim(ctx context.Context, topic string, ends map[int32]int64) error {
	before := kadm.Offsets{}
	for p, end := range ends {
		before.AddOffset(topic, p, end, -1)
	}
	if _, err := l.admin.DeleteRecords(ctx, before); err != nil {
		return fmt.Errorf("deleting what was read: %w", err)
	}
	return nil
}

// read reads until the given number of partitions has reached its end.
func (l *lab) read(ctx context.Context, from map[string]map[int32]kgo.Offset, ends kadm.ListedOffsets, left int64, see func(*kgo.Record) error) error {
	opts, err := kafka.Options(kafka.Config{Brokers: l.at.Brokers})
	if err != nil {
		return err
	}
	opts = append(opts, kafka.ReaderOptions(kafka.Earliest())...)
	// The embedded broker forgets to say which transactions were aborted in an
	// answer that is full, so none may be: every partition stays below its own
	// bound instead.
	opts = append(opts, kgo.FetchMaxBytes(96<<20), kgo.FetchMaxPartitionBytes(1<<20))
	// Control records show that an end was reached which is one.
	client, err := kgo.NewClient(append(opts, kgo.KeepControlRecords(), kgo.ConsumePartitions(from))...)
	if err != nil {
		return fmt.Errorf("making a client to count with: %w", err)
	}
	defer client.Close()
	for left > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("counting what came out: %w", err)
		}
		for iter := fetches.RecordIter(); !iter.Done(); {
			r := iter.Next()
			end, ok := ends.Lookup(r.Topic, r.Partition)
			switch {
			case !ok || r.Offset >= end.Offset:
				continue
			case r.Offset == end.Offset-1:
				left--
			}
			if r.Attrs.IsControl() {
				continue
			}
			if err := see(r); err != nil {
				return fmt.Errorf("counting %s/%d@%d: %w", r.Topic, r.Partition, r.Offset, err)
			}
		}
	}
	return nil
}

// MissingError says that a benchmark did not do what it was to do.
type MissingError struct {
	What      string
	Have, Got int64 // what had to be there, and what was
}

// Error names the difference.
func (e *MissingError) Error() string {
	return fmt.Sprintf("the accounting does not add up: %s: %d were expected, %d are there", e.What, e.Have, e.Got)
}

// same is nil where two counts agree.
func same(what string, want, got int64) error {
	if want == got {
		return nil
	}
	return &MissingError{What: what, Have: want, Got: got}
}
