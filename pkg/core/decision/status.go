// Package decision holds what Sluice says about an event: statuses, reasons,
// the facts that a gate may see again later, the decision that is published,
// and the delivery that waits to be sent.
package decision

import "fmt"

// Status is the outcome of one (event, mapping) pair at one stage.
type Status uint8

// Statuses of the router, then of the sender and the verdict loop.
const (
	StatusNone Status = iota
	Queued
	Shadowed
	Skipped
	Held
	Rejected
	Duplicate
	DeadLettered
	Delivered
	Retrying
	Parked
	Expired
	Revoked
	Confirmed
	Refused
	statusCount
)

var statusNames = [statusCount]string{
	"", "queued", "shadowed", "skipped", "held", "rejected", "duplicate", "dead_lettered",
	"delivered", "retrying", "parked", "expired", "revoked", "confirmed", "refused",
}

// String gives the word used in diagnostics, metrics and logs.
func (s Status) String() string {
	if s < statusCount {
		return statusNames[s]
	}
	return fmt.Sprintf("status(%d)", uint8(s))
}

// ParseStatus reads the word that String gives.
func ParseStatus(word string) (Status, error) {
	for i, name := range statusNames {
		if i > 0 && name == word {
			return Status(i), nil
		}
	}
	return StatusNone, fmt.Errorf("parsing status %q: not one of the statuses in docs/reasons.md", word)
}

// Statuses lists every status in order.
func Statuses() []Status {
	all := make([]Status, 0, statusCount-1)
	for s := Queued; s < statusCount; s++ {
		all = append(all, s)
	}
	return all
}

// Pending reports whether a delivery in this status still waits for its end.
func (s Status) Pending() bool {
	return s == Queued || s == Held || s == Retrying || s == Parked
}

// Stage is the part of Sluice that took a decision.
type Stage uint8

// The stages.
const (
	StageRouter Stage = iota
	StageHold
	StageReplay
	StageSender
	StageVerdict
	stageCount
)

var stageNames = [stageCount]string{"router", "hold", "replay", "sender", "verdict"}

// String gives the word used in diagnostics.
func (s Stage) String() string {
	if s < stageCount {
		return stageNames[s]
	}
	return fmt.Sprintf("stage(%d)", uint8(s))
}

// ParseStage reads the word that String gives.
func ParseStage(word string) (Stage, error) {
	for i, name := range stageNames {
		if name == word {
			return Stage(i), nil
		}
	}
	return 0, fmt.Errorf("parsing stage %q: want router, hold, replay, sender or verdict", word)
}

// Lane says how urgently a delivery is sent.
type Lane uint8

// The lanes. The zero lane is batch, the default of a mapping.
const (
	LaneBatch Lane = iota
	LaneRealtime
	LaneReplay
	laneCount
)

var laneNames = [laneCount]string{"batch", "realtime", "replay"}

// String gives the word used in topic names, resources and diagnostics.
func (l Lane) String() string {
	if l < laneCount {
		return laneNames[l]
	}
	return fmt.Sprintf("lane(%d)", uint8(l))
}

// ParseLane reads the word that String gives.
func ParseLane(word string) (Lane, error) {
	for i, name := range laneNames {
		if name == word {
			return Lane(i), nil
		}
	}
	return 0, fmt.Errorf("parsing lane %q: want realtime, batch or replay", word)
}
