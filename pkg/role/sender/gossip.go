package sender

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/table"
	"github.com/sluicehq/sluice/pkg/role/sender/flow"
)

// gossip follows the destination status topic: a destination that became
// healthy anywhere lets parked deliveries come back everywhere, and a
// destination that this sender had blocked before it was restarted is not
// tried with one more request that must fail.
type gossip struct {
	provider string
	instance string
	decode   statuses
	tell     chan<- heard
	over     <-chan struct{}
	// since is when this process began: what it said itself after that is no
	// news.
	since int64
}

// heard is one record of the topic.
type heard struct {
	status codec.DestinationStatus
	// own: this sender said it before it was restarted.
	own bool
}

var _ table.Sink = (*gossip)(nil)

// Reset implements table.Sink. Every record may be heard twice.
func (g *gossip) Reset() {}

// Publish implements table.Sink.
func (g *gossip) Publish() {}

// Apply implements table.Sink.
func (g *gossip) Apply(ctx context.Context, r *kgo.Record) error {
	if r.Value == nil {
		return nil
	}
	var h heard
	if err := g.decode.Decode(ctx, r.Value, &h.status); err != nil {
		return err
	}
	h.own = h.status.Sender == g.instance
	if h.status.Provider != g.provider || (h.own && h.status.UpdatedAt >= g.since) {
		return nil
	}
	select {
	case g.tell <- h:
	case <-g.over:
	case <-ctx.Done():
	}
	return nil
}

// hear takes over what a sender said about a destination.
func (l *loop) hear(h heard) {
	l.healthySince = max(l.healthySince, h.status.HealthySince)
	now := l.deps.Now().UnixMilli()
	if d := l.destinations[h.status.DestinationID]; d != nil && d.flow.Mode == flow.Blocked && healedSince(d, h) {
		d.flow = flow.Touch(d.flow, now) // worth a probe
	}
	fresh := now-h.status.UpdatedAt < 3*refreshMS
	if !h.own || !fresh || h.status.Until <= now || h.status.Reason == decision.ReasonNone {
		return
	}
	d := l.destination(h.status.DestinationID)
	if d.flow.Mode != flow.Open || d.flow.HealthySince > h.status.UpdatedAt {
		return // this process knows better
	}
	switch h.status.State {
	case flow.Blocked.String():
		d.flow = flow.Block(d.flow, h.status.Reason, h.status.Message, h.status.Until)
	case flow.Waiting.String():
		d.flow.Mode, d.flow.Until, d.flow.Cause, d.flow.Detail = flow.Waiting, h.status.Until, h.status.Reason, h.status.Message
	}
}

// healedSince tells whether a blocked destination has become healthy since:
// elsewhere, or here before the restart. The topic still has both of this
// sender's words, that it blocked the destination and that it healed, until it
// is compacted; without the second one the first would park for an hour what
// can be sent.
func healedSince(d *destination, h heard) bool {
	if h.own {
		return h.status.State == flow.Open.String()
	}
	return h.status.HealthySince > d.since
}
