package boot

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
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

// loadDiscards reads what was given up.
func (e *Env) loadDiscards(ctx context.Context) (discards, error) {
	states, err := e.States(ctx)
	if err != nil {
		return nil, err
	}
	all := discards{}
	for _, s := range states[discardedKind] {
		for _, p := range s.Places {
			all.add(p.Topic, p.Partition, p.From, p.End)
		}
	}
	return all, nil
}

// Discarded tells which dead letters were given up.
func (e *Env) Discarded(ctx context.Context) (func(topic string, partition int32, offset int64) bool, error) {
	all, err := e.loadDiscards(ctx)
	if err != nil {
		return nil, err
	}
	return all.has, nil
}

// Discard gives dead letters up: no listing counts them as open and no replay
// reads them any more. Their records stay until retention removes them.
func (e *Env) Discard(ctx context.Context, letters []DeadLetter, author string) error {
	writer, err := e.stateWriter(ctx, discardTransaction)
	if err != nil {
		return err
	}
	all, err := e.loadDiscards(ctx)
	if err != nil {
		return err
	}
	changed := map[string]bool{}
	for i := range letters {
		l := &letters[i]
		all.add(l.Topic, l.Partition, l.Offset, l.Offset+1)
		changed[l.Topic] = true
	}
	starts, err := e.Cluster.Starts(ctx, slices.Sorted(maps.Keys(changed))...)
	if err != nil {
		return err
	}
	var states []codec.State
	for _, topic := range slices.Sorted(maps.Keys(changed)) {
		s := codec.State{Kind: discardedKind, Name: topic, UpdatedAt: e.Now().UnixMilli(), Author: author}
		for _, partition := range slices.Sorted(maps.Keys(all[topic])) {
			for _, p := range all[topic][partition] {
				if p.End > starts[reader.Partition{Topic: topic, Number: partition}] { // what retention has removed is forgotten
					s.Places = append(s.Places, p)
				}
			}
		}
		states = append(states, s)
	}
	if err := writer.write(ctx, states...); err != nil {
		return fmt.Errorf("discarding dead letters: %w", err)
	}
	return nil
}
