// Package topics has a cluster's topics and a Schema Registry in memory, for
// tests of operations: what such a test asks is how records are judged and what
// is written, not how a broker works.
package topics

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"github.com/sluicehq/sluice/pkg/edge/cluster"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
	"github.com/sluicehq/sluice/pkg/edge/registry"
	"github.com/sluicehq/sluice/pkg/edge/unready"
)

// Topics are topics of one partition each. Safe for concurrent use.
type Topics struct {
	// Kept is for how long every version of a compacted topic is held.
	Kept time.Duration
	// Retention is how long topics keep their records.
	Retention time.Duration
	// Missing are the topics that do not exist.
	Missing []string
	// ReadTo is up to where groups have read, by topic.
	ReadTo map[string]int64

	mu      sync.Mutex
	records map[string][]*kgo.Record
	epochs  map[string]int
}

// Put appends records. One without a time gets the time of its offset in
// seconds after the epoch.
func (t *Topics) Put(records ...*kgo.Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.records == nil {
		t.records = map[string][]*kgo.Record{}
	}
	for _, r := range records {
		r.Offset = int64(len(t.records[r.Topic]))
		if r.Timestamp.IsZero() {
			r.Timestamp = time.Unix(r.Offset, 0)
		}
		t.records[r.Topic] = append(t.records[r.Topic], r)
	}
}

// Records are those of a topic.
func (t *Topics) Records(topic string) []*kgo.Record {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.records[topic])
}

// RequireTopics fails where one of the topics is among the missing.
func (t *Topics) RequireTopics(_ context.Context, names ...string) error {
	for _, name := range names {
		if slices.Contains(t.Missing, name) {
			return &unready.Error{What: "topics are missing: " + name, Fix: "run `sluice topology apply`"}
		}
	}
	return nil
}

// EachRecord gives the records of a topic since a time. As with a real cluster,
// their bytes are not the taker's to keep.
func (t *Topics) EachRecord(ctx context.Context, topic string, since time.Time, take func(*kgo.Record) error) error {
	for _, r := range t.Records(topic) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if r.Timestamp.Before(since) {
			continue
		}
		lent := *r
		lent.Value, lent.Key = bytes.Clone(r.Value), bytes.Clone(r.Key)
		if err := take(&lent); err != nil {
			return err
		}
	}
	return nil
}

// Each gives the records of ranges.
func (t *Topics) Each(ctx context.Context, cfg reader.Config, take func(*kgo.Record) error) error {
	for p, within := range cfg.Ranges {
		err := t.EachRecord(ctx, p.Topic, time.Time{}, func(r *kgo.Record) error {
			if r.Offset < within.From || r.Offset >= within.To {
				return nil
			}
			return take(r)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// VersionsKept gives Kept.
func (t *Topics) VersionsKept(context.Context, ...string) (time.Duration, error) { return t.Kept, nil }

// Retentions gives Retention for every topic.
func (t *Topics) Retentions(_ context.Context, topics ...string) ([]cluster.Retention, error) {
	all := make([]cluster.Retention, len(topics))
	for i, topic := range topics {
		all[i] = cluster.Retention{Topic: topic, Keeps: t.Retention}
	}
	return all, nil
}

// Starts are the offsets of first records.
func (t *Topics) Starts(_ context.Context, topics ...string) (reader.Offsets, error) {
	all := reader.Offsets{}
	for _, topic := range topics {
		all[reader.Partition{Topic: topic}] = 0
	}
	return all, nil
}

// StableEnds are the offsets behind last records.
func (t *Topics) StableEnds(_ context.Context, topics ...string) (reader.Offsets, error) {
	all := reader.Offsets{}
	for _, topic := range topics {
		all[reader.Partition{Topic: topic}] = int64(len(t.Records(topic)))
	}
	return all, nil
}

// Committed gives ReadTo, whatever the group.
func (t *Topics) Committed(context.Context, string) (reader.Offsets, error) {
	all := reader.Offsets{}
	for topic, at := range t.ReadTo {
		all[reader.Partition{Topic: topic}] = at
	}
	return all, nil
}

// Produce appends records.
func (t *Topics) Produce(_ context.Context, records ...*kgo.Record) error {
	t.Put(records...)
	return nil
}

// Close does nothing: it makes Topics a producer.
func (t *Topics) Close(context.Context) error { return nil }

// Transaction takes the right to write under an id from whoever had it.
func (t *Topics) Transaction(_ context.Context, id string) (*Transaction, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.epochs == nil {
		t.epochs = map[string]int{}
	}
	t.epochs[id]++
	return &Transaction{topics: t, id: id, epoch: t.epochs[id]}, nil
}

// Transaction writes as long as nobody else took its id.
type Transaction struct {
	topics *Topics
	id     string
	epoch  int
}

// Write appends records.
func (x *Transaction) Write(_ context.Context, records ...*kgo.Record) error {
	x.topics.mu.Lock()
	fenced := x.topics.epochs[x.id] != x.epoch
	x.topics.mu.Unlock()
	if fenced {
		return kerr.ProducerFenced
	}
	for _, r := range records {
		r.ProducerID, r.ProducerEpoch = 1, int16(x.epoch)
	}
	x.topics.Put(records...)
	return nil
}

// Close does nothing.
func (x *Transaction) Close() {}

// Registry is a Schema Registry that takes every schema.
func Registry(t testing.TB) *registry.Registry {
	t.Helper()
	fake := srfake.New()
	t.Cleanup(fake.Close)
	return registry.New(registry.Config{
		URL: fake.URL(), Now: time.Now, Timeout: time.Minute,
		Connect: func() (*sr.Client, error) { return sr.NewClient(sr.URLs(fake.URL())) },
	})
}

// Header is the value of a record's header, empty where it has none.
func Header(r *kgo.Record, key string) string {
	for _, h := range r.Headers {
		if strings.EqualFold(h.Key, key) {
			return string(h.Value)
		}
	}
	return ""
}
