package sender

import "github.com/sluicehq/sluice/pkg/edge/kafka/window"

// Memory is bounded by not fetching. Half of Config.WindowBytes is shared
// equally by all partitions, waiting places included, and the other half
// belongs to whoever needs it: a partition that is over its share goes on
// fetching until that half is taken. Most of them are empty most of the time,
// and one that is paused throws away what its client has fetched ahead, so a
// backlog in few partitions would be fetched several times over.

// minBudget is what a partition may hold however many there are.
const minBudget = 256 << 10

// window makes that of one of so many partitions that are coming. Of its share
// one destination may hold half.
func (l *loop) window(coming int) *window.Window {
	budget := l.cfg.WindowBytes / 2 / max(1, len(l.partitions)+coming)
	return window.New(window.Config{MaxBytes: max(minBudget, budget), Share: 2})
}

// press notes bytes that were taken, or (negative) are done with.
func (l *loop) press(bytes int) {
	l.bytes += bytes
	free := l.cfg.WindowBytes / 2
	crowded := l.bytes >= free || l.crowded && l.bytes > free/2
	if crowded == l.crowded {
		return
	}
	l.crowded = crowded
	for _, p := range l.partitions {
		l.fetching(p)
	}
}

// fetching pauses or resumes a partition: bytes are bounded by not fetching,
// and never by blocking the group.
func (l *loop) fetching(p *partition) {
	pause, resume := p.window.Pressure()
	p.full = (p.full || pause) && !resume
	p.idle = len(p.queue) > 0
	if want := p.full && l.crowded || p.idle; want != p.paused && l.partitions[p.at] == p {
		p.paused = want
		one := map[string][]int32{p.at.topic: {p.at.partition}}
		if want {
			l.reader.client.PauseFetchPartitions(one)
		} else {
			l.reader.client.ResumeFetchPartitions(one)
		}
	}
}
