package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// sweepEvery is how often what everybody has read is deleted. The embedded
// broker keeps every record in memory; a real one has disks.
const sweepEvery = time.Second

// ahead is how many events may wait in the input topic: a real cluster's
// backlog costs it nothing, the embedded one's is our memory.
const ahead = 30_000

// sweep deletes what router, senders and the accounting have all read, so that
// a demo of any length runs in the memory of a short one.
func (s *stage) sweep(ctx context.Context, ledger *Ledger) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := s.sweepOnce(ctx, ledger); err != nil && ctx.Err() == nil {
				return err
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
		read, err := admin.FetchOffsets(ctx, group)
		if err != nil {
			return fmt.Errorf("asking what %s has read: %w", group, err)
		}
		for _, topic := range topics {
			for p, o := range read[topic] {
				if at := min(o.At, ledger.At(place{topic, p})); at > 0 {
					gone.AddOffset(topic, p, at, -1)
				}
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
		if at := ledger.At(place{s.env.Names.Diagnostics(), p}); at > 0 {
			gone.AddOffset(s.env.Names.Diagnostics(), p, at, -1)
		}
	}
	if _, err := admin.DeleteRecords(ctx, gone); err != nil {
		return fmt.Errorf("deleting what everybody has read: %w", err)
	}
	return nil
}
