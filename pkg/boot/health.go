package boot

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/health"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
)

// DestinationStatuses reads what senders say about their destinations, the
// newest word of each.
func (e *Env) DestinationStatuses(ctx context.Context) ([]health.Status, error) {
	topic := e.Names.DestinationStatus()
	if err := e.RequireTopics(ctx, topic); err != nil {
		return nil, err
	}
	registry, err := e.Registry()
	if err != nil {
		return nil, err
	}
	decoder, err := codec.DestinationStatuses(registry)
	if err != nil {
		return nil, err
	}
	newest := map[string]health.Status{}
	err = e.EachRecord(ctx, topic, time.UnixMilli(0), func(r *kgo.Record) error {
		if r.Value == nil {
			delete(newest, string(r.Key))
			return nil
		}
		var s codec.DestinationStatus
		err := decoder.Decode(ctx, append([]byte(nil), r.Value...), &s)
		if errors.Is(err, codec.ErrSchemaPending) {
			return &NotReadyError{What: "the Schema Registry does not give the schema of " + topic, Err: err, Fix: e.registryFix(err)}
		}
		if err != nil {
			e.Log.Error("a destination's status cannot be read", "topic", r.Topic, "partition", r.Partition, "offset", r.Offset, "error", err)
			return nil
		}
		newest[string(r.Key)] = health.Status{
			Destination: s.DestinationID, Sender: s.Sender, State: s.State, Reason: s.Reason, Message: s.Message, Since: s.Since,
			Until: s.Until, UpdatedAt: s.UpdatedAt, Rate: s.Rate, CredentialExpires: s.CredentialExpires,
		}
		return nil
	})
	statuses := make([]health.Status, 0, len(newest))
	for _, s := range newest {
		statuses = append(statuses, s)
	}
	return statuses, err
}

// Health is how destinations did, and what of it needs a person.
type Health struct {
	At      time.Time
	Span    time.Duration
	Reports []health.Report
	Alerts  []health.Alert
	Looked  Searched
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
	looked, err := e.SearchDiagnostics(ctx, Search{Since: since, Progress: progress}, func(d *decision.Decision) error {
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
