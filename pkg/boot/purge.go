package boot

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
)

// Retention is how long a topic keeps its records; Forever where it does not
// remove them by age.
type Retention struct {
	Topic   string
	Keeps   time.Duration
	Forever bool
}

// Retentions asks the cluster how long topics keep their records, in the order
// of the names.
func (e *Env) Retentions(ctx context.Context, topics ...string) ([]Retention, error) {
	admin, err := e.Admin(ctx)
	if err != nil {
		return nil, err
	}
	configs, err := admin.DescribeTopicConfigs(ctx, topics...)
	if err != nil {
		return nil, fmt.Errorf("asking how long topics keep their records: %w", err)
	}
	var all []Retention
	for _, topic := range topics {
		c, err := configs.On(topic, nil)
		if err == nil {
			err = c.Err
		}
		if err != nil {
			return nil, fmt.Errorf("asking how long %s keeps its records: %w", topic, err)
		}
		r := Retention{Topic: topic, Keeps: 7 * 24 * time.Hour} // the broker's default
		for _, setting := range c.Configs {
			switch value := setting.MaybeValue(); setting.Key {
			case "retention.ms":
				if ms, err := strconv.ParseInt(value, 10, 64); err == nil {
					r.Forever, r.Keeps = r.Forever || ms < 0, time.Duration(ms)*time.Millisecond
				}
			case "cleanup.policy":
				r.Forever = r.Forever || !strings.Contains(value, "delete")
			}
		}
		all = append(all, r)
	}
	return all, nil
}

// PendingTopics are those from which an event of before an erasure could still
// be decided or sent: the input, everything that waits, and dead letters.
func (e *Env) PendingTopics() []string {
	topics := append([]string{e.Config.Topics.Input, e.Names.Hold()}, e.deadLetterTopics()...)
	for _, p := range slices.Sorted(maps.Keys(e.Providers())) {
		for _, lane := range []decision.Lane{decision.LaneRealtime, decision.LaneBatch, decision.LaneReplay} {
			topics = append(topics, e.Names.Delivery(p, lane))
		}
		topics = append(topics, e.Names.Retry(p, "1m"), e.Names.Retry(p, "10m"), e.Names.Retry(p, "1h"), e.Names.Parked(p))
	}
	return topics
}

// Purge removes the records of keys, which were read as markers of erasure. A
// record that somebody wrote between that reading and the removal is written
// again: it must not be lost with the marker.
func (w *ConsentWriter) Purge(ctx context.Context, keys []string, readTo reader.Offsets) (restored int, err error) {
	topic := w.env.Names.Consent()
	tombs := make([]*kgo.Record, len(keys))
	headers := w.by.headers(w.env.Version)
	wanted := make(map[string]bool, len(keys))
	for i, key := range keys {
		tombs[i], wanted[key] = &kgo.Record{Topic: topic, Key: []byte(key), Headers: headers}, true
	}
	if err := w.produce(ctx, tombs); err != nil {
		return 0, err
	}
	ends, err := w.env.ConsentEnds(ctx)
	if err != nil {
		return 0, err
	}
	last := map[string]*kgo.Record{}
	gone := map[string]bool{}
	between := reader.Ranges{}
	for p, end := range ends {
		between[p] = reader.Range{From: readTo[p], To: end}
	}
	err = w.env.read(ctx, reader.Config{Ranges: between}, func(r *kgo.Record) error {
		key := string(r.Key)
		switch {
		case !wanted[key] || gone[key]:
		case r.Value == nil:
			gone[key] = true // ours: what comes behind it stands by itself
		default:
			last[key] = &kgo.Record{Topic: topic, Key: bytes.Clone(r.Key), Value: bytes.Clone(r.Value), Headers: cloneHeaders(r.Headers)}
		}
		return nil
	}, nil)
	if err != nil {
		return 0, err
	}
	return len(last), w.produce(ctx, slices.Collect(maps.Values(last)))
}

// ConsentEnds are where the consent topic ends now; take them before reading
// what Purge is to remove.
func (e *Env) ConsentEnds(ctx context.Context) (reader.Offsets, error) {
	return e.ask(ctx, reader.StableEnds, e.Names.Consent())
}

// cloneHeaders copies headers, whose values alias what was fetched.
func cloneHeaders(headers []kgo.RecordHeader) []kgo.RecordHeader {
	out := make([]kgo.RecordHeader, len(headers))
	for i, h := range headers {
		out[i] = kgo.RecordHeader{Key: strings.Clone(h.Key), Value: bytes.Clone(h.Value)}
	}
	return out
}
