package consentadmin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/seal"
)

// destroyKeys removes the keys of every letter that is sealed to one of the
// subjects, by their record keys, and says how many there were. A router that has
// not read the erasure yet may add one meanwhile; it destroys that one itself when
// the letter is due, and opens nothing.
func (a *Admin) destroyKeys(ctx context.Context, by Author, subjects map[string]bool) (int, error) {
	if err := a.deps.Topics.RequireTopics(ctx, a.deps.Keys); err != nil {
		return 0, err
	}
	there := map[string]bool{}
	err := a.deps.Topics.EachRecord(ctx, a.deps.Keys, time.UnixMilli(0), func(r *kgo.Record) error {
		subject, _, ok := seal.ParseRecordKey(r.Key)
		switch {
		case !ok || !subjects[string(subject)]:
		case r.Value == nil:
			delete(there, string(r.Key))
		default:
			there[string(bytes.Clone(r.Key))] = true
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("looking for the keys of sealed letters: %w", err)
	}
	if len(there) == 0 {
		return 0, nil
	}
	producer, err := a.deps.Producer()
	if err != nil {
		return 0, err
	}
	w := &writer{topic: a.deps.Keys, headers: by.Headers(a.deps.Version), producer: producer}
	tombs := make([]*kgo.Record, 0, len(there))
	for key := range there {
		tombs = append(tombs, &kgo.Record{Topic: w.topic, Key: []byte(key), Headers: w.headers})
	}
	if err := errors.Join(w.produce(ctx, tombs), w.close(ctx)); err != nil {
		return 0, fmt.Errorf("destroying the keys of sealed letters: %w", err)
	}
	return len(tombs), nil
}
