package cluster

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
)

// ask asks the cluster for offsets.
func (c *Cluster) ask(ctx context.Context, question func(context.Context, *kadm.Client, ...string) (reader.Offsets, error), topics ...string) (reader.Offsets, error) {
	admin, err := c.Admin(ctx)
	if err != nil {
		return nil, err
	}
	return question(ctx, admin, topics...)
}

// Starts are the offsets of the first records that topics still hold.
func (c *Cluster) Starts(ctx context.Context, topics ...string) (reader.Offsets, error) {
	return c.ask(ctx, reader.Starts, topics...)
}

// StableEnds are the offsets up to which no transaction is open.
func (c *Cluster) StableEnds(ctx context.Context, topics ...string) (reader.Offsets, error) {
	return c.ask(ctx, reader.StableEnds, topics...)
}

// AtTime are the offsets of the first records of a time or later.
func (c *Cluster) AtTime(ctx context.Context, at time.Time, topics ...string) (reader.Offsets, error) {
	return c.ask(ctx, func(ctx context.Context, admin *kadm.Client, topics ...string) (reader.Offsets, error) {
		return reader.AtTime(ctx, admin, at, topics...)
	}, topics...)
}

// Committed is up to where a group has read.
func (c *Cluster) Committed(ctx context.Context, group string) (reader.Offsets, error) {
	admin, err := c.Admin(ctx)
	if err != nil {
		return nil, err
	}
	return reader.Committed(ctx, admin, group)
}
