package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
)

type verdictKey struct{ provider, outcome string }

// VerdictAsked counts requests that a provider was asked about. outcome is of
// a closed set: settled, processing, failed or unknown.
func (m *Metrics) VerdictAsked(ctx context.Context, provider, outcome string, n int) {
	m.verdictAsked.Add(ctx, int64(n), m.labels(verdictKey{provider, outcome}, func() []attribute.KeyValue {
		return []attribute.KeyValue{attribute.String("provider", provider), attribute.String("outcome", outcome)}
	}))
}
