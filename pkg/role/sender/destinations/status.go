package destinations

import (
	"context"
	"sort"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/role/sender/flow"
)

// refreshMS is how often an unchanged status is written again, so that
// readers can tell a healthy sender from one that is gone.
const refreshMS = 5 * 60_000

// publishStatus publishes a destination's status where it has changed.
func (s *Set) publishStatus(ctx context.Context, d *Destination, now int64) {
	held := d.Held(now)
	said := said{held.Mode, held.Cause, held.Until, d.Flow.HealthySince, d.ends}
	p := &d.published
	if p.underWay || (said == p.said && now-p.at < refreshMS) {
		return
	}
	if p.at == 0 || p.said.mode != held.Mode {
		d.since = now
	}
	record := &kgo.Record{
		Topic: s.cfg.StatusTopic, Key: []byte(d.ID + "/" + s.cfg.Instance),
		Value: s.deps.Encoder.AppendDestinationStatus(nil, d.record(&s.cfg, held, now)),
	}
	p.underWay = true
	s.deps.Tasks.Spawn(func() func() {
		err := s.deps.Producer.Produce(ctx, record)
		return func() {
			p.underWay = false
			if err != nil {
				s.deps.Log.WarnContext(ctx, "sender: publishing a destination's status failed, trying again", "destination", d.ID, "error", err)
				return
			}
			p.said, p.at = said, now
		}
	})
}

// Held is the flow that holds requests back now: the destination's own, or
// that of the quota which it shares. It is open where neither does; a wait that
// is over is none.
func (d *Destination) Held(now int64) flow.State {
	held := d.Flow
	if q := d.quota; q != nil && d.Flow.Mode != flow.Blocked && q.Flow.Mode == flow.Waiting && q.Flow.Until > max(now, held.Until) {
		held = q.Flow
	}
	if held.Mode == flow.Waiting && held.Ready(now) {
		held.Mode = flow.Open
	}
	if held.Mode == flow.Open {
		held.Cause, held.Detail, held.Until = decision.ReasonNone, "", 0
	}
	return held
}

// record describes the destination as of now.
func (d *Destination) record(cfg *Config, held flow.State, now int64) *codec.DestinationStatus {
	out := &codec.DestinationStatus{
		DestinationID: d.ID, Sender: cfg.Instance, Provider: cfg.Provider, State: held.Mode.String(),
		Since: d.since, HealthySince: d.Flow.HealthySince, UpdatedAt: now, Rate: d.Flow.Rate, Parked: d.Parked,
		CredentialExpires: d.ends, Reason: held.Cause, Message: held.Detail, Until: held.Until,
	}
	if d.spec != nil {
		out.CustomerID = d.spec.Customer
	}
	return out
}

// Requests are those of a destination that are in flight.
func (d *Destination) Requests() int { return d.inFlight }

// List gives all destinations, by id.
func (s *Set) List() []*Destination {
	list := make([]*Destination, 0, len(s.byID))
	for _, d := range s.byID {
		list = append(list, d)
	}
	sort.Slice(list, func(i, k int) bool { return list[i].ID < list[k].ID })
	return list
}

// Quotas gives all quotas, by name.
func (s *Set) Quotas() []*Quota {
	list := make([]*Quota, 0, len(s.quotas))
	for _, q := range s.quotas {
		list = append(list, q)
	}
	sort.Slice(list, func(i, k int) bool { return list[i].Name < list[k].Name })
	return list
}
