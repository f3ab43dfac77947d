package boot

import (
	"context"

	"github.com/sluicehq/sluice/pkg/ops/apply"
	"github.com/sluicehq/sluice/pkg/ops/changelog"
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
