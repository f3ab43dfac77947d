package intake

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// share is this process's part of the installation's rates. Rates are those of
// an installation, not of a process: each sender takes the part that its
// partitions of the lanes are of all. Deliveries are spread over partitions by
// subject, so that is what it will have to send.
type share struct {
	total int // of the lanes' partitions, of all processes; zero: not known
	// stale: partitions came or went since.
	stale, measuring bool
}

// MeasureShare finds out, after a rebalance, how many partitions the lanes
// have, and says what this process's part of them is.
func (in *Intake) MeasureShare(ctx context.Context, say func(part float64)) {
	s := &in.share
	if s.measuring || !s.stale {
		return
	}
	s.measuring, s.stale = true, false
	var topics []string
	for name, topic := range in.cfg.Topics.byName {
		if !topic.Delayed() {
			topics = append(topics, name)
		}
	}
	in.deps.Tasks.Spawn(func() func() {
		limited, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		total := 0
		details, err := kadm.NewClient(in.Reader.client).ListTopics(limited, topics...)
		for _, topic := range details {
			total += len(topic.Partitions)
		}
		return func() {
			s.measuring = false
			if err == nil && total > 0 {
				s.total = total
			}
			say(s.of(&in.partitions))
		}
	})
}

// of is the part that these partitions are.
func (s *share) of(ps *partitions) float64 {
	owned := 0
	for _, p := range ps.byAt {
		if !p.topic.Delayed() {
			owned++
		}
	}
	if s.total > 0 && owned > 0 && owned < s.total {
		return float64(owned) / float64(s.total)
	}
	return 1
}
