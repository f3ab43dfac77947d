package diagnostics

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

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
	// Records that were looked at, of Partitions.
	Records int64 `json:"records"`
	// Decoded of them, because they may match; Unreadable ones could not be.
	Decoded    int64 `json:"decoded"`
	Unreadable int64 `json:"unreadable"`
	Partitions int   `json:"partitions"`
}

// progressEvery is after how many records progress is told.
const progressEvery = 50_000

// SearchTopic gives the values that a search is about to take, which says
// whether it could read them. A value is valid until take returns.
func SearchTopic(ctx context.Context, cluster Cluster, topic string, s Search, take func(value []byte) (bool, error)) (Searched, error) {
	var done Searched
	if err := cluster.RequireTopics(ctx, topic); err != nil {
		return done, err
	}
	cfg := reader.Config{Topics: []string{topic}, From: kafka.At(s.Since), To: reader.Stable, Until: s.Until}
	if s.Keys != nil {
		cfg.Only = func(p reader.Partition, partitions int) bool {
			return slices.Contains(partitionsOf(s.Keys, partitions), p.Number)
		}
	}
	r, err := cluster.OpenReader(ctx, cfg)
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
		if done.Records++; s.Progress != nil && done.Records%progressEvery == 0 {
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
