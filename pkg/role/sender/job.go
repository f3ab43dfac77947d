package sender

import (
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/role/sender/batcher"
	"github.com/sluicehq/sluice/pkg/role/sender/intake"
	"github.com/sluicehq/sluice/pkg/role/sender/settle"
)

// item is one delivery between the poll and its settlement.
type item = intake.Item

// ended is an item whose outcome is decided. Items of one request mostly share
// theirs, so it is never changed.
type ended struct {
	item    *item
	outcome *settle.Outcome
}

// intent is what a job does with the deliveries that pass the checks.
type intent uint8

const (
	toSend  intent = iota
	toMove         // republish them to a retry topic
	toProbe        // ask whether the destination would take any; there are none
)

// job is one piece of work for a goroutine of its own. All its items belong
// to one destination and group.
type job struct {
	key    batcher.Key
	lane   decision.Lane
	items  []*item
	intent intent
	// outcome of toMove.
	outcome settle.Outcome
	// retried: an answer in no table was given the benefit of the doubt once.
	retried bool
	// epoch is the destination's credentials epoch when the job started.
	epoch int
	// counted: the job stands in the counts of requests in flight.
	counted bool
}

func ms(d time.Duration) int64 { return d.Milliseconds() }
