package destinations

import (
	"context"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/role/sender/flow"
)

// probes are how blocked destinations are tried.
type probes interface {
	// Probe asks a blocked destination whether it would take deliveries again.
	Probe(ctx context.Context, d *Destination)
	// Offer gives blocked destinations that only a real event can try one of
	// those that are parked.
	Offer(ctx context.Context, now int64)
}

// Watch looks, from time to time, whether resources or secrets have changed,
// and starts the probes that are due.
func (s *Set) Watch(ctx context.Context, now int64, by probes) {
	switch {
	case s.watching || s.draining:
		return
	case now < s.nextWatch:
		s.deps.Tasks.At(s.nextWatch)
		return
	}
	s.watching = true
	references := make(map[string]string, len(s.byID))
	for id, d := range s.byID {
		// A blocked destination goes on with a new secret. The end of one that a
		// person has renewed is over for every sender, also without deliveries.
		if (d.Flow.Mode == flow.Blocked || d.ends > 0) && d.spec != nil {
			references[id] = d.spec.Secret
		}
	}
	s.deps.Tasks.Spawn(func() func() {
		view, err := s.deps.Tables.Await(ctx)
		versions := make(map[string]string, len(references))
		for id, reference := range references {
			if _, version, err := s.deps.Secrets.Resolve(reference); err == nil {
				versions[id] = version
			}
		}
		return func() {
			s.watching = false
			s.nextWatch = s.deps.Now().UnixMilli() + s.cfg.WatchEvery.Milliseconds()
			if err == nil {
				(&look{s, by, view.Resources(), s.deps.Now().UnixMilli()}).compareAll(ctx, versions)
			}
		}
	})
}

// look is one look at the resources and secrets of today.
type look struct {
	set   *Set
	by    probes
	today *resource.Set
	now   int64
}

// compareAll compares what was found with what is known.
func (l *look) compareAll(ctx context.Context, versions map[string]string) {
	s := l.set
	changed := l.today.Version() != s.resources
	s.resources = l.today.Version()
	for _, d := range s.byID {
		if changed {
			l.compare(ctx, d)
		}
		d.Described = true
		if version, ok := versions[d.ID]; ok && version != d.secret {
			if d.secret != "" || d.Flow.Cause == decision.CredentialsMissing {
				d.Flow = flow.Touch(d.Flow, l.now)
				d.Epoch++
				s.deps.Credentials.Forget(d.ID)
			}
			d.secret, d.ends = version, 0
		}
		if d.Flow.Mode == flow.Blocked && d.Flow.Ready(l.now) && !d.Probing && !d.WantsEvent && d.Flow.Cause != decision.ProviderRejected {
			l.tryProbe(ctx, d)
		}
		s.publishStatus(ctx, d, l.now)
	}
	l.by.Offer(ctx, l.now)
}

// tryProbe starts a probe. It is a request like any other to the project that
// pays for it: it is counted, and waits for the next look where the project's
// budget is used up.
func (l *look) tryProbe(ctx context.Context, d *Destination) {
	now := l.set.deps.Now()
	if q := d.quota; q != nil {
		if !q.Flow.Ready(now.UnixMilli()) || q.bucket.readyAt(now) > now.UnixMilli() {
			return
		}
		q.take(now)
	}
	d.Probing = true
	l.by.Probe(ctx, d)
}

// compare takes note of a destination's resource. A change may be what the
// destination was waiting for: a blocked one is probed, and what was parked
// because it was paused or invalid comes back.
func (l *look) compare(ctx context.Context, d *Destination) {
	endpoint, ok := l.today.Destination(d.ID)
	if !ok || endpoint.Destination == nil {
		d.spec = nil
		return
	}
	was := d.spec
	l.set.describe(d, endpoint)
	if was == nil || was.Hash == d.spec.Hash {
		return
	}
	if d.Flow.Mode == flow.Blocked {
		d.Flow = flow.Touch(d.Flow, l.now)
		return
	}
	l.set.unblock(ctx, d, l.now)
}
