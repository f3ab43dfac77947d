package deadletter

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
	"github.com/sluicehq/sluice/pkg/edge/states"
)

// discardedKind is the kind of the records that say which dead letters were
// given up, one for each topic.
const discardedKind = "discarded"

// discardTransaction lets only one process at a time write them.
const discardTransaction = "sluice-cli-discard"

// discards are ranges of offsets by topic and partition, in order and apart.
type discards map[string]map[int32][]codec.StatePlace

func (d discards) has(topic string, partition int32, offset int64) bool {
	ranges := d[topic][partition]
	i, found := slices.BinarySearchFunc(ranges, offset, func(p codec.StatePlace, offset int64) int { return cmp.Compare(p.From, offset) })
	return found || i > 0 && offset < ranges[i-1].End
}

// add gives offsets up; they need not be in order.
func (d discards) add(topic string, partition int32, from, end int64) {
	if d[topic] == nil {
		d[topic] = map[int32][]codec.StatePlace{}
	}
	ranges := append(d[topic][partition], codec.StatePlace{Topic: topic, Partition: partition, From: from, End: end})
	slices.SortFunc(ranges, func(a, b codec.StatePlace) int { return cmp.Compare(a.From, b.From) })
	joined := ranges[:1]
	for _, next := range ranges[1:] {
		if last := &joined[len(joined)-1]; next.From <= last.End {
			last.End = max(last.End, next.End)
		} else {
			joined = append(joined, next)
		}
	}
	d[topic][partition] = joined
}

func load(ctx context.Context, store *states.Store) (discards, error) {
	stored, err := store.All(ctx)
	if err != nil {
		return nil, err
	}
	all := discards{}
	for _, s := range stored[discardedKind] {
		for _, p := range s.Places {
			all.add(p.Topic, p.Partition, p.From, p.End)
		}
	}
	return all, nil
}

// GivenUp tells which dead letters were given up.
func GivenUp(ctx context.Context, store *states.Store) (func(topic string, partition int32, offset int64) bool, error) {
	all, err := load(ctx, store)
	if err != nil {
		return nil, err
	}
	return all.has, nil
}

// DiscardRequest says which dead letters are given up.
type DiscardRequest struct {
	Filter
	// DryRun counts and changes nothing.
	DryRun bool
	Author string
}

// DiscardAnswer is what was given up, or would be. Its JSON is that of `sluice
// dlq discard --output json`.
type DiscardAnswer struct {
	Discarded bool    `json:"discarded"`
	Events    int     `json:"events"`
	Groups    []Group `json:"groups"`

	// Unreadable is how many records of the topics are no dead letters.
	Unreadable int `json:"-"`
}

// Discard gives the open and closed dead letters that match up: no listing counts them as
// open and no replay reads them any more. Their records stay until retention
// removes them.
func (d *Desk) Discard(ctx context.Context, q DiscardRequest) (DiscardAnswer, error) {
	var chosen []Letter
	unreadable, err := d.Each(ctx, Request{Filter: q.Filter}, func(l Letter) {
		if l.State == Open || l.State == Closed {
			chosen = append(chosen, l)
		}
	})
	if err != nil {
		return DiscardAnswer{}, err
	}
	answer := DiscardAnswer{Events: len(chosen), Groups: groups(chosen), Unreadable: unreadable}
	if q.DryRun || len(chosen) == 0 {
		return answer, nil
	}
	if err := d.discard(ctx, chosen, q.Author); err != nil {
		return answer, err
	}
	answer.Discarded = true
	return answer, nil
}

func (d *Desk) discard(ctx context.Context, letters []Letter, author string) error {
	writer, err := d.deps.States.Writer(ctx, discardTransaction)
	if err != nil {
		return err
	}
	defer writer.Close()
	all, err := load(ctx, d.deps.States)
	if err != nil {
		return err
	}
	changed := map[string]bool{}
	for i := range letters {
		l := &letters[i]
		all.add(l.Topic, l.Partition, l.Offset, l.Offset+1)
		changed[l.Topic] = true
	}
	starts, err := d.deps.Topics.Starts(ctx, slices.Sorted(maps.Keys(changed))...)
	if err != nil {
		return err
	}
	var records []codec.State
	for _, topic := range slices.Sorted(maps.Keys(changed)) {
		s := codec.State{Kind: discardedKind, Name: topic, UpdatedAt: d.deps.Now().UnixMilli(), Author: author}
		for _, partition := range slices.Sorted(maps.Keys(all[topic])) {
			for _, p := range all[topic][partition] {
				if p.End > starts[reader.Partition{Topic: topic, Number: partition}] { // what retention has removed is forgotten
					s.Places = append(s.Places, p)
				}
			}
		}
		records = append(records, s)
	}
	if err := writer.Write(ctx, records...); err != nil {
		return fmt.Errorf("discarding dead letters: %w", err)
	}
	return nil
}
