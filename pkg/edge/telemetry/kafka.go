package telemetry

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kotel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// KafkaHooks are client hooks that measure connections, bytes and batches per
// topic. kotel's tracing hooks are left out on purpose: they put record keys,
// which are subjects here, into spans, and start two spans for each record
// whether anybody follows it or not. Tracing does what is needed instead.
func (t *Telemetry) KafkaHooks() []kgo.Hook {
	return kotel.NewKotel(kotel.WithMeter(kotel.NewMeter(kotel.MeterProvider(t.meters), kotel.WithMergedConnectsMeter()))).Hooks()
}

// TransactionOutcome says how a Kafka transaction ended.
type TransactionOutcome string

// The outcomes.
const (
	TransactionCommitted TransactionOutcome = "committed"
	TransactionAborted   TransactionOutcome = "aborted"
	// TransactionGivenUp: the batch was rewound before a transaction began,
	// because something that it needs is not available.
	TransactionGivenUp TransactionOutcome = "given_up"
)

type transactionKey struct {
	loop    string
	outcome TransactionOutcome
}

// Transaction counts the end of one transaction of a loop (router, hold,
// replay, verdict): its input records and how long it took.
func (m *Metrics) Transaction(ctx context.Context, loop string, outcome TransactionOutcome, records int, took time.Duration) {
	labels := m.labels(transactionKey{loop, outcome}, func() []attribute.KeyValue {
		return []attribute.KeyValue{attribute.String("loop", loop), attribute.String("outcome", string(outcome))}
	})
	m.transactions.Add(ctx, 1, labels)
	if outcome == TransactionGivenUp {
		return
	}
	m.transactionTime.Record(ctx, took.Seconds(), labels)
	m.transactionRecords.Record(ctx, int64(records), labels)
}

// ClaimOutcome says what became of a claim.
type ClaimOutcome string

// The outcomes.
const (
	ClaimTaken       ClaimOutcome = "taken"       // ours now
	ClaimOwn         ClaimOutcome = "own"         // ours already: the record is read again
	ClaimDuplicate   ClaimOutcome = "duplicate"   // another record's
	ClaimDelivered   ClaimOutcome = "delivered"   // a mark: the provider has it
	ClaimMarked      ClaimOutcome = "marked"      // turned into a mark by us
	ClaimReleased    ClaimOutcome = "released"    // given back
	ClaimUnreadable  ClaimOutcome = "unreadable"  // holds something that is no claim
	ClaimUnavailable ClaimOutcome = "unavailable" // Redis did not answer, or is not ready
)

// Claims counts n claims with one outcome.
func (m *Metrics) Claims(ctx context.Context, outcome ClaimOutcome, n int64) {
	if n > 0 {
		m.claims.Add(ctx, n, m.claimLabels(outcome))
	}
}

// ClaimsLost counts claims that a rebuild could not restore.
func (m *Metrics) ClaimsLost(ctx context.Context, n int64) { m.claimsLost.Add(ctx, n) }

// ClaimRoundTrip records how long one pipeline to Redis took.
func (m *Metrics) ClaimRoundTrip(ctx context.Context, took time.Duration) {
	m.claimTime.Record(ctx, took.Seconds())
}

func (m *Metrics) claimLabels(outcome ClaimOutcome) metric.MeasurementOption {
	return m.labels(outcome, func() []attribute.KeyValue { return []attribute.KeyValue{attribute.String("outcome", string(outcome))} })
}
