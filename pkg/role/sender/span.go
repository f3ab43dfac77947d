package sender

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/provider"
)

// maxLinks bounds a span: exporters cut at 128.
const maxLinks = 128

// links lead from a request's span to the traces of its events.
func links(items []*item) []trace.Link {
	var list []trace.Link
	for _, it := range items {
		if len(list) == maxLinks {
			break
		}
		parent := codec.TraceParent(it.Record.Headers)
		if parent == nil {
			continue
		}
		remote := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{codec.HeaderTraceParent: string(parent)})
		if at := trace.SpanContextFromContext(remote); at.IsValid() {
			list = append(list, trace.Link{SpanContext: at})
		}
	}
	return list
}

// about describes a request in its span.
func about(j *job, events int) trace.SpanStartOption {
	return trace.WithAttributes(
		attribute.String("sluice.destination", j.key.Destination),
		attribute.String("sluice.lane", j.lane.String()),
		attribute.Int("sluice.events", events),
	)
}

func finishSpan(span trace.Span, a *answer) {
	span.SetAttributes(attribute.String("sluice.class", a.Class.String()), attribute.String("sluice.code", a.Code))
	if a.Class != provider.Accepted && a.Class != provider.AcceptedWithWarnings && a.Class != provider.DuplicateDelivery {
		span.SetStatus(codes.Error, a.Class.String())
	}
}
