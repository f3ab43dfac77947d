package destinations

import (
	"context"
	"log/slog"
	"math"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender/flow"
	"github.com/sluicehq/sluice/pkg/role/sender/tasks"
)

// Config of a Set.
type Config struct {
	Provider string
	// Instance names this process in status records.
	Instance string
	// StatusTopic is where they go.
	StatusTopic string
	// InFlight requests at a time per destination, and over all.
	InFlight, TotalInFlight int
	// ReplayShare of a destination's rate is for replays.
	ReplayShare float64
	// QuotaPerMinute is how many requests a quota project may make.
	QuotaPerMinute float64
	// LongWait is how long a request waits its turn at most.
	LongWait time.Duration
	// ProbeEvery is how often a blocked destination is tried, WatchEvery how
	// often resources and secrets are looked at.
	ProbeEvery, WatchEvery time.Duration
}

// tables give a view of today's resources.
type tables interface {
	Await(ctx context.Context) (gate.View, error)
}

// encoder writes what is published.
type encoder interface {
	AppendDestinationStatus(dst []byte, s *codec.DestinationStatus) []byte
}

// producer writes records and returns when they are acknowledged.
type producer interface {
	Produce(ctx context.Context, records ...*kgo.Record) error
}

// Deps of a Set.
type Deps struct {
	Tasks       *tasks.Tasks
	Tables      tables
	Secrets     Secrets
	Encoder     encoder
	Producer    producer
	Credentials *Credentials
	// Fix says what to do about the provider's error.
	Fix    func(code, subcode string) string
	Now    func() time.Time
	Random func() float64
	Log    *slog.Logger
}

// Set is every destination that the sender has met.
type Set struct {
	cfg    Config
	deps   Deps
	byID   map[string]*Destination
	quotas map[string]*Quota

	// InFlight are requests under way.
	InFlight int
	// HealthySince is when a destination last became healthy.
	HealthySince int64
	// lastSuccess is when any destination was last sent to, epoch ms.
	lastSuccess int64
	// share is this process's part of the installation's rates.
	share     float64
	resources string // version that the destinations were described by
	watching  bool
	nextWatch int64
	draining  bool
}

// NewSet makes an empty Set.
func NewSet(cfg Config, deps Deps) *Set {
	return &Set{cfg: cfg, deps: deps, byID: make(map[string]*Destination), quotas: make(map[string]*Quota), share: 1}
}

// Get gives the state of one destination, made on first sight.
func (s *Set) Get(id string) *Destination {
	d := s.byID[id]
	if d == nil {
		d = &Destination{ID: strings.Clone(id)} // or a record's bytes would be kept as long
		s.byID[d.ID] = d
		s.resources, s.nextWatch = "", 0 // the next look describes it
	}
	return d
}

// Len is how many there are.
func (s *Set) Len() int { return len(s.byID) }

// Drain ends the looking for changes.
func (s *Set) Drain() { s.draining = true }

// MaxEvents is how many events of a destination may share a request.
func (s *Set) MaxEvents(id string, lane decision.Lane) int {
	d := s.byID[id]
	if d == nil {
		return math.MaxInt
	}
	return d.maxEvents(lane, s.cfg.ReplayShare)
}

// Unhindered says whether requests to a destination are held back by nothing
// but work.
func (s *Set) Unhindered(id string, now int64) bool {
	d := s.byID[id]
	return d == nil || d.Unhindered(now)
}

// ReadyAt says whether a request of the lane may start now; where it may not,
// at is when it may, zero when only an answer can tell.
func (s *Set) ReadyAt(d *Destination, lane decision.Lane, now time.Time) (ok bool, at int64) {
	ms := now.UnixMilli()
	if !d.Described && !s.draining {
		return false, 0 // the look is under way
	}
	if d.inFlight >= s.cfg.InFlight || s.InFlight >= s.cfg.TotalInFlight {
		return false, 0
	}
	if lane == decision.LaneReplay && d.inFlight >= max(1, s.cfg.InFlight/4) {
		return false, 0
	}
	if !d.Flow.Ready(ms) {
		at = d.Flow.Until
	}
	if q := d.quota; q != nil {
		if !q.Flow.Ready(ms) {
			at = max(at, q.Flow.Until)
		}
		at = max(at, q.bucket.readyAt(now))
	}
	at = max(at, d.bucket.readyAt(now))
	if lane == decision.LaneReplay {
		at = max(at, d.replays.readyAt(now))
	}
	return at <= ms, at
}

// Begin counts a request of n events that starts now.
func (s *Set) Begin(d *Destination, lane decision.Lane, n int, now time.Time) {
	d.inFlight++
	s.InFlight++
	d.bucket.take(n, now)
	if lane == decision.LaneReplay {
		d.replays.take(n, now)
	}
	if d.quota != nil {
		d.quota.take(now)
	}
}

// Finish counts a request that is over.
func (s *Set) Finish(d *Destination) {
	d.inFlight--
	s.InFlight--
}

// SetRates gives the limiters what the flows say.
func (s *Set) SetRates(d *Destination, now time.Time) {
	ceiling := 0.0
	if d.spec != nil {
		ceiling = d.spec.Delivery.RatePerSecond * s.share
	}
	d.Flow = d.Flow.Under(ceiling)
	d.bucket.set(d.Flow.Rate, now)
	d.replays.set(d.Flow.Rate*s.cfg.ReplayShare, now)
	if q := d.quota; q != nil {
		q.Flow = q.Flow.Under(s.cfg.QuotaPerMinute / 60 * s.share)
		q.bucket.set(q.Flow.Rate, now)
	}
}

// SetShare gives every limiter this process's part.
func (s *Set) SetShare(part float64) {
	s.share = part
	now := s.deps.Now()
	for _, d := range s.byID {
		s.SetRates(d, now)
	}
}

// Turn says whether a request about a destination that delivers nothing may
// start now, and books it where it may; else at is when it may, or the refusal
// says why not for long.
func (s *Set) Turn(endpoint *resource.Endpoint, now time.Time) (refusal *provider.Answer, at int64) {
	d := s.Get(endpoint.Destination.ID)
	s.describe(d, endpoint)
	ms := now.UnixMilli()
	if d.Flow.Mode == flow.Blocked {
		a := provider.Answer{Class: provider.Configuration, Code: d.Flow.Cause.String(), Message: d.Flow.Detail}
		if d.Flow.Cause == decision.CredentialsInvalid || d.Flow.Cause == decision.CredentialsMissing {
			a.Class = provider.Credentials
		}
		return &a, 0
	}
	if !d.Flow.Ready(ms) {
		at = d.Flow.Until
	}
	budget, take := &d.bucket, func() { d.bucket.take(1, now) }
	if q := d.quota; q != nil {
		budget, take = &q.bucket, func() { q.take(now) }
		if !q.Flow.Ready(ms) {
			at = max(at, q.Flow.Until)
		}
	}
	at = max(at, budget.readyAt(now))
	switch {
	case at <= ms:
		take()
		return nil, 0
	case at-ms > s.cfg.LongWait.Milliseconds():
		return &provider.Answer{Class: provider.Throttled, Code: decision.ProviderThrottled.String(), WaitMS: at - ms}, 0
	}
	return nil, at
}
