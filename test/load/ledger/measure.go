package ledger

import (
	"fmt"
	"slices"
	"time"

	"github.com/sluicehq/sluice/test/load/traffic"
)

// mostMemory is the resident memory that a role may use, as in the goals.
const mostMemory = 512 << 20

// mostSockets and mostGoroutines are far above what a role needs, and far below
// a leak.
const (
	mostSockets    = 400
	mostGoroutines = 2000
)

// bounded is I10.
func (l *Ledger) bounded() Check {
	c := Check{ID: "I10", What: "memory, goroutines and sockets stay bounded"}
	var highest Usage
	for name, u := range l.resources {
		c.Looked++
		highest = highest.most(u)
		if u.RSS > mostMemory || u.Sockets > mostSockets || u.Goroutines > mostGoroutines {
			c.fail("%s used %d MiB, %d goroutines and %d sockets", name, u.RSS>>20, u.Goroutines, u.Sockets)
		}
	}
	c.Detail = fmt.Sprintf("at most %d MiB, %d goroutines, %d sockets", highest.RSS>>20, highest.Goroutines, highest.Sockets)
	return c
}

// noticeable is the p99 that a neighbour may have on a machine that does other
// things too, whatever its normal one is. It is shorter than a destination is in
// trouble, so that a neighbour who waits for its end is found.
const noticeable = 4 * time.Second

// neighbours is I11: deliveries of a customer whose destination works, while
// another customer's does not.
func (l *Ledger) neighbours(seen map[target]*sightings) Check {
	c := Check{ID: "I11", What: fmt.Sprintf("one failing destination leaves the others' p99 below twice normal, or below %v", noticeable)}
	account := traffic.Accounts()[traffic.MappingNeighbor]
	var quiet, trouble []time.Duration
	for _, w := range l.written {
		if _, ok := w.item.Expect[traffic.MappingNeighbor]; !ok || w.item.Never {
			continue
		}
		s := seen[l.target(account, w.item)]
		if s == nil || s.accepted == 0 {
			continue
		}
		taken := s.taken()
		if len(taken) == 0 {
			continue
		}
		took := taken[0].Answered.Sub(w.at)
		switch beside, broken := l.during(w.at, taken[0].Answered); {
		case beside:
			trouble = append(trouble, took)
		case !broken:
			quiet = append(quiet, took)
		}
	}
	c.Looked = len(trouble)
	normal, then := p99(quiet), p99(trouble)
	c.Detail = fmt.Sprintf("p99 %.2f s normally (%d), %.2f s beside a failing destination (%d)", normal.Seconds(), len(quiet), then.Seconds(), len(trouble))
	if len(trouble) > 0 && then > max(2*normal, noticeable) {
		c.fail("%s", c.Detail)
	}
	return c
}

// during tells whether a delivery began while another customer's destination was
// in trouble, and nothing else was broken while it lasted, or not healed yet;
// and whether anything was broken.
func (l *Ledger) during(from, to time.Time) (beside, broken bool) {
	otherwise := false
	for _, m := range l.marks {
		if m.Quiet {
			continue
		}
		overlaps := from.Before(m.Healed) && to.After(m.From)
		beside = beside || m.Neighbour && !from.Before(m.From) && !from.After(m.To)
		otherwise = otherwise || overlaps && !m.Neighbour
		broken = broken || overlaps
	}
	return beside && !otherwise, broken
}

func p99(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[(len(all)*99)/100]
}
