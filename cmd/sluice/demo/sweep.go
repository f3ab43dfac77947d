package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
)

// sweepEvery is how often what everybody has read is deleted. The embedded
// broker keeps every record in memory; a real one has disks.
const sweepEvery = time.Second

// ahead is how many events may wait in the input topic: a real cluster's
// backlog costs it nothing, the embedded one's is our memory.
const ahead = 30_000

// sweep deletes what router, senders and the accounting have all read, so that
// a demo of any length runs in the memory of a short one.
func (s *stage) sweep(ctx context.Context, ledger *Ledger) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			// What cannot be deleted now waits for the next round.
			if err := s.sweepOnce(ctx, ledger); err != nil && ctx.Err() == nil {
				s.env.Log.Warn("the demo's topics keep what was read for longer", "error", err)
			}
		}
	}
}

func (s *stage) sweepOnce(ctx context.Context, ledger *Ledger) error {
	admin, err := s.admin()
	if err != nil {
		return err
	}
	gone := kadm.Offsets{}
	add := func(group string, topics ...string) error {
		read, err := reader.Committed(ctx, admin, group)
		if err != nil {
			return err
		}
		for p, committed := range read {
			if at := min(committed, ledger.At(p)); at > 0 && slices.Contains(topics, p.Topic) {
				gone.AddOffset(p.Topic, p.Number, at, -1)
			}
		}
		return nil
	}
	if err := add(s.env.Config.Router.Group, s.env.Config.Topics.Input); err != nil {
		return err
	}
	for _, p := range s.env.AllSenders() {
		if err := add(s.env.Config.Sender.Group+"."+p, s.deliveries()...); err != nil {
			return err
		}
	}
	for p := range int32(partitions) {
		if at := ledger.At(reader.Partition{Topic: s.env.Names.Diagnostics(), Number: p}); at > 0 {
			gone.AddOffset(s.env.Names.Diagnostics(), p, at, -1)
		}
	}
	if _, err := admin.DeleteRecords(ctx, gone); err != nil {
		return fmt.Errorf("deleting what everybody has read: %w", err)
	}
	return nil
}
