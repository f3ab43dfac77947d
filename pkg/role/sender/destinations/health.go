package destinations

import (
	"cmp"
	"context"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender/flow"
)

// Happening describes an answer to a flow: how many events it was about, and
// how many of them are invalid.
func (s *Set) Happening(d *Destination, a *provider.Answer, events, invalid int, now int64) flow.Happening {
	return flow.Happening{
		Class: a.Class, Detail: a.Message, Fix: s.deps.Fix(a.Code, a.Subcode), WaitMS: a.WaitMS, Usage: a.Usage, Events: events, Invalid: invalid,
		Observed: max(d.rate.perSecond(now), float64(events)), Jitter: s.deps.Random(), ProbeEveryMS: s.cfg.ProbeEvery.Milliseconds(),
	}
}

// Advance moves a destination's flow on. It says whether the destination is
// blocked now, so that what waits for it has to be parked.
func (s *Set) Advance(ctx context.Context, d *Destination, h flow.Happening, now int64) (park bool) {
	was := d.Flow.Mode
	var action flow.Action
	d.Flow, action = flow.Next(d.Flow, h, now)
	if was != flow.Open && d.Flow.Mode == flow.Open {
		d.OpenSince = now
	}
	switch action {
	case flow.Healed:
		s.unblock(ctx, d, now)
	case flow.RereadSecret:
		d.Epoch++
		s.deps.Credentials.Forget(d.ID)
	case flow.Park:
		s.deps.Log.WarnContext(ctx, "sender: destination blocked, its deliveries are parked",
			"destination", d.ID, "reason", d.Flow.Cause.String(), "message", d.Flow.Detail, "fix", cmp.Or(h.Fix, d.Flow.Cause.Info().Fix))
	}
	return action == flow.Park
}

// Accept takes the answer that n events were accepted. It says, as Advance
// does, whether what waits has to be parked.
func (s *Set) Accept(ctx context.Context, d *Destination, a *provider.Answer, n int, now int64) (park bool) {
	d.rate.add(n, now)
	d.FailingSince = 0
	was := s.lastSuccess
	s.lastSuccess = now
	park = s.Advance(ctx, d, s.Happening(d, a, n, 0, now), now)
	if q := d.quota; q != nil {
		q.Flow, _ = flow.Next(q.Flow, s.Happening(d, a, n, 0, now), now)
	}
	s.unblockOutage(d, was, now)
	return park
}

// Throttle takes the answer that nothing may go before a time: the quota's
// where the destination shares one.
func (s *Set) Throttle(ctx context.Context, d *Destination, a *provider.Answer, events int, now int64) (park bool) {
	h := s.Happening(d, a, events, 0, now)
	if d.throttleQuota(h, now) {
		return false
	}
	return s.Advance(ctx, d, h, now)
}

// unblock lets everything that was parked before come back.
func (s *Set) unblock(ctx context.Context, d *Destination, now int64) {
	d.WantsEvent = false
	s.HealthySince = max(s.HealthySince, now)
	s.deps.Log.InfoContext(ctx, "sender: destination is healthy again, parked deliveries come back", "destination", d.ID)
}

// unblockOutage ends the waits of an outage that is over: the first success
// after everything failed lets the others try within two seconds instead of
// minutes.
func (s *Set) unblockOutage(healthy *Destination, lastSuccess, now int64) {
	for _, d := range s.byID {
		if d == healthy || d.Flow.Mode != flow.Waiting || d.Flow.Cause != decision.ProviderUnavailable || d.FailingSince <= lastSuccess {
			continue
		}
		d.Flow.Until = min(d.Flow.Until, now+int64(s.deps.Random()*2000))
	}
}

// AllFail says whether, as far as is known, it is the whole provider: nobody
// was sent to successfully since this destination began to fail.
func (s *Set) AllFail(d *Destination) bool {
	return d.FailingSince > 0 && s.lastSuccess < d.FailingSince
}

// Learn takes over what a job has seen of its destination: the resource, the
// secret's version, and when the secret ends.
func (s *Set) Learn(d *Destination, endpoint *resource.Endpoint, version string, ends int64) {
	if endpoint != nil && endpoint.Destination != nil {
		s.describe(d, endpoint)
	}
	if version != "" {
		d.secret, d.ends = version, ends
	}
}

// describe joins a destination with its resource.
func (s *Set) describe(d *Destination, endpoint *resource.Endpoint) {
	d.spec = endpoint.Destination
	if q, shared := endpoint.Account.(provider.Quotas); shared {
		name := q.Quota()
		if name == "" {
			name = "secret " + d.spec.Secret // credentials without a project of their own have their issuer's
		}
		if d.quota == nil || d.quota.Name != name {
			if s.quotas[name] == nil {
				s.quotas[name] = &Quota{Name: name}
			}
			d.quota = s.quotas[name]
		}
	}
	s.SetRates(d, s.deps.Now())
}
