package boot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// Search says which records of a topic are looked at. The zero Search looks at
// all of them up to where the topic ends now.
type Search struct {
	// Since and Until bound the time at which records were stored. Zero: no
	// bound.
	Since, Until time.Time
	// Keys narrow the search to the partitions where records with these keys
	// stand; nil: all partitions.
	Keys []string
	// Contains passes over every record whose value has none of these byte
	// strings, without decoding it; nil: decode all.
	Contains [][]byte
	// Progress is told now and then how many records were looked at, of how
	// many at most. Optional.
	Progress func(done, total int64)
}

// Searched says how much was looked at.
type Searched struct {
	Records    int64 `json:"records"`
	Decoded    int64 `json:"decoded"`
	Unreadable int64 `json:"unreadable"`
	Partitions int   `json:"partitions"`
}

// SearchDiagnostics decodes the diagnostics that a search is about. What take
// is given is its own to keep where the search has Contains, and valid until it
// returns where it has none. Records that are no diagnostics are counted and
// passed over.
func (e *Env) SearchDiagnostics(ctx context.Context, s Search, take func(*decision.Decision) error) (Searched, error) {
	registry, err := e.Registry()
	if err != nil {
		return Searched{}, err
	}
	decoder, err := codec.Diagnostics(registry)
	if err != nil {
		return Searched{}, err
	}
	topic := e.Names.Diagnostics()
	var shared decision.Decision
	return e.SearchTopic(ctx, topic, s, func(value []byte) (bool, error) {
		d := &shared
		if s.Contains != nil {
			// A few of very many: their own memory, so that they do not keep whole
			// fetches alive.
			d, value = new(decision.Decision), bytes.Clone(value)
		}
		err := decoder.Decode(ctx, value, d)
		if errors.Is(err, codec.ErrSchemaPending) {
			return false, &NotReadyError{What: "the Schema Registry does not give the schema of " + topic, Err: err, Fix: e.registryFix(err)}
		}
		if err != nil {
			return false, nil //nolint:nilerr // counted as unreadable
		}
		return true, take(d)
	})
}

// SearchTopic gives the values that a search is about to take, which says
// whether it could read them.
func (e *Env) SearchTopic(ctx context.Context, topic string, s Search, take func(value []byte) (bool, error)) (Searched, error) {
	var done Searched
	if err := e.RequireTopics(ctx, topic); err != nil {
		return done, err
	}
	starts, ends, err := e.bounds(ctx, topic, s)
	if err != nil {
		return done, err
	}
	total := int64(0)
	for p, end := range ends {
		if left := end.Offset - starts[p].Offset; left > 0 {
			total += left
			done.Partitions++
		}
	}
	err = e.readBetween(ctx, topic, starts, ends, func(r *kgo.Record) error {
		if done.Records++; s.Progress != nil && done.Records%50_000 == 0 {
			s.Progress(done.Records, total)
		}
		if s.Contains != nil && !slices.ContainsFunc(s.Contains, func(mark []byte) bool { return bytes.Contains(r.Value, mark) }) {
			return nil
		}
		done.Decoded++
		readable, err := take(r.Value)
		if !readable && err == nil {
			done.Unreadable++
		}
		return err
	})
	return done, err
}

// bounds finds where each partition that is meant begins and ends.
func (e *Env) bounds(ctx context.Context, topic string, s Search) (starts, ends map[int32]kadm.ListedOffset, err error) {
	admin, err := e.Admin(ctx)
	if err != nil {
		return nil, nil, err
	}
	first, err := admin.ListOffsetsAfterMilli(ctx, max(s.Since.UnixMilli(), 0), topic)
	if err == nil {
		err = first.Error()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("finding the beginning of %s: %w", topic, err)
	}
	last, err := admin.ListCommittedOffsets(ctx, topic)
	if err == nil {
		err = last.Error()
	}
	if err == nil && !s.Until.IsZero() {
		err = earlier(ctx, admin, topic, s.Until, last[topic])
	}
	if err != nil {
		return nil, nil, fmt.Errorf("finding the end of %s: %w", topic, err)
	}
	starts, ends = first[topic], last[topic]
	if s.Keys != nil {
		wanted := partitionsOf(s.Keys, len(ends))
		for p := range ends {
			if !slices.Contains(wanted, p) {
				delete(ends, p)
			}
		}
	}
	return starts, ends, nil
}

// earlier moves the ends to a time where that is earlier.
func earlier(ctx context.Context, admin *kadm.Client, topic string, until time.Time, ends map[int32]kadm.ListedOffset) error {
	found, err := admin.ListOffsetsAfterMilli(ctx, until.UnixMilli(), topic)
	if err == nil {
		err = found.Error()
	}
	if err != nil {
		return err
	}
	for p, end := range ends {
		if at, ok := found.Lookup(topic, p); ok && at.Offset >= 0 && at.Offset < end.Offset {
			ends[p] = at
		}
	}
	return nil
}

// partitionsOf says where records with the given keys stand. The partitions of
// keyed topics are never raised, so that this holds for all their records.
func partitionsOf(keys []string, partitions int) []int32 {
	var wanted []int32
	by := kafka.Partitioner().ForTopic("")
	for _, key := range keys {
		wanted = append(wanted, int32(by.Partition(&kgo.Record{Key: []byte(key)}, partitions)))
	}
	return wanted
}
