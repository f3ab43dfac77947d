package reader

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// failPause keeps a partition that a broker refuses from being asked for in a
// loop without rest.
const failPause = 200 * time.Millisecond

// take moves positions by what a poll brought, and gives the records that
// count.
func (r *Reader) take(ctx context.Context, fetches kgo.Fetches) (records []*kgo.Record, moved bool, err error) {
	failed := false
	// Errors first: the client appends its own to what it has fetched, and a
	// reset counts for the records of the same poll.
	fetches.EachError(func(topic string, number int32, cause error) {
		if failure := r.judge(Partition{topic, number}, cause); failure != nil {
			err = failure
		}
		failed = failed || !errors.Is(cause, context.DeadlineExceeded)
	})
	remade := r.remade(fetches)
	fetches.EachPartition(func(f kgo.FetchTopicPartition) {
		p := Partition{f.Topic, f.Partition}
		at, known := r.parts[p]
		known = known && !remade[f.Topic]
		if !known || at.done {
			return // of a topic that was given up meanwhile
		}
		before := at.next
		records = append(records, r.takePartition(p, at, f)...)
		moved = moved || at.next != before
	})
	switch {
	case err != nil:
		return nil, false, err
	case moved:
		r.progress, r.failure = time.Now(), nil
	case failed:
		pause(ctx, failPause)
	}
	return records, moved, nil
}

// remade are topics of which a poll brought records of another log than the one
// that is read: the client may learn of a new one first. They are dropped, and
// read once the logs were looked at.
func (r *Reader) remade(fetches kgo.Fetches) map[string]bool {
	var found map[string]bool
	for _, f := range fetches {
		for i := range f.Topics {
			topic := &f.Topics[i]
			if known, read := r.ids[topic.Topic]; read && topic.TopicID != [16]byte{} && known != topic.TopicID {
				if found == nil {
					found = map[string]bool{}
				}
				found[topic.Topic] = true
				r.checked = time.Time{}
			}
		}
	}
	return found
}

// takePartition gives the records of one partition that are not control
// records, not behind its end and were not given before.
func (r *Reader) takePartition(p Partition, at *partition, f kgo.FetchTopicPartition) []*kgo.Record {
	first := f.LogStartOffset
	if len(f.Records) > 0 {
		first = min(first, f.Records[0].Offset)
	}
	r.skip(p, at, first)
	kept := f.Records[:0]
	for _, record := range f.Records {
		if at.to >= 0 && record.Offset >= at.to {
			at.next = at.to
			break
		}
		if record.Offset < at.next {
			continue
		}
		at.next = record.Offset + 1
		if !record.Attrs.IsControl() {
			kept = append(kept, record)
		}
	}
	r.settle(p, at)
	return kept
}

// skip goes on at the start of a log that begins behind the position.
func (r *Reader) skip(p Partition, at *partition, start int64) {
	if start <= at.next {
		return
	}
	if at.to >= 0 {
		start = min(start, at.to)
	}
	r.tell(Notice{Kind: Lost, Partition: p, From: at.next, To: start})
	at.next = start
}

// settle closes a partition that has reached its end.
func (r *Reader) settle(p Partition, at *partition) {
	if at.done || at.to < 0 || at.next < at.to {
		return
	}
	at.done = true
	r.open--
	r.client.PauseFetchPartitions(map[string][]int32{p.Topic: {p.Number}})
}

// judge tells what an error of a poll means. It gives those that end the
// reading.
func (r *Reader) judge(p Partition, err error) error {
	loss, cut := errors.AsType[*kgo.ErrDataLoss](err)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil // the poll's own: nothing came
	case cut:
		if at, known := r.parts[p]; known && !at.done && loss.ResetTo < at.next {
			r.tell(Notice{Kind: Truncated, Partition: p, From: at.next, To: loss.ResetTo})
			at.next = loss.ResetTo
		}
		r.checked = time.Time{} // its end may lie in front of ours now
		return nil
	case errors.Is(err, kerr.UnknownTopicID):
		r.checked = time.Time{}
		return nil
	case final(err):
		return fmt.Errorf("reading %s/%d: %w", p.Topic, p.Number, err)
	}
	r.failing(p, err)
	return nil
}

// finals are refusals that no repetition heals.
var finals = []error{
	kerr.TopicAuthorizationFailed, kerr.GroupAuthorizationFailed, kerr.ClusterAuthorizationFailed,
	kerr.SaslAuthenticationFailed, kerr.UnsupportedSaslMechanism, kerr.UnsupportedVersion,
	kerr.UnsupportedCompressionType, kerr.UnsupportedForMessageFormat, kerr.InvalidTopicException,
	kgo.ErrClientClosed,
}

// final tells whether an error ends the reading.
func final(err error) bool {
	for _, known := range finals {
		if errors.Is(err, known) {
			return true
		}
	}
	_, tooLarge := errors.AsType[*kgo.ErrDecompressTooLarge](err)
	return tooLarge
}
