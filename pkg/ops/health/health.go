// Package health says how destinations are doing: match quality, coverage,
// deduplication, freshness, failures, what waits, and the alerts that fire.
package health

import (
	"context"
	"slices"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/health"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/diagnostics"
)

// Request says about what and how far back. The zero Customer and no
// Destinations are all.
type Request struct {
	// Span up to now.
	Span         time.Duration
	Customer     string
	Destinations []string
	// Progress is told how many diagnostics were looked at. Optional.
	Progress func(done, total int64)
}

func (q *Request) wants(d *resource.Destination) bool {
	return (q.Customer == "" || q.Customer == d.Customer) && (len(q.Destinations) == 0 || slices.Contains(q.Destinations, d.ID))
}

// log is the diagnostics topic.
type log interface {
	Search(ctx context.Context, s diagnostics.Search, take func(*decision.Decision) error) (diagnostics.Searched, error)
}

// Deps of a Reporter; all are needed.
type Deps struct {
	Diagnostics log
	// Applied are the destinations that are applied now.
	Applied func(ctx context.Context) ([]*resource.Destination, error)
	// Statuses reads what senders say about destinations now.
	Statuses func(ctx context.Context) ([]health.Status, error)
	// Versions gives the API versions that destinations' requests name, as far
	// as their end is known.
	Versions func([]*resource.Destination) map[string]health.Version
	// Blind says whether a provider never refuses anything.
	Blind func(provider string) bool
	Now   func() time.Time
}

// Reporter answers requests. It holds nothing open and is safe for concurrent
// use.
type Reporter struct{ deps Deps }

// New makes a Reporter.
func New(deps Deps) *Reporter { return &Reporter{deps} }

// Health reads the diagnostics of a span of time up to now, and those that
// alerts need.
func (r *Reporter) Health(ctx context.Context, q Request) (Answer, error) {
	applied, err := r.deps.Applied(ctx)
	if err != nil {
		return Answer{}, err
	}
	statuses, err := r.deps.Statuses(ctx)
	if err != nil {
		return Answer{}, err
	}
	now := r.deps.Now()
	observer := health.NewObserver(health.Config{})
	since := now.Add(-max(q.Span, health.RecentSpan+health.BaselineSpan))
	looked, err := r.deps.Diagnostics.Search(ctx, diagnostics.Search{Since: since, Progress: q.Progress}, func(d *decision.Decision) error {
		observer.Add(d)
		return nil
	})
	if err != nil {
		return Answer{}, err
	}
	a := Answer{At: moment(now.UnixMilli()), WindowSeconds: q.Span.Seconds(), Destinations: []Report{}, Alerts: []Alert{}, Looked: looked, Now: now}
	situation := observer.Situation(now.UnixMilli(), statuses)
	situation.Versions = r.deps.Versions(applied)
	counts := observer.Counts(now.Add(-q.Span).UnixMilli(), now.UnixMilli()+1)
	for _, d := range applied {
		if q.wants(d) {
			report := health.NewReport(d, counts[d.ID], q.Span, situation.Waiting[d.ID], situation.Worst)
			report.Blind = r.deps.Blind(d.Provider)
			a.Reports = append(a.Reports, report)
			a.Destinations = append(a.Destinations, reportOf(&report))
			a.Judged = append(a.Judged, situation.Judge(d)...)
		}
	}
	for _, alert := range a.Judged {
		a.Alerts = append(a.Alerts, alertOf(alert))
	}
	return a, nil
}
