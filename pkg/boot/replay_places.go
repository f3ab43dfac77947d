package boot

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
	"github.com/sluicehq/sluice/pkg/edge/unready"
	"github.com/sluicehq/sluice/pkg/ops/deadletter"
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
		topics = deadletter.Topics(e.Names, providers)
	default:
		for _, p := range providers {
			for _, lane := range []decision.Lane{decision.LaneRealtime, decision.LaneBatch, decision.LaneReplay} {
				topics = append(topics, e.Names.Delivery(p, lane))
			}
		}
	}
	if err := e.Cluster.RequireTopics(ctx, topics...); err != nil {
		return nil, err
	}
	from, err := e.Cluster.AtTime(ctx, d.Since, topics...)
	if err != nil {
		return nil, err
	}
	ends, err := e.Cluster.StableEnds(ctx, topics...)
	if err != nil {
		return nil, err
	}
	if d.From == replay.FromEvents {
		routed, err := e.Cluster.Committed(ctx, e.Config.Router.Group)
		if err != nil {
			return nil, err
		}
		ends = earliest(ends, routed)
	}
	if !d.Until.IsZero() {
		until, err := e.Cluster.AtTime(ctx, d.Until, topics...)
		if err != nil {
			return nil, err
		}
		ends = earliest(ends, until)
	}
	// Never nil: a replay of nothing has begun too.
	places := []codec.StatePlace{}
	for p, end := range ends {
		if begin := from[p]; begin < end {
			places = append(places, codec.StatePlace{Topic: p.Topic, Partition: p.Number, From: begin, Position: begin, End: end})
		}
	}
	slices.SortFunc(places, func(a, b codec.StatePlace) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
	return places, nil
}

// earliest are the smaller offsets of partitions that both name: of a partition
// that a group has not committed, nothing was read yet.
func earliest(a, b reader.Offsets) reader.Offsets {
	out := reader.Offsets{}
	for p, offset := range a {
		if other, ok := b[p]; ok {
			out[p] = min(offset, other)
		}
	}
	return out
}

// claimsNotReady says what to do about claims that cannot be relied on.
func (e *Env) claimsNotReady(err error) error {
	return &unready.Error{
		What: "claims cannot be relied on (Redis at " + e.Config.Redis.Address + ")", Err: err,
		Fix: "start Redis, or correct redis.address (--redis); a new or emptied one is made ready by the roles, or by `sluice claims rebuild`",
	}
}
