package sender

import (
	"cmp"
	"context"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender/flow"
	"github.com/sluicehq/sluice/pkg/role/sender/settle"
)

// advance moves a destination's flow on and does what the flow asks for.
func (l *loop) advance(ctx context.Context, d *destination, h flow.Happening, now int64) {
	was := d.flow.Mode
	var action flow.Action
	d.flow, action = flow.Next(d.flow, h, now)
	if was != flow.Open && d.flow.Mode == flow.Open {
		d.openSince = now
	}
	switch action {
	case flow.Healed:
		l.healed(ctx, d, now)
	case flow.Park:
		l.deps.Log.WarnContext(ctx, "sender: destination blocked, its deliveries are parked",
			"destination", d.id, "reason", d.flow.Cause.String(), "message", d.flow.Detail, "fix", cmp.Or(h.Fix, d.flow.Cause.Info().Fix))
		l.put(d, l.drain(d), l.parked(d))
	case flow.RereadSecret:
		d.epoch++
		l.worker.credentials.forget(d.id)
	}
}

// parked is the outcome of a delivery whose destination is blocked.
func (l *loop) parked(d *destination) settle.Outcome {
	return settle.Outcome{Kind: settle.Parked, Reason: d.flow.Cause, Detail: d.flow.Detail, Topic: l.places.parked.topic}
}

// refused: the credentials or the configuration. The secret is read again
// once, because a rotated one is the common cause; then the destination is
// blocked at once.
func (l *loop) refused(ctx context.Context, d *destination, j *job, r *result, now int64) {
	h := l.happening(d, r.answer, 0, 0, now)
	if r.answer.Code == decision.CredentialsMissing.String() {
		h.Cause = decision.CredentialsMissing
	}
	l.advance(ctx, d, h, now)
	if d.flow.Mode != flow.Blocked {
		l.repeatLater(d, j, r.left)
		return
	}
	o := l.parked(d)
	o.Evidence = evidence(r.answer)
	for _, it := range r.left {
		l.end(ctx, it.entry(&o))
	}
}

// knock deals with a delivery for a blocked destination: where a probe is due
// and only a real event can be one, it is the probe; else it is parked.
func (l *loop) knock(ctx context.Context, d *destination, it *item, now int64) {
	if d.flow.Ready(now) && !d.probing && (d.wantsEvent || d.flow.Cause == decision.ProviderRejected) && l.hold <= now {
		d.wantsEvent = false
		l.send(ctx, &job{key: it.key(), lane: it.delivery.Lane, items: []*item{it}}, l.deps.Now())
		return
	}
	l.put(d, []*item{it}, l.parked(d))
}

// healed lets everything that was parked before come back.
func (l *loop) healed(ctx context.Context, d *destination, now int64) {
	d.wantsEvent = false
	l.healthySince = max(l.healthySince, now)
	l.deps.Log.InfoContext(ctx, "sender: destination is healthy again, parked deliveries come back", "destination", d.id)
}

// watch looks, from time to time, whether resources or secrets have changed,
// and starts the probes that are due.
func (l *loop) watch(ctx context.Context, now int64) {
	switch {
	case l.watching || l.draining:
		return
	case now < l.nextWatch:
		l.at(l.nextWatch)
		return
	}
	l.watching = true
	references := make(map[string]string, len(l.destinations))
	for id, d := range l.destinations {
		if d.flow.Mode == flow.Blocked && d.spec != nil {
			references[id] = d.spec.Secret
		}
	}
	l.spawn(func() func() {
		view, err := l.deps.Tables.Await(ctx)
		versions := make(map[string]string, len(references))
		for id, reference := range references {
			if _, version, err := l.deps.Secrets.Resolve(reference); err == nil {
				versions[id] = version
			}
		}
		return func() {
			l.watching = false
			l.nextWatch = l.deps.Now().UnixMilli() + ms(l.cfg.WatchEvery)
			if err == nil {
				l.looked(ctx, view.Resources(), versions)
			}
		}
	})
}

// looked compares what was found with what is known.
func (l *loop) looked(ctx context.Context, set *resource.Set, versions map[string]string) {
	now := l.deps.Now().UnixMilli()
	changed := set.Version() != l.resources
	l.resources = set.Version()
	for _, d := range l.destinations {
		if changed {
			l.compare(ctx, d, set, now)
		}
		d.described = true
		if version, ok := versions[d.id]; ok && version != d.secret {
			if d.secret != "" || d.flow.Cause == decision.CredentialsMissing {
				d.flow = flow.Touch(d.flow, now)
				d.epoch++
				l.worker.credentials.forget(d.id)
			}
			d.secret = version
		}
		if d.flow.Mode == flow.Blocked && d.flow.Ready(now) && !d.probing && !d.wantsEvent && d.flow.Cause != decision.ProviderRejected {
			l.probe(ctx, d)
		}
		l.tell(ctx, d, now)
	}
	l.offer(ctx, now)
}

// probe asks a blocked destination whether it would take deliveries again. The
// question is a request like any other to the project that pays for it: it is
// counted, and waits for the next look where the project's budget is used up.
func (l *loop) probe(ctx context.Context, d *destination) {
	now := l.deps.Now()
	if q := d.quota; q != nil {
		if !q.flow.Ready(now.UnixMilli()) || q.bucket.readyAt(now) > now.UnixMilli() {
			return
		}
		q.take(now)
	}
	d.probing = true
	l.start(ctx, d, &job{key: batcherKey{Destination: d.id}, intent: toProbe})
}

// compare takes note of a destination's resource. A change may be what the
// destination was waiting for: a blocked one is probed, and what was parked
// because it was paused or invalid comes back.
func (l *loop) compare(ctx context.Context, d *destination, set *resource.Set, now int64) {
	endpoint, ok := set.Destination(d.id)
	if !ok || endpoint.Destination == nil {
		d.spec = nil
		return
	}
	was := d.spec
	l.describeAs(d, endpoint)
	if was == nil || was.Hash == d.spec.Hash {
		return
	}
	if d.flow.Mode == flow.Blocked {
		d.flow = flow.Touch(d.flow, now)
		return
	}
	l.healed(ctx, d, now)
}

// offer gives blocked destinations that can only be tried with a real event
// one from the parked deliveries, where no new one has come.
func (l *loop) offer(ctx context.Context, now int64) {
	for _, p := range l.partitions {
		if !p.place.parked || l.isLeaving(p.at) {
			continue
		}
		for i, it := range p.queue {
			d := l.destination(it.destination())
			if d.flow.Mode == flow.Blocked && d.flow.Ready(now) && !d.probing && (d.wantsEvent || d.flow.Cause == decision.ProviderRejected) {
				p.queue = append(p.queue[:i:i], p.queue[i+1:]...)
				l.knock(ctx, d, it, now)
				l.fetching(p)
				break
			}
		}
	}
}

// learn takes over what a job has seen of its destination.
func (l *loop) learn(d *destination, r *result) {
	if r.endpoint != nil && r.endpoint.Destination != nil {
		l.describeAs(d, r.endpoint)
	}
	if r.version != "" {
		d.secret, d.ends = r.version, r.ends
	}
}

// describeAs joins a destination with its resource.
func (l *loop) describeAs(d *destination, endpoint *resource.Endpoint) {
	d.spec = endpoint.Destination
	if q, shared := endpoint.Account.(provider.Quotas); shared {
		name := q.Quota()
		if name == "" {
			name = "secret " + d.spec.Secret // credentials without a project of their own have their issuer's
		}
		if d.quota == nil || d.quota.name != name {
			if l.quotas[name] == nil {
				l.quotas[name] = &quota{name: name}
			}
			d.quota = l.quotas[name]
		}
	}
	l.rates(d, l.deps.Now())
}

// refreshMS is how often an unchanged status is written again, so that
// readers can tell a healthy sender from one that is gone.
const refreshMS = 5 * 60_000

// tell publishes a destination's status where it has changed.
func (l *loop) tell(ctx context.Context, d *destination, now int64) {
	mode := d.flow.Mode
	if mode == flow.Waiting && d.flow.Ready(now) {
		mode = flow.Open
	}
	word := mode.String() + " " + d.flow.Cause.String()
	if mode == flow.Open {
		word = mode.String()
	}
	if d.telling || (word == d.told && d.flow.HealthySince == d.toldHealthy && now-d.toldAt < refreshMS) {
		return
	}
	if !strings.HasPrefix(d.told, mode.String()) {
		d.since = now
	}
	s := codec.DestinationStatus{
		DestinationID: d.id, Sender: l.cfg.Instance, Provider: l.deps.Provider.Name(), State: mode.String(),
		Since: d.since, HealthySince: d.flow.HealthySince, UpdatedAt: now, Rate: d.flow.Rate, Parked: d.parked,
		CredentialExpires: d.ends,
	}
	if d.spec != nil {
		s.CustomerID = d.spec.Customer
	}
	if mode != flow.Open {
		s.Reason, s.Message, s.Until = d.flow.Cause, d.flow.Detail, d.flow.Until
	}
	record := &kgo.Record{
		Topic: l.cfg.Topics.DestinationStatus(), Key: []byte(d.id + "/" + l.cfg.Instance),
		Value: l.deps.Encoder.AppendDestinationStatus(nil, &s),
	}
	d.telling = true
	healthy := d.flow.HealthySince
	l.spawn(func() func() {
		err := l.deps.Producer.Produce(ctx, record)
		return func() {
			d.telling = false
			if err != nil {
				l.deps.Log.WarnContext(ctx, "sender: publishing a destination's status failed, trying again", "destination", d.id, "error", err)
				return
			}
			d.told, d.toldAt, d.toldHealthy = word, now, healthy
		}
	})
}
