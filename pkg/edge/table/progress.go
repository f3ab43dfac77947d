package table

import (
	"maps"
	"time"
)

// partition is one partition of a followed topic.
type partition struct {
	topic  string
	number int32
}

// maxTargets bounds how many end-offset queries wait to be reached. The oldest
// is kept, so that a topic that never rests cannot starve freshness, and so is
// the newest.
const maxTargets = 8

// target is the answer to one end-offset query.
type target struct {
	asked time.Time
	ends  map[partition]int64
}

// progress compares positions with the ends that were asked for. It is pure:
// the follower feeds it.
type progress struct {
	positions map[partition]int64
	// settled are the positions as of the last answer. The next query begins
	// after it, so its ends must be at or above them; the positions of now may
	// already be past an answer that was on its way.
	settled map[partition]int64
	targets []target
}

func newProgress() *progress { return &progress{positions: map[partition]int64{}} }

// advance notes that everything below next has been applied.
func (p *progress) advance(at partition, next int64) {
	if next > p.positions[at] {
		p.positions[at] = next
	}
}

// ask adds the answer to a query.
func (p *progress) ask(t target) {
	if len(p.targets) == maxTargets {
		p.targets = append(p.targets[:1], p.targets[2:]...)
	}
	p.targets = append(p.targets, t)
}

// reached returns the newest query whose ends have all been reached, and
// forgets it and every older one.
func (p *progress) reached() (asked time.Time, ok bool) {
	for i := len(p.targets) - 1; i >= 0; i-- {
		if p.at(p.targets[i]) {
			asked = p.targets[i].asked
			p.targets = append([]target(nil), p.targets[i+1:]...)
			return asked, true
		}
	}
	return time.Time{}, false
}

func (p *progress) at(t target) bool {
	for at, end := range t.ends {
		if p.positions[at] < end {
			return false
		}
	}
	return true
}

// beyond finds a partition that had been read past its end before the query
// for it was sent: the topic was deleted and made anew, or lost records, and
// what is in memory is not its content.
func (p *progress) beyond(ends map[partition]int64) (partition, bool) {
	for at, position := range p.settled {
		if end, known := ends[at]; !known || position > end {
			return at, true
		}
	}
	p.settled = maps.Clone(p.positions)
	return partition{}, false
}
