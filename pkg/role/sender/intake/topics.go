package intake

import (
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/role/sender/settle"
)

// Topic is one topic of the provider: a lane, or a retry topic with a fixed
// delay. Waiting is a topic, so there are no timers per record: a partition's
// head is due when its append time plus the delay is over.
type Topic struct {
	Name   string
	label  string        // of retry topics, for metrics
	lane   decision.Lane // of lanes
	delay  int64         // ms; zero: a lane
	Parked bool
	tier   int // of the backoff schedule, from 1; zero: none
}

// Delayed says whether records wait in the topic before they are due.
func (t *Topic) Delayed() bool { return t.delay > 0 }

// DelayMS is for how long they wait, in milliseconds.
func (t *Topic) DelayMS() int64 { return t.delay }

// Topics are all topics that a sender reads.
type Topics struct {
	byName map[string]*Topic
	retry  []*Topic // 1m, 10m, 1h: the backoff schedule
	Parked *Topic
}

// Delays are the fixed delays of the retry topics.
type Delays struct {
	Retry  [3]time.Duration // of the topics retry.<provider>.1m, 10m and 1h
	Parked time.Duration
}

// Tiers name the retry topics.
var Tiers = [3]string{"1m", "10m", "1h"}

// NewTopics gives the topics of a provider.
func NewTopics(names topology.Names, delays Delays, provider string) Topics {
	t := Topics{byName: make(map[string]*Topic)}
	add := func(topic *Topic) *Topic {
		t.byName[topic.Name] = topic
		return topic
	}
	for _, lane := range []decision.Lane{decision.LaneRealtime, decision.LaneBatch, decision.LaneReplay} {
		add(&Topic{Name: names.Delivery(provider, lane), lane: lane})
	}
	for i, tier := range Tiers {
		t.retry = append(t.retry, add(&Topic{
			Name: names.Retry(provider, tier), label: "retry_" + tier, delay: delays.Retry[i].Milliseconds(), tier: i + 1,
		}))
	}
	t.Parked = add(&Topic{Name: names.Parked(provider), label: "parked", delay: delays.Parked.Milliseconds(), Parked: true})
	return t
}

// Label names, for metrics, the topic that an outcome's delivery is republished
// to; empty where it is to none.
func (t *Topics) Label(o *settle.Outcome) string {
	switch {
	case o.Kind == settle.Ended && o.Status == decision.DeadLettered:
		return "deadletter"
	case o.Kind == settle.Later || o.Kind == settle.Parked:
		if topic := t.byName[o.Topic]; topic != nil {
			return topic.label
		}
	}
	return ""
}

func (t *Topics) names() []string {
	list := make([]string, 0, len(t.byName))
	for name := range t.byName {
		list = append(list, name)
	}
	return list
}

// ForWait is the retry topic with the shortest delay that is not shorter than
// the wait, else the parked topic.
func (t *Topics) ForWait(wait int64) *Topic {
	for _, topic := range t.retry {
		if topic.delay >= wait {
			return topic
		}
	}
	return t.Parked
}

// Next is where a delivery goes after an attempt that failed: the next retry
// tier, whose last one repeats, or further where the wait is longer.
func (t *Topics) Next(from *Topic, wait int64) *Topic {
	tier := min(from.tier, len(t.retry)-1)
	if topic := t.retry[tier]; topic.delay >= wait {
		return topic
	}
	return t.ForWait(wait)
}
