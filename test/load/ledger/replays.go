package ledger

import "github.com/sluicehq/sluice/test/load/traffic"

// JudgeReplays checks that replays have sent exactly what was missed: each once,
// to its end at the provider, and nothing besides. A run without replays has
// nothing to look at.
func (l *Ledger) JudgeReplays() Check {
	requests := l.w.Record.From(0)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.missed(l.atProviders(requests))
}

func (l *Ledger) missed(seen map[target]*sightings) Check {
	c := Check{ID: "replay", What: "replays sent exactly what was missed, once"}
	accounts := traffic.Accounts()
	for at, w := range l.written {
		for mapping, expect := range w.item.Expect {
			p := pair{at, mapping}
			f := l.fate(p)
			if f.again == 0 && !expect.Missed {
				continue
			}
			c.Looked++
			s := seen[l.target(accounts[mapping], w.item)]
			switch {
			case !expect.Missed:
				c.fail("%s was not missed, and replayed %d times", l.name(p), f.again)
			case f.again != 1:
				c.fail("%s was missed, and replayed %d times", l.name(p), f.again)
			case f.againEnds["delivered delivered"] == 0:
				c.fail("%s was replayed and ended as %v", l.name(p), f.againEnds)
			case s == nil || s.accepted != 1:
				c.fail("%s was replayed, and the provider does not have it once", l.name(p))
			}
		}
	}
	return c
}
