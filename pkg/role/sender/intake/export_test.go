package intake

import (
	"context"
	"log/slog"
	"time"

	"github.com/sluicehq/sluice/pkg/role/sender/settle"
	"github.com/sluicehq/sluice/pkg/role/sender/tasks"
)

// Handover is a rebalance that takes one partition away while a commit is on
// its way, as the owner sees it.
type Handover struct {
	intake *Intake
	done   chan Offsets
	at     topicPartition
}

// NewHandover begins one: of a partition that has something to commit, or of
// one that is lost.
func NewHandover(next int64, lost bool) *Handover {
	h := &Handover{at: topicPartition{"topic", 0}, done: make(chan Offsets, 1)}
	h.intake = New(Config{}, Deps{Tasks: tasks.New(time.Now), Now: time.Now, Log: slog.New(slog.DiscardHandler)}, idle{})
	h.intake.commits.underWay = true
	h.intake.partitions.assign(h.at, &Topic{}, 1)
	h.intake.partitions.byAt[h.at].commit = next
	h.intake.Rebalanced(Rebalance{partitions: []topicPartition{h.at}, revoked: true, lost: lost, done: h.done})
	return h
}

// Committed ends the commit that was on its way.
func (h *Handover) Committed() { h.intake.commits.underWay = false }

// Step lets the intake do what it can, at a time in epoch milliseconds. It says
// whether the partition has been handed over, and what is committed last;
// zero: nothing.
func (h *Handover) Step(now int64) (next int64, over bool) {
	h.intake.HandOver(now)
	select {
	case last := <-h.done:
		return last[h.at.topic][h.at.partition].Offset, true
	default:
		return 0, false
	}
}

// idle is a handler that has nothing to do.
type idle struct{}

func (idle) Admit(context.Context, *Item, int64) {}
func (idle) End(*Item, *settle.Outcome)          {}
func (idle) Release(*Item)                       {}
func (idle) Revoked()                            {}
func (idle) Busy() bool                          { return false }
