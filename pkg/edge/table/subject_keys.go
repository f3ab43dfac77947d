package table

import (
	"context"
	"fmt"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/seal"
)

// SubjectKeyTable keeps the wrapped keys of sealed letters. A letter's key goes
// when the letter is decided, so the table is as large as what waits. It is a Sink.
type SubjectKeyTable struct {
	decode func(ctx context.Context, value []byte, dst *codec.SubjectKey) error
	// names are the ids of installation keys, of which there are few: each entry
	// shares its string with all others.
	names map[string]string

	mu   sync.RWMutex
	keys map[seal.KeyID]seal.Wrapped
	// next is read anew, from the start of the topic; nil: keys is complete.
	next map[seal.KeyID]seal.Wrapped
}

// NewSubjectKeyTable makes a SubjectKeyTable.
func NewSubjectKeyTable(decode func(ctx context.Context, value []byte, dst *codec.SubjectKey) error) *SubjectKeyTable {
	return &SubjectKeyTable{decode: decode, names: map[string]string{}, keys: map[seal.KeyID]seal.Wrapped{}}
}

// Reset implements Sink. What was read before stays visible until it is read
// again: a key that seems to be missing would end a letter.
func (t *SubjectKeyTable) Reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next = map[seal.KeyID]seal.Wrapped{}
}

// Apply implements Sink.
func (t *SubjectKeyTable) Apply(ctx context.Context, r *kgo.Record) error {
	_, id, ok := seal.ParseRecordKey(r.Key)
	if !ok {
		return &codec.DecodeError{Reason: decision.EventUndecodable, Detail: "its record key is not customer:subject:id"}
	}
	if r.Value == nil {
		t.put(id, nil)
		return nil
	}
	var k codec.SubjectKey
	if err := t.decode(ctx, r.Value, &k); err != nil {
		return fmt.Errorf("decoding a subject's key: %w", err)
	}
	if len(k.Wrapped) != seal.WrappedBytes {
		return &codec.DecodeError{Reason: decision.EventUndecodable, Detail: fmt.Sprintf("its wrapped key has %d bytes, want %d", len(k.Wrapped), seal.WrappedBytes)}
	}
	name, ok := t.names[k.InstallationKey]
	if !ok {
		name = string([]byte(k.InstallationKey)) // not the record's memory
		t.names[name] = name
	}
	t.put(id, &seal.Wrapped{Installation: name, Bytes: [seal.WrappedBytes]byte(k.Wrapped)})
	return nil
}

// put sets a key, or removes it where there is none.
func (t *SubjectKeyTable) put(id seal.KeyID, w *seal.Wrapped) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, keys := range []map[seal.KeyID]seal.Wrapped{t.keys, t.next} {
		switch {
		case keys == nil:
		case w == nil:
			delete(keys, id)
		default:
			keys[id] = *w
		}
	}
}

// Publish implements Sink.
func (t *SubjectKeyTable) Publish() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.next != nil {
		t.keys, t.next = t.next, nil
	}
}

// SubjectKey implements seal.Keys.
func (t *SubjectKeyTable) SubjectKey(id seal.KeyID) (seal.Wrapped, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	w, ok := t.keys[id]
	return w, ok
}

// Size gives the number of keys.
func (t *SubjectKeyTable) Size() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.keys)
}
