package telemetry

import (
	"context"
	"math/rand/v2"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Tracing follows single events from their input record to the provider's
// answer. An input record with a W3C traceparent header is followed when its
// sender asked for that; of the others a share is drawn. For an event that
// nobody follows Start does no work and allocates nothing.
type Tracing struct {
	tracer trace.Tracer
	on     bool
	ratio  float64
}

// headerTraceparent is the W3C header that carries a trace.
const headerTraceparent = "traceparent"

// drawn marks a root span that Start has already drawn, so that the sampler
// does not draw again. It is exported with the span and says why it is there.
const drawn = attribute.Key("sluice.drawn")

func newTracing(tracer trace.Tracer, ratio float64) *Tracing {
	if tracer == nil {
		return &Tracing{tracer: noop.NewTracerProvider().Tracer(scope)}
	}
	return &Tracing{tracer: tracer, on: true, ratio: ratio}
}

// NewTracing makes a Tracing around a tracer, for tests and for programs
// that set up OpenTelemetry themselves. A nil tracer follows nothing, and
// passes on the traces of others.
func NewTracing(tracer trace.Tracer, ratio float64) *Tracing { return newTracing(tracer, ratio) }

// Tracer gives the tracer itself, for spans of whole requests.
func (t *Tracing) Tracer() trace.Tracer { return t.tracer }

// Start begins a span for what a stage does with one record, as part of the
// trace in its headers. The caller ends it, and sets attributes only where
// span.IsRecording says that somebody will see them: they may name topic,
// partition, offset, stage, destination and the like, never a record's key or
// content.
func (t *Tracing) Start(ctx context.Context, name string, headers []kgo.RecordHeader) (context.Context, trace.Span) {
	parent := SpanContext(headers)
	if parent.IsValid() {
		ctx = trace.ContextWithRemoteSpanContext(ctx, parent)
	}
	switch {
	case t.on && parent.IsSampled():
		return t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindConsumer)) //nolint:spancheck // the caller ends it
	case t.on && !parent.IsValid() && rand.Float64() < t.ratio:
		return t.tracer.Start(ctx, name, trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(drawn.Bool(true))) //nolint:spancheck // the caller ends it
	default:
		// Not the span of ctx: the caller ends what it gets.
		return ctx, noop.Span{}
	}
}

// SpanContext reads the trace that a record belongs to; it is invalid where
// there is none.
func SpanContext(headers []kgo.RecordHeader) trace.SpanContext {
	for i := range headers {
		if headers[i].Key == headerTraceparent {
			ctx := propagation.TraceContext{}.Extract(context.Background(), carrier(headers))
			return trace.SpanContextFromContext(ctx)
		}
	}
	return trace.SpanContext{}
}

// Inject writes the current trace into the headers of a record that is about
// to be produced, in place of an earlier one.
func Inject(ctx context.Context, headers []kgo.RecordHeader) []kgo.RecordHeader {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return headers
	}
	into := writer{headers: headers}
	propagation.TraceContext{}.Inject(ctx, &into)
	return into.headers
}

// carrier reads headers.
type carrier []kgo.RecordHeader

// Get implements propagation.TextMapCarrier.
func (c carrier) Get(key string) string {
	for i := range c {
		if c[i].Key == key {
			return string(c[i].Value)
		}
	}
	return ""
}

// Set implements propagation.TextMapCarrier; reading never calls it.
func (c carrier) Set(string, string) {}

// Keys implements propagation.TextMapCarrier.
func (c carrier) Keys() []string {
	keys := make([]string, len(c))
	for i := range c {
		keys[i] = c[i].Key
	}
	return keys
}

// writer sets headers in a new slice, because a record's own may be shared
// with the record that it was copied from.
type writer struct {
	headers []kgo.RecordHeader
	copied  bool
}

// Get implements propagation.TextMapCarrier.
func (w *writer) Get(key string) string { return carrier(w.headers).Get(key) }

// Keys implements propagation.TextMapCarrier.
func (w *writer) Keys() []string { return carrier(w.headers).Keys() }

// Set implements propagation.TextMapCarrier.
func (w *writer) Set(key, value string) {
	if !w.copied {
		w.headers, w.copied = append(make([]kgo.RecordHeader, 0, len(w.headers)+2), w.headers...), true
	}
	for i := range w.headers {
		if w.headers[i].Key == key {
			w.headers[i].Value = []byte(value)
			return
		}
	}
	w.headers = append(w.headers, kgo.RecordHeader{Key: key, Value: []byte(value)})
}

// sampler follows what Start has drawn and what others follow; other roots,
// such as requests, are drawn by the same share.
type sampler struct{ others sdk.Sampler }

func newSampler(ratio float64) sdk.Sampler {
	return sdk.ParentBased(sampler{others: sdk.TraceIDRatioBased(ratio)})
}

// ShouldSample implements trace.Sampler.
func (s sampler) ShouldSample(p sdk.SamplingParameters) sdk.SamplingResult {
	for _, a := range p.Attributes {
		if a.Key == drawn {
			return sdk.SamplingResult{Decision: sdk.RecordAndSample, Tracestate: trace.SpanContextFromContext(p.ParentContext).TraceState()}
		}
	}
	return s.others.ShouldSample(p)
}

// Description implements trace.Sampler.
func (s sampler) Description() string { return "Drawn{" + s.others.Description() + "}" }
