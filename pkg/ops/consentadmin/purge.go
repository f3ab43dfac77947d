package consentadmin

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
)

// PurgeRequest says which markers of erasures go.
type PurgeRequest struct {
	// OlderThan is the age of the erasures.
	OlderThan time.Duration
	// Customers narrow it; none: all.
	Customers []string
	Author    Author
	// DryRun counts and writes nothing.
	DryRun bool
	// KeptForEver says that nobody will replay a topic that keeps its records
	// for ever.
	KeptForEver bool
}

func (q *PurgeRequest) wants(key string) bool {
	customer, _, _ := strings.Cut(key, ":")
	return len(q.Customers) == 0 || slices.Contains(q.Customers, customer)
}

// PurgeAnswer is what went. Its JSON is that of `sluice consent purge --output
// json`.
type PurgeAnswer struct {
	Purged   int  `json:"purged"`
	Restored int  `json:"written_again"`
	DryRun   bool `json:"dry_run"`
}

// PendingError says that something from before an erasure can still be pending
// in a topic, for so long, or for ever.
type PendingError struct {
	Topic   string
	Keeps   time.Duration
	Forever bool
}

// Error says which topic.
func (e *PendingError) Error() string {
	if e.Forever {
		return e.Topic + " keeps its records for ever, so that older events of an erased subject could still be read"
	}
	return e.Topic + " keeps its records for " + document.FormatMilliseconds(e.Keeps.Milliseconds()) + ", so that older events of an erased subject can still be pending"
}

// Purge removes the markers that erasures have left, once nothing from before
// them can be decided or sent any more. Its error is a *PendingError where
// something can.
func (a *Admin) Purge(ctx context.Context, q PurgeRequest) (PurgeAnswer, error) {
	if err := a.safe(ctx, &q); err != nil {
		return PurgeAnswer{}, err
	}
	// Taken before reading: what is written behind it is not lost with a marker.
	ends, err := a.deps.Topics.StableEnds(ctx, a.deps.Topic)
	if err != nil {
		return PurgeAnswer{}, err
	}
	before := a.deps.Now().Add(-q.OlderThan)
	entries, err := a.Entries(ctx, q.wants)
	if err != nil {
		return PurgeAnswer{}, err
	}
	var keys []string
	for key, entry := range entries {
		if entry.Record.Erased && entry.StoredAt.Before(before) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	answer := PurgeAnswer{Purged: len(keys), DryRun: q.DryRun}
	if q.DryRun || len(keys) == 0 {
		return answer, nil
	}
	w, err := a.writer(ctx, q.Author)
	if err != nil {
		return answer, err
	}
	answer.Restored, err = w.remove(ctx, a.deps.Topics, keys, ends)
	return answer, errors.Join(err, w.close(ctx))
}

// safe refuses an age at which something older can still be pending.
func (a *Admin) safe(ctx context.Context, q *PurgeRequest) error {
	if err := a.deps.Topics.RequireTopics(ctx, a.deps.Pending...); err != nil {
		return err
	}
	kept, err := a.deps.Topics.Retentions(ctx, a.deps.Pending...)
	if err != nil {
		return err
	}
	for _, k := range kept {
		if k.Forever && !q.KeptForEver && !q.DryRun || !k.Forever && q.OlderThan < k.Keeps {
			return &PendingError{Topic: k.Topic, Keeps: k.Keeps, Forever: k.Forever}
		}
	}
	return nil
}

// remove removes the records of keys, which were read as markers of erasure. A
// record that somebody wrote between that reading and the removal is written
// again: it must not be lost with the marker.
func (w *writer) remove(ctx context.Context, from topics, keys []string, readTo reader.Offsets) (restored int, err error) {
	tombs := make([]*kgo.Record, len(keys))
	wanted := make(map[string]bool, len(keys))
	for i, key := range keys {
		tombs[i], wanted[key] = &kgo.Record{Topic: w.topic, Key: []byte(key), Headers: w.headers}, true
	}
	if err := w.produce(ctx, tombs); err != nil {
		return 0, err
	}
	ends, err := from.StableEnds(ctx, w.topic)
	if err != nil {
		return 0, err
	}
	last := map[string]*kgo.Record{}
	gone := map[string]bool{}
	between := reader.Ranges{}
	for p, end := range ends {
		between[p] = reader.Range{From: readTo[p], To: end}
	}
	err = from.Each(ctx, reader.Config{Ranges: between}, func(r *kgo.Record) error {
		key := string(r.Key)
		switch {
		case !wanted[key] || gone[key]:
		case r.Value == nil:
			gone[key] = true // ours: what comes behind it stands by itself
		default:
			last[key] = &kgo.Record{Topic: w.topic, Key: bytes.Clone(r.Key), Value: bytes.Clone(r.Value), Headers: cloneHeaders(r.Headers)}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return len(last), w.produce(ctx, slices.Collect(maps.Values(last)))
}

// cloneHeaders copies headers, whose values alias what was fetched.
func cloneHeaders(headers []kgo.RecordHeader) []kgo.RecordHeader {
	out := make([]kgo.RecordHeader, len(headers))
	for i, h := range headers {
		out[i] = kgo.RecordHeader{Key: strings.Clone(h.Key), Value: bytes.Clone(h.Value)}
	}
	return out
}
