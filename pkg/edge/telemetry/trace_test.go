package telemetry_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/sluicehq/sluice/pkg/edge/telemetry"
)

const (
	sampled   = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	unsampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
)

func headers(traceparent string) []kgo.RecordHeader {
	return []kgo.RecordHeader{{Key: "x", Value: []byte("1")}, {Key: "traceparent", Value: []byte(traceparent)}}
}

func recorder(ratio float64) (*telemetry.Tracing, *tracetest.SpanRecorder) {
	spans := tracetest.NewSpanRecorder()
	return telemetry.NewTracing(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test"), ratio), spans
}

// TestOneTraceAcrossBothHops: input record, router, delivery record, sender.
func TestOneTraceAcrossBothHops(t *testing.T) {
	t.Parallel()
	tracing, spans := recorder(0)
	ctx, routing := tracing.Start(t.Context(), "route", headers(sampled))
	delivery := telemetry.Inject(ctx, []kgo.RecordHeader{{Key: "attempt", Value: []byte("1")}})
	routing.End()
	_, sending := tracing.Start(t.Context(), "send", delivery)
	sending.End()

	ended := spans.Ended()
	require.Len(t, ended, 2)
	for _, s := range ended {
		assert.Equal(t, "4bf92f3577b34da6a3ce929d0e0e4736", s.SpanContext().TraceID().String())
	}
	assert.Equal(t, "00f067aa0ba902b7", ended[0].Parent().SpanID().String())
	assert.Equal(t, ended[0].SpanContext().SpanID(), ended[1].Parent().SpanID())
	assert.Equal(t, "attempt", delivery[0].Key, "other headers stay")
}

func TestWhoIsFollowed(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		headers []kgo.RecordHeader
		ratio   float64
		spans   int
	}{
		"asked for":                  {headers(sampled), 0, 1},
		"asked not to":               {headers(unsampled), 1, 0},
		"drawn":                      {nil, 1, 1},
		"not drawn":                  {nil, 0, 0},
		"a header that is no trace":  {headers("garbage"), 0, 0},
		"another version of a trace": {headers("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), 0, 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tracing, spans := recorder(c.ratio)
			_, span := tracing.Start(t.Context(), "route", c.headers)
			span.End()
			assert.Len(t, spans.Ended(), c.spans)
		})
	}
}

// TestStartNeverEndsTheCallersSpan: what Start gives for an event that nobody
// follows is not the span around it.
func TestStartNeverEndsTheCallersSpan(t *testing.T) {
	t.Parallel()
	tracing, spans := recorder(0)
	ctx, outer := tracing.Tracer().Start(t.Context(), "batch")
	_, span := tracing.Start(ctx, "route", nil)
	span.End()
	assert.Empty(t, spans.Ended())
	outer.End()
	assert.Len(t, spans.Ended(), 1)
}

// TestTracesOfOthersPassThrough: without a collector of ours the trace still
// reaches whoever comes next.
func TestTracesOfOthersPassThrough(t *testing.T) {
	t.Parallel()
	tracing := telemetry.NewTracing(nil, 1)
	ctx, span := tracing.Start(t.Context(), "route", headers(sampled))
	span.End()
	assert.Equal(t, []kgo.RecordHeader{{Key: "traceparent", Value: []byte(sampled)}}, telemetry.Inject(ctx, nil))
}

func TestInjectReplacesAndCopies(t *testing.T) {
	t.Parallel()
	tracing, _ := recorder(1)
	ctx, span := tracing.Start(t.Context(), "route", nil)
	defer span.End()
	original := headers(unsampled)
	got := telemetry.Inject(ctx, original)
	assert.Len(t, got, 2)
	assert.Equal(t, unsampled, string(original[1].Value), "a shared slice was written to")
	assert.Contains(t, string(got[1].Value), span.SpanContext().TraceID().String())
	assert.Equal(t, original, telemetry.Inject(t.Context(), original), "nothing to inject")
}

func TestUnfollowedEventsCostNothing(t *testing.T) {
	tracing, _ := recorder(0)
	plain := []kgo.RecordHeader{{Key: "x", Value: []byte("1")}}
	ctx := t.Context()
	allocations := testing.AllocsPerRun(1000, func() {
		_, span := tracing.Start(ctx, "route", plain)
		span.End()
	})
	assert.Zero(t, allocations)
}
