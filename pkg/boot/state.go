package boot

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/cluster"
	"github.com/sluicehq/sluice/pkg/edge/codec"
)

// States reads what commands have stored, by kind and then name.
func (e *Env) States(ctx context.Context) (map[string]map[string]codec.State, error) {
	topic := e.Names.State()
	if err := e.Cluster.RequireTopics(ctx, topic); err != nil {
		return nil, err
	}
	registry, err := e.Registry.Codec()
	if err != nil {
		return nil, err
	}
	decoder, err := codec.States(registry)
	if err != nil {
		return nil, err
	}
	all := map[string]map[string]codec.State{}
	err = e.Cluster.EachRecord(ctx, topic, time.UnixMilli(0), func(r *kgo.Record) error {
		kind, name, _ := strings.Cut(string(r.Key), "/")
		if all[kind] == nil {
			all[kind] = map[string]codec.State{}
		}
		if r.Value == nil {
			delete(all[kind], name)
			return nil
		}
		// The strings of a state alias its record, which nobody else holds.
		var s codec.State
		if err := decoder.Decode(ctx, r.Value, &s); err != nil {
			return e.Registry.Undecoded(r, err)
		}
		all[kind][name] = s
		return nil
	})
	return all, err
}

// toolWriter encodes what commands write. Unlike Writer it does not wait for a
// registry that is down.
func (e *Env) toolWriter(ctx context.Context) (*codec.Writer, error) {
	ids, err := e.Registry.IDs(ctx, e.SchemaTopics(e.Providers()))
	if err != nil {
		return nil, err
	}
	return codec.NewWriter(ids, e.Version), nil
}

// readyClaims is the claim store of a command, once claims can be relied on.
func (e *Env) readyClaims(ctx context.Context) (*claimStore, error) {
	store, err := e.Claims()
	if err != nil {
		return nil, err
	}
	if err := store.Status(ctx); err != nil {
		return nil, e.claimsNotReady(err)
	}
	return store, nil
}

// stateWriter writes states. Making another with the same name takes the right
// away from the first, so that what was read before writing still holds.
type stateWriter struct {
	env    *Env
	client *cluster.Transaction
	writer *codec.Writer
}

func (e *Env) stateWriter(ctx context.Context, name string) (*stateWriter, error) {
	if err := e.Cluster.RequireTopics(ctx, e.Names.State()); err != nil {
		return nil, err
	}
	writer, err := e.toolWriter(ctx)
	if err != nil {
		return nil, err
	}
	client, err := e.transaction(ctx, name)
	if err != nil {
		return nil, err
	}
	return &stateWriter{env: e, client: client, writer: writer}, nil
}

// write writes states in one transaction.
func (w *stateWriter) write(ctx context.Context, states ...codec.State) error {
	records := make([]*kgo.Record, 0, len(states))
	for i := range states {
		s := &states[i]
		records = append(records, &kgo.Record{Topic: w.env.Names.State(), Key: []byte(s.Kind + "/" + s.Name), Value: w.writer.AppendState(nil, s)})
	}
	err := w.client.Write(ctx, records...)
	if cluster.Fenced(err) {
		return fmt.Errorf("another command of the same kind began meanwhile; nothing was written, run it again: %w", err)
	}
	return err
}
