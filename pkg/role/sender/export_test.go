package sender

// Handover is a rebalance that takes one partition away while a commit is on
// its way, as the loop sees it.
type Handover struct {
	loop *loop
	done chan offsets
	at   spot
}

// NewHandover begins one: of a partition that has something to commit, or of
// one that is lost.
func NewHandover(next int64, lost bool) *Handover {
	h := &Handover{at: spot{"topic", 0}, done: make(chan offsets, 1)}
	h.loop = &loop{deps: Deps{}.withDefaults(), partitions: map[spot]*partition{}, committing: true}
	h.loop.partitions[h.at] = &partition{at: h.at, commit: next, window: h.loop.window(1)}
	h.loop.moved(moved{spots: []spot{h.at}, gone: true, lost: lost, done: h.done})
	return h
}

// Committed ends the commit that was on its way.
func (h *Handover) Committed() { h.loop.committing = false }

// Step lets the loop do what it can, at a time in epoch milliseconds. It says
// whether the partition has been handed over, and what is committed last;
// zero: nothing.
func (h *Handover) Step(now int64) (next int64, over bool) {
	h.loop.leave(now)
	select {
	case last := <-h.done:
		return last[h.at.topic][h.at.partition].Offset, true
	default:
		return 0, false
	}
}
