package boot

import (
	"context"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/health"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/diagnostics"
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

// Health is how destinations did, and what of it needs a person.
type Health struct {
	At      time.Time
	Span    time.Duration
	Reports []health.Report
	Alerts  []health.Alert
	Looked  diagnostics.Searched
}

// Health reads the diagnostics of a span of time up to now, and those that
// alerts need, and says how the destinations did that want is true for.
func (e *Env) Health(ctx context.Context, span time.Duration, want func(*resource.Destination) bool, progress func(done, total int64)) (Health, error) {
	resources, _, err := e.Resources(ctx)
	if err != nil {
		return Health{}, err
	}
	statuses, err := e.DestinationStatuses(ctx)
	if err != nil {
		return Health{}, err
	}
	now := e.Now()
	observer := health.NewObserver(health.Config{})
	since := now.Add(-max(span, health.RecentSpan+health.BaselineSpan))
	log, err := e.Diagnostics()
	if err != nil {
		return Health{}, err
	}
	looked, err := log.Search(ctx, diagnostics.Search{Since: since, Progress: progress}, func(d *decision.Decision) error {
		observer.Add(d)
		return nil
	})
	if err != nil {
		return Health{}, err
	}
	h := Health{At: now, Span: span, Looked: looked}
	situation := observer.Situation(now.UnixMilli(), statuses)
	situation.Versions = e.apiVersions(resources.Destinations)
	counts := observer.Counts(now.Add(-span).UnixMilli(), now.UnixMilli()+1)
	for _, d := range resources.Destinations {
		if want(d) {
			h.Reports = append(h.Reports, health.NewReport(d, counts[d.ID], span, situation.Waiting[d.ID], situation.Worst))
			h.Alerts = append(h.Alerts, situation.Judge(d)...)
		}
	}
	return h, nil
}
