package sender

import (
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/role/sender/settle"
)

// place is one topic of the provider: a lane, or a waiting place with a fixed
// delay. Waiting is a topic, so there are no timers per record: a partition's
// head is due when its append time plus the delay is over.
type place struct {
	topic  string
	name   string        // of waiting places, for metrics
	lane   decision.Lane // of lanes
	delay  int64         // ms; zero: a lane
	parked bool
	rung   int // on the retry ladder, from 1; zero: none
}

func (p *place) waits() bool { return p.delay > 0 }

// places are all topics that a sender reads.
type places struct {
	byTopic map[string]*place
	ladder  []*place // retry 1m, 10m, 1h
	parked  *place
}

var tiers = [3]string{"1m", "10m", "1h"}

func newPlaces(cfg *Config, provider string) places {
	p := places{byTopic: make(map[string]*place)}
	add := func(at *place) *place {
		p.byTopic[at.topic] = at
		return at
	}
	for _, lane := range []decision.Lane{decision.LaneRealtime, decision.LaneBatch, decision.LaneReplay} {
		add(&place{topic: cfg.Topics.Delivery(provider, lane), lane: lane})
	}
	for i, tier := range tiers {
		p.ladder = append(p.ladder, add(&place{
			topic: cfg.Topics.Retry(provider, tier), name: "retry_" + tier, delay: cfg.Delays.Retry[i].Milliseconds(), rung: i + 1,
		}))
	}
	p.parked = add(&place{topic: cfg.Topics.Parked(provider), name: "parked", delay: cfg.Delays.Parked.Milliseconds(), parked: true})
	return p
}

// called is the name of the place that an outcome's copy goes to; empty where
// it makes none.
func (p *places) called(o *settle.Outcome) string {
	switch {
	case o.Kind == settle.Ended && o.Status == decision.DeadLettered:
		return "deadletter"
	case o.Kind == settle.Later || o.Kind == settle.Parked:
		if at := p.byTopic[o.Topic]; at != nil {
			return at.name
		}
	}
	return ""
}

func (p *places) topics() []string {
	list := make([]string, 0, len(p.byTopic))
	for topic := range p.byTopic {
		list = append(list, topic)
	}
	return list
}

// forWait is the shortest waiting place that is not shorter than the wait,
// else the longest.
func (p *places) forWait(wait int64) *place {
	for _, at := range p.ladder {
		if at.delay >= wait {
			return at
		}
	}
	return p.parked
}

// next is where a delivery goes after an attempt that failed: one rung up the
// ladder, whose last rung repeats, or further where the wait is longer.
func (p *places) next(from *place, wait int64) *place {
	rung := min(from.rung, len(p.ladder)-1)
	if at := p.ladder[rung]; at.delay >= wait {
		return at
	}
	return p.forWait(wait)
}

func ms(d time.Duration) int64 { return d.Milliseconds() }
