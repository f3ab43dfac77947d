package router

import (
	"github.com/sluicehq/sluice/pkg/codec"
	"github.com/sluicehq/sluice/pkg/decision"
	"github.com/sluicehq/sluice/pkg/topology"
)

// Outlet is a topic with the id of the schema that its values are framed with.
type Outlet struct {
	Topic  string
	Schema codec.SchemaID
}

// Outlets are the topics that a router writes. Names are built once, because
// building one for every record would cost an allocation each.
type Outlets struct {
	Diagnostics, Hold, DeadEvents Outlet
	// Delivery by provider, then lane.
	Delivery map[string]map[decision.Lane]Outlet
}

// NewOutlets names every topic and asks schema for the id of each.
func NewOutlets(names topology.Names, providers []string, schema func(topic string) codec.SchemaID) Outlets {
	outlet := func(topic string) Outlet { return Outlet{Topic: topic, Schema: schema(topic)} }
	o := Outlets{
		Diagnostics: outlet(names.Diagnostics()), Hold: outlet(names.Hold()), DeadEvents: outlet(names.DeadEvents()),
		Delivery: make(map[string]map[decision.Lane]Outlet, len(providers)),
	}
	for _, p := range providers {
		o.Delivery[p] = map[decision.Lane]Outlet{}
		for _, lane := range []decision.Lane{decision.LaneBatch, decision.LaneRealtime, decision.LaneReplay} {
			o.Delivery[p][lane] = outlet(names.Delivery(p, lane))
		}
	}
	return o
}
