package table

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/codec"
)

// The bounds of records whose writer's schema the registry does not know.
const (
	// maxUnknown is how many of them are tried again. What lies beyond stays
	// bad until its key is written again or the table is read anew.
	maxUnknown = 1_000
	// unknownAtOnce is how many are tried in one round, so that the questions
	// never take the time in which the table has to stay fresh.
	unknownAtOnce = 16
)

// isBad reports whether a record counts as bad: it cannot be decoded, or the
// registry answers and does not know its writer's schema. Anybody who may write
// to the topic can invent such an id, and the topic is compacted, so waiting
// for it would stop the installation at every start.
func isBad(err error) bool {
	_, undecodable := errors.AsType[*codec.DecodeError](err)
	return undecodable || codec.IsUnknownSchema(err)
}

// recordKey names what a later record of a compacted topic replaces.
type recordKey struct{ topic, key string }

// unknownRecords are the last records of their keys whose writer's schema was
// not known. A registry may lag behind the producer that registered a schema,
// so they are tried again until it knows the schema or says for long enough
// that it does not.
type unknownRecords struct {
	byKey map[recordKey]*kgo.Record
	order []recordKey // who is tried next; may hold keys that are gone
}

// replaced notes that a record of the key was applied after it.
func (u *unknownRecords) replaced(r *kgo.Record) {
	if len(u.byKey) > 0 {
		delete(u.byKey, recordKey{r.Topic, string(r.Key)})
	}
}

// add takes a record in, in place of an earlier one of its key.
func (u *unknownRecords) add(r *kgo.Record) {
	if u.byKey == nil {
		u.byKey = map[recordKey]*kgo.Record{}
	}
	k := recordKey{r.Topic, string(r.Key)}
	_, waits := u.byKey[k]
	if !waits && len(u.byKey) >= maxUnknown {
		return
	}
	u.byKey[k] = r
	if waits {
		return
	}
	if len(u.order) >= 2*maxUnknown { // keys that were replaced are still in line
		u.order = slices.Collect(maps.Keys(u.byKey))
		return
	}
	u.order = append(u.order, k)
}

// next gives up to unknownAtOnce records and forgets them; what stays unknown
// is added again.
func (u *unknownRecords) next() []*kgo.Record {
	var due []*kgo.Record
	for len(u.order) > 0 && len(due) < unknownAtOnce {
		k := u.order[0]
		u.order = u.order[1:]
		if r, waits := u.byKey[k]; waits {
			delete(u.byKey, k)
			due = append(due, r)
		}
	}
	return due
}

// retryUnknown tries records again whose writer's schema was not known. It
// never waits: where the registry fails, they are tried in the next round.
func (f *Follower) retryUnknown(ctx context.Context) {
	for _, r := range f.unknown.next() {
		err := f.sink.Apply(ctx, r)
		switch {
		case err == nil:
			f.log.Info("a table's record can be read after all",
				"topic", r.Topic, "partition", r.Partition, "offset", r.Offset)
		case errors.Is(err, codec.ErrSchemaPending):
			f.unknown.add(r)
		}
	}
}
