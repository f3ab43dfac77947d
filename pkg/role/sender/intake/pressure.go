package intake

import "github.com/sluicehq/sluice/pkg/edge/kafka/window"

// Memory is bounded by not fetching. Half of Config.WindowBytes is shared
// equally by all partitions, those of retry topics included, and the other half
// belongs to whoever needs it: a partition that is over its share goes on
// fetching until that half is taken. Most of them are empty most of the time,
// and one that is paused throws away what its client has fetched ahead, so a
// backlog in few partitions would be fetched several times over.

// minBudget is what a partition may hold however many there are.
const minBudget = 256 << 10

// newWindow makes that of one of so many partitions that are coming. Of its
// share one destination may hold half.
func (ps *partitions) newWindow(coming int) *window.Window {
	budget := ps.windowBytes / 2 / max(1, len(ps.byAt)+coming)
	return window.New(window.Config{MaxBytes: max(minBudget, budget), Share: 2})
}

// trackBytes notes bytes that were taken, or (negative) are done with.
func (ps *partitions) trackBytes(bytes int) {
	ps.bytes += bytes
	free := ps.windowBytes / 2
	over := ps.bytes >= free || ps.overLimit && ps.bytes > free/4*3
	if over == ps.overLimit {
		return
	}
	ps.overLimit = over
	for _, p := range ps.byAt {
		ps.pauseOrResume(p)
	}
}

// pauseOrResume sets whether a partition is fetched from: bytes are bounded by
// not fetching, and never by blocking the group.
func (ps *partitions) pauseOrResume(p *partition) {
	pause, resume := p.window.Pressure()
	p.full = (p.full || pause) && !resume
	p.idle = len(p.queue) > 0
	if want := p.full && ps.overLimit || p.idle; want != p.paused && ps.byAt[p.at] == p {
		p.paused = want
		one := map[string][]int32{p.at.topic: {p.at.partition}}
		if want {
			ps.fetching.PauseFetchPartitions(one)
		} else {
			ps.fetching.ResumeFetchPartitions(one)
		}
	}
}
