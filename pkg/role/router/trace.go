package router

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/telemetry"
)

// tracing starts spans for the events that somebody follows; *telemetry.Tracing
// is one.
type tracing interface {
	Start(ctx context.Context, name string, headers []kgo.RecordHeader) (context.Context, trace.Span)
}

// follow starts the span of one mapped event where somebody follows it, and
// makes what is written for it part of that trace. The span tells coordinates
// and names that operators wrote, never a key or anything of the event's own.
// The function that it returns ends it.
func (s *Session) follow(ctx context.Context, record *kgo.Record) (end func()) {
	s.span, s.trace = nil, nil
	if s.deps.Tracing == nil {
		return func() {}
	}
	ctx, span := s.deps.Tracing.Start(ctx, "sluice.route", record.Headers)
	if !span.IsRecording() {
		return func() {}
	}
	s.span = span
	if headers := telemetry.Inject(ctx, nil); len(headers) > 0 {
		s.trace = headers[0].Value
	}
	span.SetAttributes(
		attribute.String("messaging.destination.name", record.Topic),
		attribute.Int("messaging.destination.partition.id", int(record.Partition)),
		attribute.Int64("messaging.kafka.offset", record.Offset),
	)
	return func() {
		s.span, s.trace = nil, nil
		span.End()
	}
}

// tell adds a decision to the span of its event.
func tell(span trace.Span, d *decision.Decision) {
	span.AddEvent("decision", trace.WithAttributes(
		attribute.String("destination", d.DestinationID), attribute.String("mapping", d.Mapping),
		attribute.String("status", d.Status.String()), attribute.String("reason", d.Reason.String()),
	))
}
