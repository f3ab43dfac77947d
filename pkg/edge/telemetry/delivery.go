package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Destination records what happens to one destination's deliveries. It is safe
// for concurrent use.
type Destination struct {
	m             *Metrics
	provider, id  string
	labels        metric.MeasurementOption
	lanes         [3]metric.MeasurementOption
	classes       [int(provider.DuplicateDelivery) + 1]metric.MeasurementOption
	providerClass [int(provider.DuplicateDelivery) + 1]metric.MeasurementOption
}

// Destination gives the instruments of a destination. Its labels are bound once:
// binding them costs a hundred times what counting does.
func (m *Metrics) Destination(providerName, destinationID string) *Destination {
	key := destinationKey{providerName, destinationID}
	m.destinationsMu.RLock()
	d := m.destinations[key]
	m.destinationsMu.RUnlock()
	if d != nil {
		return d
	}
	m.destinationsMu.Lock()
	defer m.destinationsMu.Unlock()
	if d = m.destinations[key]; d == nil {
		d = m.bindDestination(providerName, destinationID)
		m.destinations[key] = d
	}
	return d
}

type destinationKey struct{ provider, id string }

func (m *Metrics) bindDestination(providerName, destinationID string) *Destination {
	d := &Destination{m: m, provider: providerName, id: destinationID}
	base := []attribute.KeyValue{attribute.String("provider", providerName), attribute.String("destination", destinationID)}
	with := func(more ...attribute.KeyValue) metric.MeasurementOption {
		return metric.WithAttributeSet(attribute.NewSet(append(append([]attribute.KeyValue{}, base...), more...)...))
	}
	d.labels = with()
	for lane := range d.lanes {
		d.lanes[lane] = with(attribute.String("lane", decision.Lane(lane).String()))
	}
	for class := range d.classes {
		name := attribute.String("class", provider.Class(class).String())
		d.classes[class] = with(name)
		d.providerClass[class] = metric.WithAttributeSet(attribute.NewSet(base[0], name))
	}
	return d
}

// Request records one request and its answer: how many events it held, how
// large it was, how long the provider took.
func (d *Destination) Request(ctx context.Context, lane decision.Lane, events, bytes int, took time.Duration, answer *provider.Answer) {
	class := d.classes[0]
	perProvider := d.providerClass[0]
	if c := int(answer.Class); c < len(d.classes) {
		class, perProvider = d.classes[c], d.providerClass[c]
	}
	d.m.requests.Add(ctx, 1, class)
	d.m.attempts.Add(ctx, int64(events), class)
	d.m.requestBytes.Add(ctx, int64(bytes), d.labels)
	if l := int(lane); l < len(d.lanes) {
		d.m.batchEvents.Record(ctx, int64(events), d.lanes[l])
	}
	d.m.providerLatency.Record(ctx, took.Seconds(), perProvider)
	if answer.Class != provider.Accepted {
		d.m.providerCodes.Add(ctx, 1, d.code(answer))
	}
	// At zero the counter exists, so that an alert on its increase sees the first.
	d.m.unmappedErrors.Add(ctx, flag(answer.Unmapped), d.labels)
}

// Delivered records one accepted event's way from its append to the input
// topic to the answer.
func (d *Destination) Delivered(ctx context.Context, lane decision.Lane, latency time.Duration) {
	if l := int(lane); l < len(d.lanes) && latency >= 0 {
		d.m.deliveryLatency.Record(ctx, latency.Seconds(), d.lanes[l])
	}
}

// Moved counts deliveries that went to a waiting place: retry_1m, retry_10m,
// retry_1h, parked or deadletter.
func (d *Destination) Moved(ctx context.Context, place string, n int) {
	d.m.moved.Add(ctx, int64(n), d.m.labels(movedKey{d.provider, d.id, place}, func() []attribute.KeyValue {
		return []attribute.KeyValue{attribute.String("provider", d.provider), attribute.String("destination", d.id), attribute.String("place", place)}
	}))
}

type movedKey struct{ provider, destination, place string }

type codeKey struct {
	provider, code, subcode string
	class                   provider.Class
}

// code gives the labels of an answer. Codes come from the provider; those
// that no table knows are folded into one, so that a confused answer cannot
// make series without end.
func (d *Destination) code(a *provider.Answer) metric.MeasurementOption {
	key := codeKey{provider: d.provider, code: a.Code, subcode: a.Subcode, class: a.Class}
	if a.Unmapped {
		key.code, key.subcode = "unmapped", ""
	}
	return d.m.labels(key, func() []attribute.KeyValue {
		return []attribute.KeyValue{
			attribute.String("provider", key.provider), attribute.String("code", key.code),
			attribute.String("subcode", key.subcode), attribute.String("class", key.class.String()),
		}
	})
}
