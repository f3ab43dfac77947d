package boot

import (
	"context"

	"github.com/sluicehq/sluice/pkg/core/health"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/diagnostics"
	opshealth "github.com/sluicehq/sluice/pkg/ops/health"
)

// DestinationStatuses reads what senders say about their destinations, the
// newest word of each.
func (e *Env) DestinationStatuses(ctx context.Context) ([]health.Status, error) {
	deps, err := e.diagnosticsDeps()
	if err != nil {
		return nil, err
	}
	return diagnostics.Statuses(ctx, e.Names.DestinationStatus(), deps)
}

// Reporter is the operation behind `sluice health`.
func (e *Env) Reporter() (*opshealth.Reporter, error) {
	log, err := e.Diagnostics()
	if err != nil {
		return nil, err
	}
	return opshealth.New(opshealth.Deps{
		Diagnostics: log, Statuses: e.DestinationStatuses, Versions: e.apiVersions, Blind: e.blind, Now: e.Now,
		Applied: func(ctx context.Context) ([]*resource.Destination, error) {
			resources, _, err := Applier(e).Current(ctx)
			if err != nil {
				return nil, err
			}
			return resources.Destinations, nil
		},
	}), nil
}
