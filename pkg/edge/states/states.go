// Package states stores what commands want to know again later: how far a
// replay is, which dead letters were given up.
package states

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/cluster"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/schemas"
)

// topics are the cluster's.
type topics interface {
	RequireTopics(ctx context.Context, names ...string) error
	EachRecord(ctx context.Context, topic string, since time.Time, take func(*kgo.Record) error) error
}

// registry is the Schema Registry.
type registry interface {
	Codec() (*codec.Registry, error)
	IDs(ctx context.Context, topics codec.Topics) (codec.IDs, error)
	Undecoded(record *kgo.Record, err error) error
}

// Transaction writes records together, or none of them.
type Transaction interface {
	Write(ctx context.Context, records ...*kgo.Record) error
	Close()
}

// Deps of a Store; all are needed.
type Deps struct {
	Topics   topics
	Registry registry
	// Topic is the topic of states.
	Topic string
	// Transaction takes the right to write under an id from whoever had it.
	Transaction func(ctx context.Context, id string) (Transaction, error)
}

// Store holds nothing open between calls and is safe for concurrent use.
type Store struct{ deps Deps }

// New makes a Store.
func New(deps Deps) *Store { return &Store{deps} }

// All reads what commands have stored, by kind and then name.
func (s *Store) All(ctx context.Context) (map[string]map[string]codec.State, error) {
	topic := s.deps.Topic
	if err := s.deps.Topics.RequireTopics(ctx, topic); err != nil {
		return nil, err
	}
	known, err := s.deps.Registry.Codec()
	if err != nil {
		return nil, err
	}
	decoder, err := codec.States(known)
	if err != nil {
		return nil, err
	}
	all := map[string]map[string]codec.State{}
	err = s.deps.Topics.EachRecord(ctx, topic, time.UnixMilli(0), func(r *kgo.Record) error {
		kind, name, _ := strings.Cut(string(r.Key), "/")
		if all[kind] == nil {
			all[kind] = map[string]codec.State{}
		}
		if r.Value == nil {
			delete(all[kind], name)
			return nil
		}
		// The strings of a state alias its record, which nobody else holds.
		var state codec.State
		if err := decoder.Decode(ctx, r.Value, &state); err != nil {
			return s.deps.Registry.Undecoded(r, err)
		}
		all[kind][name] = state
		return nil
	})
	return all, err
}

// Writer writes states. Only one of an id can, so that what was read after it was
// made still holds when it writes.
type Writer struct {
	topic string
	id    codec.SchemaID
	tx    Transaction
}

// Writer takes the right to write under a transactional id. The caller closes it.
func (s *Store) Writer(ctx context.Context, id string) (*Writer, error) {
	topic := s.deps.Topic
	if err := s.deps.Topics.RequireTopics(ctx, topic); err != nil {
		return nil, err
	}
	ids, err := s.deps.Registry.IDs(ctx, codec.Topics{schemas.State: {topic}})
	if err != nil {
		return nil, err
	}
	tx, err := s.deps.Transaction(ctx, id)
	if err != nil {
		return nil, err
	}
	return &Writer{topic: topic, id: ids[schemas.State], tx: tx}, nil
}

// Close gives up the connection.
func (w *Writer) Close() { w.tx.Close() }

// Write writes states in one transaction.
func (w *Writer) Write(ctx context.Context, all ...codec.State) error {
	records := make([]*kgo.Record, 0, len(all))
	for i := range all {
		s := &all[i]
		records = append(records, &kgo.Record{Topic: w.topic, Key: []byte(s.Kind + "/" + s.Name), Value: codec.AppendState(nil, w.id, s)})
	}
	err := w.tx.Write(ctx, records...)
	if cluster.Fenced(err) {
		return fmt.Errorf("another command of the same kind began meanwhile; nothing was written, run it again: %w", err)
	}
	return err
}
