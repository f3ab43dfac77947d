package destinations

import (
	"context"
	"sort"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/role/sender/flow"
)

// refreshMS is how often an unchanged status is written again, so that
// readers can tell a healthy sender from one that is gone.
const refreshMS = 5 * 60_000

// publishStatus publishes a destination's status where it has changed.
func (s *Set) publishStatus(ctx context.Context, d *Destination, now int64) {
	mode := d.Flow.Mode
	if mode == flow.Waiting && d.Flow.Ready(now) {
		mode = flow.Open
	}
	text := mode.String() + " " + d.Flow.Cause.String()
	if mode == flow.Open {
		text = mode.String()
	}
	p := &d.published
	if p.underWay || (text == p.text && d.Flow.HealthySince == p.healthy && now-p.at < refreshMS) {
		return
	}
	if !strings.HasPrefix(p.text, mode.String()) {
		d.since = now
	}
	record := &kgo.Record{
		Topic: s.cfg.StatusTopic, Key: []byte(d.ID + "/" + s.cfg.Instance),
		Value: s.deps.Encoder.AppendDestinationStatus(nil, d.record(&s.cfg, mode, now)),
	}
	p.underWay = true
	healthy := d.Flow.HealthySince
	s.deps.Tasks.Spawn(func() func() {
		err := s.deps.Producer.Produce(ctx, record)
		return func() {
			p.underWay = false
			if err != nil {
				s.deps.Log.WarnContext(ctx, "sender: publishing a destination's status failed, trying again", "destination", d.ID, "error", err)
				return
			}
			p.text, p.at, p.healthy = text, now, healthy
		}
	})
}

// record describes the destination as of now.
func (d *Destination) record(cfg *Config, mode flow.Mode, now int64) *codec.DestinationStatus {
	out := &codec.DestinationStatus{
		DestinationID: d.ID, Sender: cfg.Instance, Provider: cfg.Provider, State: mode.String(),
		Since: d.since, HealthySince: d.Flow.HealthySince, UpdatedAt: now, Rate: d.Flow.Rate, Parked: d.Parked,
		CredentialExpires: d.ends,
	}
	if d.spec != nil {
		out.CustomerID = d.spec.Customer
	}
	if mode != flow.Open {
		out.Reason, out.Message, out.Until = d.Flow.Cause, d.Flow.Detail, d.Flow.Until
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
