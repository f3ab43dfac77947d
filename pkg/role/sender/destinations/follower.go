package destinations

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/table"
	"github.com/sluicehq/sluice/pkg/role/sender/flow"
)

// statuses reads records of the destination status topic.
type statuses interface {
	Decode(ctx context.Context, value []byte, dst *codec.DestinationStatus) error
}

// StatusFollower follows the destination status topic: a destination that
// became healthy anywhere lets parked deliveries come back everywhere, and a
// destination that this sender had blocked before it was restarted is not
// tried with one more request that must fail.
type StatusFollower struct {
	Provider string
	Instance string
	Statuses statuses
	// Updates take what was read, until Over is closed.
	Updates chan<- StatusUpdate
	Over    <-chan struct{}
	// Since is when this process began, epoch ms: its own later records are no
	// news.
	Since int64
}

// StatusUpdate is one record of the topic.
type StatusUpdate struct {
	status codec.DestinationStatus
	// own: this sender wrote it before it was restarted.
	own bool
}

var _ table.Sink = (*StatusFollower)(nil)

// Reset implements table.Sink. Every record may be read twice.
func (f *StatusFollower) Reset() {}

// Publish implements table.Sink.
func (f *StatusFollower) Publish() {}

// Apply implements table.Sink.
func (f *StatusFollower) Apply(ctx context.Context, r *kgo.Record) error {
	if r.Value == nil {
		return nil
	}
	var u StatusUpdate
	if err := f.Statuses.Decode(ctx, r.Value, &u.status); err != nil {
		return err
	}
	u.own = u.status.Sender == f.Instance
	if u.status.Provider != f.Provider || (u.own && u.status.UpdatedAt >= f.Since) {
		return nil
	}
	select {
	case f.Updates <- u:
	case <-f.Over:
	case <-ctx.Done():
	}
	return nil
}

// OnStatus takes over what a sender published about a destination.
func (s *Set) OnStatus(u *StatusUpdate) {
	s.HealthySince = max(s.HealthySince, u.status.HealthySince)
	now := s.deps.Now().UnixMilli()
	if d := s.byID[u.status.DestinationID]; d != nil && d.Flow.Mode == flow.Blocked && healedSince(d, u) {
		d.Flow = flow.Touch(d.Flow, now) // worth a probe
	}
	fresh := now-u.status.UpdatedAt < 3*refreshMS
	if !u.own || !fresh || u.status.Until <= now || u.status.Reason == decision.ReasonNone {
		return
	}
	d := s.Get(u.status.DestinationID)
	if d.Flow.Mode != flow.Open || d.Flow.HealthySince > u.status.UpdatedAt {
		return // this process knows better
	}
	switch u.status.State {
	case flow.Blocked.String():
		d.Flow = flow.Block(d.Flow, u.status.Reason, u.status.Message, u.status.Until)
	case flow.Waiting.String():
		d.Flow.Mode, d.Flow.Until, d.Flow.Cause, d.Flow.Detail = flow.Waiting, u.status.Until, u.status.Reason, u.status.Message
	}
}

// healedSince tells whether a blocked destination has become healthy since:
// elsewhere, or here before the restart. The topic still has both of this
// sender's records, that it blocked the destination and that it healed, until
// it is compacted; without the second one the first would park for an hour what
// can be sent.
func healedSince(d *Destination, u *StatusUpdate) bool {
	if u.own {
		return u.status.State == flow.Open.String()
	}
	return u.status.HealthySince > d.since
}
