package settle

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/topology"
)

// Config of a Settler.
type Config struct {
	Provider string
	Topics   topology.Names
	// Bypass goes on without claims while Redis is unavailable; the default
	// waits.
	Bypass bool
	// MinBackoff and MaxBackoff bound the waits between tries of what did not
	// work. Defaults 100 ms and 10 s.
	MinBackoff, MaxBackoff time.Duration
}

// producer writes records and returns when they are acknowledged.
type producer interface {
	Produce(ctx context.Context, records ...*kgo.Record) error
}

// claims are what settling does to Redis.
type claims interface {
	Mark(ctx context.Context, requests []dedup.Request) error
	Release(ctx context.Context, requests []dedup.Request) error
	Renew(ctx context.Context, requests []dedup.Request) error
	Advance(ctx context.Context, adjustments []dedup.Adjustment) error
}

// encoder writes values and headers.
type encoder interface {
	AppendDiagnostic(dst []byte, d *decision.Decision) []byte
	AppendSubmission(dst []byte, s *codec.Submission) []byte
}

// Deps of a Settler; all are required but Log.
type Deps struct {
	Producer producer
	Claims   claims
	Encoder  encoder
	Recorder gate.Recorder
	Now      func() time.Time
	Log      *slog.Logger
}

// Settler acts on outcomes. It is safe for concurrent use.
type Settler struct {
	cfg       Config
	deps      Deps
	scratches sync.Pool // of *scratch
}

// New makes a Settler.
func New(cfg Config, deps Deps) *Settler {
	if cfg.MinBackoff <= 0 {
		cfg.MinBackoff = 100 * time.Millisecond
	}
	if cfg.MaxBackoff <= 0 {
		cfg.MaxBackoff = 10 * time.Second
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	return &Settler{cfg: cfg, deps: deps}
}

// Settle carries out the outcomes of one batch and returns when every offset
// may be finished, and how many deliveries came to which end. What does not
// work is tried again until ctx ends; then nothing may be finished, and the
// deliveries are read again by whoever reads the partition next.
func (s *Settler) Settle(ctx context.Context, entries []Entry) (map[End]int, error) {
	now := s.deps.Now().UnixMilli()
	forwards := s.forwards(entries)
	if err := s.retryUntilDone(ctx, "republishing deliveries", func() error { return s.deps.Producer.Produce(ctx, forwards...) }); err != nil {
		return nil, err
	}
	if err := s.retryUntilDone(ctx, "settling claims", func() error { return s.claims(ctx, entries) }); err != nil {
		return nil, err
	}
	p := s.takeScratch(len(entries))
	s.diagnostics(p, entries, now)
	// One round trip for both. A crash before it costs a verdict at most: the
	// mark stands, and the next reader finds the delivery delivered.
	p.refs = append(p.refs, s.submissions(&p.pending)...)
	if err := s.retryUntilDone(ctx, "publishing diagnostics", func() error { return s.deps.Producer.Produce(ctx, p.refs...) }); err != nil {
		return nil, err
	}
	ends := p.ends
	s.giveScratch(p)
	return ends, nil
}

// retryUntilDone repeats one step until it works or ctx ends. Every step may be
// repeated: forwards have the same bytes and ids, claim operations change
// nothing the second time, diagnostics have the same id.
func (s *Settler) retryUntilDone(ctx context.Context, doing string, step func() error) error {
	wait := s.cfg.MinBackoff
	for {
		err := step()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.deps.Log.WarnContext(ctx, "settling deliveries: trying again", "step", doing, "error", err)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		wait = min(2*wait, s.cfg.MaxBackoff)
	}
}

// claims turns claims into marks, gives back what ended, and renews what
// waits. A batch mostly has one kind, and then it is one round trip.
func (s *Settler) claims(ctx context.Context, entries []Entry) error {
	var marks, releases, renewals []dedup.Request
	var adjusted []dedup.Adjustment
	for i := range entries {
		e := &entries[i]
		if e.KeepClaim {
			continue
		}
		switch e.Kind {
		case Delivered:
			marks = appendClaims(marks, e.Delivery)
			if e.Delivery.Adjust {
				adjusted = append(adjusted, dedup.Adjustment{
					Key: dedup.Key(e.Delivery.NewestKey), Time: time.UnixMilli(e.Delivery.Facts.EventTime), TTL: ClaimWindow(e.Delivery),
				})
			}
		case Ended:
			releases = appendClaims(releases, e.Delivery)
		case Kept: // the next attempt renews its claim
		default:
			renewals = appendClaims(renewals, e.Delivery)
		}
	}
	for _, step := range []func() error{
		func() error { return orNothing(ctx, s.deps.Claims.Mark, marks) },
		func() error { return orNothing(ctx, s.deps.Claims.Advance, adjusted) },
		func() error { return orNothing(ctx, s.deps.Claims.Release, releases) },
		func() error { return orNothing(ctx, s.deps.Claims.Renew, renewals) },
	} {
		if err := step(); err != nil {
			return s.unavailable(ctx, err)
		}
	}
	return nil
}

func orNothing[T any](ctx context.Context, do func(context.Context, []T) error, list []T) error {
	if len(list) == 0 {
		return nil
	}
	return do(ctx, list)
}

// unavailable applies the installation's choice.
func (s *Settler) unavailable(ctx context.Context, err error) error {
	if !s.cfg.Bypass {
		return err
	}
	s.deps.Log.WarnContext(ctx, "settling without claims: Redis is unavailable and dedup.on_unavailable is bypass", "error", err)
	return nil
}

// appendClaims appends the claims of a delivery: one, or two at a destination
// that also deduplicates by transaction. They share one fate.
func appendClaims(dst []dedup.Request, d *decision.Delivery) []dedup.Request {
	r := dedup.Request{Key: dedup.Key(d.ClaimKey), Owner: dedup.Owner(d.ClaimOwner), TTL: ClaimWindow(d)}
	dst = append(dst, r)
	if d.AlsoKey != ([16]byte{}) {
		r.Key = dedup.Key(d.AlsoKey)
		dst = append(dst, r)
	}
	return dst
}

// defaultWindow is a claim's life where a delivery does not say.
const defaultWindow = 9 * 24 * time.Hour

// ClaimWindow is how long the claim of a delivery lives.
func ClaimWindow(d *decision.Delivery) time.Duration {
	if d.ClaimWindowMS <= 0 {
		return defaultWindow
	}
	return time.Duration(d.ClaimWindowMS) * time.Millisecond
}
