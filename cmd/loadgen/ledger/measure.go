package ledger

import (
	"fmt"
	"slices"
	"time"

	"github.com/sluicehq/sluice/cmd/loadgen/traffic"
)

// mostMemory is the resident memory that a role may use, as in the goals.
const mostMemory = 512 << 20

// mostSockets is far above what a role needs, and far below a leak.
const mostSockets = 400

// bounded is I10.
func (l *Ledger) bounded() Check {
	c := Check{ID: "I10", What: "memory and sockets stay bounded"}
	var highest Usage
	for name, u := range l.resources {
		c.Looked++
		highest = Usage{max(highest.RSS, u.RSS), max(highest.Sockets, u.Sockets)}
		if u.RSS > mostMemory || u.Sockets > mostSockets {
			c.fail("%s used %d MiB and %d sockets", name, u.RSS>>20, u.Sockets)
		}
	}
	c.Detail = fmt.Sprintf("at most %d MiB and %d sockets", highest.RSS>>20, highest.Sockets)
	return c
}

// slowest is the p99 that a neighbour may have on a machine that does other
// things too, whatever its normal one is.
const slowest = 10 * time.Second

// neighbours is I11: deliveries of a customer whose destination works, while
// another customer's does not.
func (l *Ledger) neighbours(seen map[target]*sightings) Check {
	c := Check{ID: "I11", What: "one failing destination leaves the others' p99 below twice normal"}
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
		for _, m := range l.marks {
			if w.at.Before(m.From) || w.at.After(m.To) {
				continue
			}
			if m.Quiet {
				quiet = append(quiet, took)
			} else if m.Neighbour {
				trouble = append(trouble, took)
			}
		}
	}
	c.Looked = len(trouble)
	normal, then := p99(quiet), p99(trouble)
	c.Detail = fmt.Sprintf("p99 %.2f s normally (%d), %.2f s beside a failing destination (%d)", normal.Seconds(), len(quiet), then.Seconds(), len(trouble))
	if len(trouble) > 0 && then > max(2*normal, slowest) {
		c.fail("%s", c.Detail)
	}
	return c
}

func p99(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[(len(all)*99)/100]
}
