package boot

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
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
	cfg := reader.Config{Topics: []string{topic}, From: kafka.At(s.Since), To: reader.Stable, Until: s.Until}
	if s.Keys != nil {
		cfg.Only = func(p reader.Partition, partitions int) bool {
			return slices.Contains(partitionsOf(s.Keys, partitions), p.Number)
		}
	}
	r, err := e.openReader(ctx, cfg)
	if err != nil {
		return done, err
	}
	defer r.Close()
	total := r.Ranges().Offsets()
	for _, one := range r.Ranges() {
		if one.From < one.To {
			done.Partitions++
		}
	}
	err = r.Each(ctx, func(r *kgo.Record) error {
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
	}, nil)
	return done, err
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
