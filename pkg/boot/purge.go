package boot

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
	"github.com/sluicehq/sluice/pkg/ops/deadletter"
)

// PendingTopics are those from which an event of before an erasure could still
// be decided or sent: the input, everything that waits, and dead letters.
func (e *Env) PendingTopics() []string {
	topics := append([]string{e.Config.Topics.Input, e.Names.Hold()}, deadletter.Topics(e.Names, slices.Sorted(maps.Keys(e.Providers())))...)
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
	err = w.env.Cluster.Each(ctx, reader.Config{Ranges: between}, func(r *kgo.Record) error {
		key := string(r.Key)
		switch {
		case !wanted[key] || gone[key]:
		case r.Value == nil:
			gone[key] = true // ours: what comes behind it stands by itself
		default:
			last[key] = &kgo.Record{Topic: topic, Key: bytes.Clone(r.Key), Value: bytes.Clone(r.Value), Headers: cloneHeaders(r.Headers)}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return len(last), w.produce(ctx, slices.Collect(maps.Values(last)))
}

// ConsentEnds are where the consent topic ends now; take them before reading
// what Purge is to remove.
func (e *Env) ConsentEnds(ctx context.Context) (reader.Offsets, error) {
	return e.Cluster.StableEnds(ctx, e.Names.Consent())
}

// cloneHeaders copies headers, whose values alias what was fetched.
func cloneHeaders(headers []kgo.RecordHeader) []kgo.RecordHeader {
	out := make([]kgo.RecordHeader, len(headers))
	for i, h := range headers {
		out[i] = kgo.RecordHeader{Key: strings.Clone(h.Key), Value: bytes.Clone(h.Value)}
	}
	return out
}
