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

// How often the logs themselves are looked at. A reader to an end looks when
// nothing comes: its end may have been deleted or cut off, and then no fetch
// would ever say so. A reader without one looks for partitions that were added.
const (
	checkStalled   = time.Second
	checkFollowing = 30 * time.Second
	checkTimeout   = 10 * time.Second
)

func (r *Reader) following() bool { return r.cfg.Ranges == nil && r.cfg.To == Never }

// due is when the logs have to be looked at next.
func (r *Reader) due() time.Time {
	if r.checked.IsZero() {
		return r.checked
	}
	if r.following() {
		return r.checked.Add(checkFollowing)
	}
	last := r.checked
	if r.progress.After(last) {
		last = r.progress
	}
	return last.Add(checkStalled)
}

// untilCheck is how long a poll may wait for records.
func (r *Reader) untilCheck() time.Duration { return max(time.Until(r.due()), time.Millisecond) }

// check looks at the logs where that is due. What it cannot find out is asked
// again.
func (r *Reader) check(ctx context.Context) error {
	if time.Now().Before(r.due()) {
		return nil
	}
	if stalled := time.Since(r.progress); !r.following() && stalled > patience {
		return r.stuck(stalled)
	}
	asking, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	err := r.look(asking)
	r.checked = time.Now()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		return nil
	case final(err):
		return err
	}
	r.failing(Partition{}, err)
	return nil
}

// stuck is the error of a reader that makes no progress.
func (r *Reader) stuck(since time.Duration) error {
	for p, at := range r.parts {
		if !at.done {
			err := fmt.Errorf("reading %s/%d: nothing came for %s at offset %d, and the end is %d", p.Topic, p.Number, since.Round(time.Second), at.next, at.to)
			return errors.Join(err, r.failure)
		}
	}
	return r.failure
}

// look finds topics that were made anew, partitions that were added, and ends
// that are gone.
func (r *Reader) look(ctx context.Context) error {
	ids, counts, err := r.topics(ctx)
	if err != nil {
		return err
	}
	var same []string
	for topic, id := range ids {
		known, had := r.ids[topic]
		if had && known != id {
			if err := r.recreated(ctx, topic, id); err != nil {
				return err
			}
			continue
		}
		r.ids[topic] = id
		same = append(same, topic)
	}
	for topic := range r.ids {
		if _, exists := ids[topic]; !exists {
			r.failing(Partition{Topic: topic}, kerr.UnknownTopicOrPartition)
		}
	}
	if r.following() {
		return r.added(ctx, counts)
	}
	return r.bound(ctx, same)
}

// topics gives the id and the number of partitions of every topic that is read
// and exists. An id is zero where the cluster has none (Kafka before 2.8).
func (r *Reader) topics(ctx context.Context) (map[string]kadm.TopicID, map[string]int, error) {
	names := map[string]bool{}
	for _, topic := range r.cfg.Topics {
		names[topic] = true
	}
	for p := range r.cfg.Ranges {
		names[p.Topic] = true
	}
	ids, counts := map[string]kadm.TopicID{}, map[string]int{}
	if len(names) == 0 {
		return ids, counts, nil
	}
	list := make([]string, 0, len(names))
	for name := range names {
		list = append(list, name)
	}
	found, err := r.admin.ListTopics(ctx, list...)
	if err != nil {
		return nil, nil, fmt.Errorf("asking about %v: %w", list, err)
	}
	for name, topic := range found {
		switch {
		case topic.Err == nil:
			ids[name], counts[name] = topic.ID, len(topic.Partitions)
		case !kerr.IsRetriable(topic.Err):
			return nil, nil, fmt.Errorf("asking about %s: %w", name, topic.Err)
		}
	}
	return ids, counts, nil
}

// recreated reads a topic that was made anew, or is through with it.
func (r *Reader) recreated(ctx context.Context, topic string, id kadm.TopicID) error {
	var fresh Ranges
	if r.cfg.Ranges == nil {
		from := r.cfg.From
		if from.Timestamp() == -1 {
			from = kafka.Earliest() // all of the new log came later than the reader
		}
		var err error
		if fresh, err = r.resolve(ctx, from, topic); err != nil {
			return err
		}
	}
	r.tell(Notice{Kind: Recreated, Partition: Partition{Topic: topic}})
	r.client.PurgeTopicsFromConsuming(topic)
	for p, at := range r.parts {
		if p.Topic != topic {
			continue
		}
		if !at.done {
			r.open--
			at.done = true
		}
		if r.cfg.Ranges == nil {
			delete(r.parts, p)
		}
		delete(r.behind, p) // what it held is gone, and nothing waits for it
	}
	r.ids[topic] = id
	r.progress = time.Now()
	// A partition that had reached its end was paused, which outlives the purge.
	for p := range fresh {
		r.client.ResumeFetchPartitions(map[string][]int32{topic: {p.Number}})
	}
	r.add(fresh)
	return nil
}

// added begins to read partitions that a topic was given meanwhile, from their
// start.
func (r *Reader) added(ctx context.Context, counts map[string]int) error {
	for topic, count := range counts {
		fresh := Ranges{}
		for number := range int32(count) {
			p := Partition{topic, number}
			if _, known := r.parts[p]; known || r.cfg.Only != nil && !r.cfg.Only(p, count) {
				continue
			}
			fresh[p] = Range{To: -1}
		}
		if len(fresh) == 0 {
			continue
		}
		starts, err := Starts(ctx, r.admin, topic)
		if err != nil {
			return err
		}
		for p := range fresh {
			fresh[p] = Range{From: starts[p], To: -1}
		}
		r.add(fresh)
	}
	return nil
}

// bound moves positions over what was deleted and ends in front of what was
// cut off.
func (r *Reader) bound(ctx context.Context, topics []string) error {
	starts, err := Starts(ctx, r.admin, topics...)
	if err != nil {
		return err
	}
	ends, err := WrittenEnds(ctx, r.admin, topics...)
	if err != nil {
		return err
	}
	for p, at := range r.parts {
		if at.done {
			continue
		}
		if start, known := starts[p]; known {
			r.skip(p, at, start)
		}
		if end, known := ends[p]; known && end < at.to {
			r.tell(Notice{Kind: Truncated, Partition: p, From: at.to, To: end})
			at.to = max(end, 0)
		}
		if at.next >= at.to {
			at.next = at.to
			r.progress = time.Now()
		}
		r.settle(p, at)
	}
	return nil
}
