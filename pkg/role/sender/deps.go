package sender

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/httpclient"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender/destinations"
)

// tables give a view of today's resources and consent, or an error while they
// are not fresh.
type tables interface {
	Await(ctx context.Context) (gate.View, error)
	// AwaitSince gives a view that has everything that could be read at since.
	AwaitSince(ctx context.Context, since time.Time) (gate.View, error)
}

// claims says who owns an event and whether it was delivered.
type claims interface {
	Claim(ctx context.Context, requests []dedup.Request) (dedup.Claims, error)
	Mark(ctx context.Context, requests []dedup.Request) error
	Release(ctx context.Context, requests []dedup.Request) error
	Renew(ctx context.Context, requests []dedup.Request) error
	Newest(ctx context.Context, keys []dedup.Key) ([]time.Time, error)
	Advance(ctx context.Context, adjustments []dedup.Adjustment) error
	// Pending says for each key whether somebody has claimed it and the
	// provider has not answered yet.
	Pending(ctx context.Context, keys []dedup.Key) ([]bool, error)
}

// deliveries reads records of delivery topics; see intake.
type deliveries interface {
	Decode(ctx context.Context, value []byte, dst *decision.Delivery) error
}

// statuses reads records of the destination status topic.
type statuses interface {
	Decode(ctx context.Context, value []byte, dst *codec.DestinationStatus) error
}

// encoder writes what the sender publishes; *codec.Writer is one.
type encoder interface {
	AppendDiagnostic(dst []byte, d *decision.Decision) []byte
	AppendDestinationStatus(dst []byte, s *codec.DestinationStatus) []byte
	AppendSubmission(dst []byte, s *codec.Submission) []byte
}

// producer writes records and returns when they are acknowledged.
type producer interface {
	Produce(ctx context.Context, records ...*kgo.Record) error
}

// transport sends requests to the provider; *httpclient.Client is one.
type transport interface {
	Send(ctx context.Context, r provider.Request, auth provider.Authorization) (provider.Response, httpclient.Outcome)
	Do(ctx context.Context, r provider.Request, form url.Values) (provider.Response, error)
}

// Secrets resolves references to secrets.
type Secrets = destinations.Secrets

// References are Secrets out of files and variables.
type References = destinations.References

// Meter receives what the sender counts; what it is at the moment stands in
// Status.
type Meter interface {
	// Request: one HTTP request was made.
	Request(r Measurement)
	// Settled: n deliveries came to the same end.
	Settled(status decision.Status, reason decision.Reason, n int)
	// Delivered: the time from the input record's append to the answer.
	Delivered(destination string, lane decision.Lane, latency time.Duration)
	// Moved: n deliveries were republished to a retry topic (retry_1m, retry_10m,
	// retry_1h, parked) or to the dead letters (deadletter).
	Moved(destination, topic string, n int)
	// Lost: n deliveries were deleted before they were read.
	Lost(n int64)
}

// Measurement is one HTTP request.
type Measurement struct {
	Destination string
	Lane        decision.Lane
	Class       provider.Class
	Status      int
	Code        string
	// Unmapped: the answer is in no table.
	Unmapped      bool
	Events, Bytes int
	Took          time.Duration
}

// Deps of a sender. The first group is required.
type Deps struct {
	Provider   provider.Provider
	Tables     tables
	Claims     claims
	Deliveries deliveries
	Encoder    encoder
	Producer   producer
	HTTP       transport
	Secrets    Secrets
	Recorder   gate.Recorder

	// Statuses lets the sender follow what other senders publish about the
	// provider's destinations, and what it published itself before it was
	// restarted. Without it, deliveries that another process has parked wait
	// for their full time.
	Statuses statuses

	Meter  Meter            // default: none
	Tracer trace.Tracer     // default: none
	Log    *slog.Logger     // default: silent
	Now    func() time.Time // default time.Now
	// Random gives numbers in [0, 1) for jitter. Default math/rand.
	Random func() float64
}

func (d Deps) withDefaults() Deps {
	if d.Meter == nil {
		d.Meter = noMeter{}
	}
	if d.Tracer == nil {
		d.Tracer = noop.NewTracerProvider().Tracer("")
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Random == nil {
		d.Random = rand.Float64
	}
	return d
}

// noMeter counts nothing.
type noMeter struct{}

func (noMeter) Request(Measurement)                            {}
func (noMeter) Settled(decision.Status, decision.Reason, int)  {}
func (noMeter) Delivered(string, decision.Lane, time.Duration) {}
func (noMeter) Moved(string, string, int)                      {}
func (noMeter) Lost(int64)                                     {}
