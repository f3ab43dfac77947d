package boot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/role/replay"
)

// replayPlaces are the ranges that a replay reads, settled when it begins. Of
// the input topic it reads no further than the router has: what is behind that
// is on its way already.
func (e *Env) replayPlaces(ctx context.Context, d *replay.Definition) ([]codec.StatePlace, error) {
	var topics []string
	providers := slices.Sorted(maps.Keys(e.Providers()))
	switch d.From {
	case replay.FromEvents:
		topics = []string{e.Config.Topics.Input}
	case replay.FromDeadLetters:
		topics = e.deadLetterTopics()
	default:
		for _, p := range providers {
			for _, lane := range []decision.Lane{decision.LaneRealtime, decision.LaneBatch, decision.LaneReplay} {
				topics = append(topics, e.Names.Delivery(p, lane))
			}
		}
	}
	if err := e.RequireTopics(ctx, topics...); err != nil {
		return nil, err
	}
	admin, err := e.Admin(ctx)
	if err != nil {
		return nil, err
	}
	from, err := offsetsAt(ctx, admin, max(d.Since.UnixMilli(), 0), topics)
	if err != nil {
		return nil, err
	}
	ends, err := admin.ListCommittedOffsets(ctx, topics...)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("asking where the topics end: %w", err)
	}
	if d.From == replay.FromEvents {
		if ends, err = e.routed(ctx, admin, ends); err != nil {
			return nil, err
		}
	}
	if !d.Until.IsZero() {
		until, err := offsetsAt(ctx, admin, d.Until.UnixMilli(), topics)
		if err != nil {
			return nil, err
		}
		ends = earliest(ends, until)
	}
	// Never nil: a replay of nothing has begun too.
	places := []codec.StatePlace{}
	ends.Each(func(end kadm.ListedOffset) {
		begin := from[end.Topic][end.Partition].Offset
		if begin < end.Offset {
			places = append(places, codec.StatePlace{Topic: end.Topic, Partition: end.Partition, From: begin, Position: begin, End: end.Offset})
		}
	})
	return places, nil
}

// deadLetterTopics are those of the router and of every provider's sender.
func (e *Env) deadLetterTopics() []string {
	topics := []string{e.Names.DeadEvents()}
	for _, p := range slices.Sorted(maps.Keys(e.Providers())) {
		topics = append(topics, e.Names.DeadDeliveries(p))
	}
	return topics
}

// offsetsAt are the first offsets of records written at a time (epoch ms) or
// later; the end where there are none.
func offsetsAt(ctx context.Context, admin *kadm.Client, at int64, topics []string) (kadm.ListedOffsets, error) {
	offsets, err := admin.ListOffsetsAfterMilli(ctx, at, topics...)
	if err == nil {
		err = offsets.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("finding a time in the topics: %w", err)
	}
	return offsets, nil
}

// routed are the ends, or how far the router has committed where that is
// earlier.
func (e *Env) routed(ctx context.Context, admin *kadm.Client, ends kadm.ListedOffsets) (kadm.ListedOffsets, error) {
	committed, err := e.routedTo(ctx, admin)
	if err != nil {
		return nil, err
	}
	out := kadm.ListedOffsets{}
	ends.Each(func(o kadm.ListedOffset) {
		c, ok := committed.Lookup(o.Topic, o.Partition)
		if !ok {
			return // nothing of it was routed yet
		}
		o.Offset = min(o.Offset, c.At)
		set(out, o)
	})
	return out, nil
}

// routedTo is what the router's group has committed; nothing where there is no
// such group yet.
func (e *Env) routedTo(ctx context.Context, admin *kadm.Client) (kadm.OffsetResponses, error) {
	committed, err := admin.FetchOffsets(ctx, e.Config.Router.Group)
	if errors.Is(err, kerr.GroupIDNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("asking how far the router has read: %w", err)
	}
	return committed, nil
}

func earliest(a, b kadm.ListedOffsets) kadm.ListedOffsets {
	out := kadm.ListedOffsets{}
	a.Each(func(o kadm.ListedOffset) {
		if other, ok := b.Lookup(o.Topic, o.Partition); ok {
			o.Offset = min(o.Offset, other.Offset)
		}
		set(out, o)
	})
	return out
}

func set(offsets kadm.ListedOffsets, o kadm.ListedOffset) {
	if offsets[o.Topic] == nil {
		offsets[o.Topic] = map[int32]kadm.ListedOffset{}
	}
	offsets[o.Topic][o.Partition] = o
}

// claimsNotReady says what to do about claims that cannot be relied on.
func (e *Env) claimsNotReady(err error) error {
	return &NotReadyError{
		What: "claims cannot be relied on (Redis at " + e.Config.Redis.Address + ")", Err: err,
		Fix: "start Redis, or correct redis.address (--redis); a new or emptied one is made ready by the roles, or by `sluice claims rebuild`",
	}
}
