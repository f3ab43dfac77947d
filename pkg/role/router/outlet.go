package router

import (
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/topology"
)

// Outlets are the topics that a router writes. Names are built once, because
// building one for every record would cost an allocation each.
type Outlets struct {
	Diagnostics, Hold, DeadEvents, SubjectKeys string
	// Delivery by provider, then lane.
	Delivery map[string]map[decision.Lane]string
}

// NewOutlets names every topic.
func NewOutlets(names topology.Names, providers []string) Outlets {
	o := Outlets{
		Diagnostics: names.Diagnostics(), Hold: names.Hold(), DeadEvents: names.DeadEvents(), SubjectKeys: names.SubjectKeys(),
		Delivery: make(map[string]map[decision.Lane]string, len(providers)),
	}
	for _, p := range providers {
		o.Delivery[p] = map[decision.Lane]string{}
		for _, lane := range []decision.Lane{decision.LaneBatch, decision.LaneRealtime, decision.LaneReplay} {
			o.Delivery[p][lane] = names.Delivery(p, lane)
		}
	}
	return o
}
