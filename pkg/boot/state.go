package boot

import (
	"context"

	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/states"
)

// states is what commands have stored.
func (e *Env) states() *states.Store {
	return states.New(states.Deps{
		Topics: e.Cluster, Registry: e.Registry, Topic: e.Names.State(),
		Transaction: func(ctx context.Context, id string) (states.Transaction, error) {
			return e.Cluster.Transaction(ctx, id)
		},
	})
}

// toolWriter encodes what commands write. Unlike Writer it does not wait for a
// registry that is down.
func (e *Env) toolWriter(ctx context.Context) (*codec.Writer, error) {
	ids, err := e.Registry.IDs(ctx, e.schemaTopics())
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
