package table

import (
	"context"
	"fmt"
	"hash/maphash"
	"iter"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Table is a compacted topic by key: the last good record of every key. It is
// a Sink; reading is safe from any goroutine. A bad record is passed over and
// the last good one stays.
type Table[V any] struct {
	decode func(ctx context.Context, r *kgo.Record) (V, error)

	mu      sync.RWMutex
	rows    map[string]row[V]
	version int64
	bytes   int64
	sum     uint64
}

type row[V any] struct {
	value  V
	offset int64
	size   int64
	hash   uint64
}

// checksumSeed is one for the process: checksums are compared within it.
var checksumSeed = maphash.MakeSeed()

// NewTable makes a Table. decode may keep nothing of the record's bytes unless
// it copies them; an error means that the record is bad.
func NewTable[V any](decode func(ctx context.Context, r *kgo.Record) (V, error)) *Table[V] {
	return &Table[V]{decode: decode, rows: map[string]row[V]{}}
}

// Reset implements Sink.
func (t *Table[V]) Reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows, t.bytes, t.sum = map[string]row[V]{}, 0, 0
	t.version++
}

// Apply implements Sink. A nil value is a tombstone.
func (t *Table[V]) Apply(ctx context.Context, r *kgo.Record) error {
	var next row[V]
	if r.Value != nil {
		value, err := t.decode(ctx, r)
		if err != nil {
			return fmt.Errorf("decoding record: %w", err)
		}
		next = row[V]{value: value, offset: r.Offset, size: int64(len(r.Key) + len(r.Value)), hash: rowHash(r.Key, r.Value)}
	}
	key := string(r.Key)
	t.mu.Lock()
	defer t.mu.Unlock()
	if old, had := t.rows[key]; had {
		t.sum -= old.hash
		t.bytes -= old.size
	}
	t.version++
	if r.Value == nil {
		delete(t.rows, key)
		return nil
	}
	t.rows[key] = next
	t.sum += next.hash
	t.bytes += next.size
	return nil
}

// Publish implements Sink: records are visible as soon as they are applied.
func (t *Table[V]) Publish() {}

// Get gives the last good record of a key.
func (t *Table[V]) Get(key string) (V, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	r, ok := t.rows[key]
	return r.value, ok
}

// All yields a snapshot of every key and value, in no order.
func (t *Table[V]) All() iter.Seq2[string, V] {
	t.mu.RLock()
	defer t.mu.RUnlock()
	snapshot := make(map[string]V, len(t.rows))
	for key, r := range t.rows {
		snapshot[key] = r.value
	}
	return func(yield func(string, V) bool) {
		for key, value := range snapshot {
			if !yield(key, value) {
				return
			}
		}
	}
}

// Size gives the number of keys and the bytes of their records.
func (t *Table[V]) Size() (entries int, bytes int64) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.rows), t.bytes
}

// Version grows with every change.
func (t *Table[V]) Version() int64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.version
}

// Checksum is a sum over keys and values that does not depend on their order:
// equal to that of any other fold of the same topic in this process.
func (t *Table[V]) Checksum() uint64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.sum
}

func rowHash(key, value []byte) uint64 {
	var h maphash.Hash
	h.SetSeed(checksumSeed)
	// hash.Hash writes never fail.
	_, _ = h.Write(key)
	_ = h.WriteByte(0)
	_, _ = h.Write(value)
	return h.Sum64()
}
