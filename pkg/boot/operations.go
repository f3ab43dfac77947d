package boot

import (
	"context"
	"maps"
	"slices"

	"github.com/sluicehq/sluice/pkg/ops/apply"
	"github.com/sluicehq/sluice/pkg/ops/changelog"
	"github.com/sluicehq/sluice/pkg/ops/deadletter"
)

// Applier is the operation behind `sluice apply` and `sluice diff`.
func Applier(e *Env) *apply.Applier {
	return apply.New(apply.Deps{
		Topics: e.Cluster, Registry: e.Registry, Names: e.Names, Providers: ForResources(e.Providers()), Version: e.Version, Now: e.Now,
		Transaction: func(ctx context.Context, id string) (apply.Transaction, error) { return e.Cluster.Transaction(ctx, id) },
	})
}

// Changelog is the operation behind `sluice history`.
func Changelog(e *Env) *changelog.Reader {
	return changelog.New(changelog.Deps{Topics: e.Cluster, Registry: e.Registry, Names: e.Names, Now: e.Now})
}

// DeadLetters is the operation behind `sluice dlq`.
func DeadLetters(e *Env) (*deadletter.Desk, error) {
	log, err := e.Diagnostics()
	if err != nil {
		return nil, err
	}
	recorder, err := e.recorder()
	if err != nil {
		return nil, err
	}
	return deadletter.New(deadletter.Deps{
		Topics: e.Cluster, Registry: e.Registry, Diagnostics: log, States: e.states(), Names: e.Names,
		Providers: slices.Sorted(maps.Keys(e.Providers())), Recorder: recorder, Now: e.Now,
	}), nil
}
