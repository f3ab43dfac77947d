package table

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// answer is what one query for starts and ends has found.
type answer struct {
	target target
	starts map[partition]int64
	err    error
}

// ask queries the committed ends of the topics at a steady pace.
func (f *Follower) ask(ctx context.Context, client *kgo.Client, out chan<- answer) {
	admin := kadm.NewClient(client)
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		a := f.query(ctx, admin)
		select {
		case <-ctx.Done():
			return
		case out <- a:
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (f *Follower) query(ctx context.Context, admin *kadm.Client) answer {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	a := answer{target: target{asked: time.Now()}}
	ends, err := f.list(ctx, admin.ListCommittedOffsets)
	if err != nil {
		a.err = fmt.Errorf("asking for the end of table %s: %w", f.cfg.Name, err)
		return a
	}
	// Starts after ends: a start may only have moved on since.
	starts, err := f.list(ctx, admin.ListStartOffsets)
	if err != nil {
		a.err = fmt.Errorf("asking for the start of table %s: %w", f.cfg.Name, err)
		return a
	}
	a.target.ends, a.starts = ends, starts
	return a
}

type lister func(ctx context.Context, topics ...string) (kadm.ListedOffsets, error)

func (f *Follower) list(ctx context.Context, ask lister) (map[partition]int64, error) {
	listed, err := ask(ctx, f.cfg.Topics...)
	if err != nil {
		return nil, err
	}
	for _, topic := range f.cfg.Topics {
		for _, o := range listed[topic] {
			if o.Err != nil {
				return nil, fmt.Errorf("topic %s: %w (sluice topology apply makes what is missing)", topic, o.Err)
			}
		}
		if len(listed[topic]) == 0 {
			return nil, fmt.Errorf("topic %s does not exist; run sluice topology apply", topic)
		}
		if have := len(listed[topic]); f.cfg.Partition != nil && have != f.cfg.Count {
			return nil, &PlacementError{Topic: topic, Partition: *f.cfg.Partition, Have: have, Want: f.cfg.Count}
		}
	}
	out := map[partition]int64{}
	listed.Each(func(o kadm.ListedOffset) {
		if f.cfg.Partition == nil || o.Partition == *f.cfg.Partition {
			out[partition{o.Topic, o.Partition}] = o.Offset
		}
	})
	return out, nil
}
