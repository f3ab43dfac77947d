package boot

import (
	"context"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/diagnostics"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
	"github.com/sluicehq/sluice/pkg/ops/trace"
)

// Pseudonym gives the forms in which diagnostics show ids and subjects.
func (e *Env) Pseudonym() (identity.Pseudonym, error) {
	recorder, err := e.recorder()
	return recorder.Pseudonym, err
}

// Tracer is the operation behind `sluice trace`.
func (e *Env) Tracer() (*trace.Tracer, error) {
	log, err := e.Diagnostics()
	if err != nil {
		return nil, err
	}
	registry, err := e.Registry.Codec()
	if err != nil {
		return nil, err
	}
	return trace.New(trace.Deps{
		Diagnostics: log, Submissions: submissions{e}, Registry: registry,
		Committed: func(ctx context.Context, partition int32) (int64, error) {
			read, err := e.Cluster.Committed(ctx, e.Config.Router.Group)
			return read[reader.Partition{Topic: e.Config.Topics.Input, Number: partition}], err
		},
	})
}

// submissions are the topics of what providers judge later.
type submissions struct{ env *Env }

// Asynchronous implements trace.Submissions.
func (s submissions) Asynchronous(provider string) bool {
	p, known := s.env.Providers()[provider]
	return known && p.Spec().Asynchronous
}

// Search implements trace.Submissions.
func (s submissions) Search(ctx context.Context, provider string, q diagnostics.Search, take func([]byte) (bool, error)) (diagnostics.Searched, error) {
	return diagnostics.SearchTopic(ctx, s.env.Cluster, s.env.Names.Submissions(provider), q, take)
}
