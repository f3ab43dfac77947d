package ledger

import (
	"fmt"
	"math/bits"
	"net/http"
	"slices"
	"time"

	"github.com/sluicehq/sluice/test/load/traffic"
	"github.com/sluicehq/sluice/test/load/world"
)

// target is one id at one account.
type target struct{ provider, destination, id string }

// sightings are what a provider's stand-in saw of one id.
type sightings struct {
	// accepted and refused are the stand-in's own record; a copy is an
	// acceptance after the first.
	accepted, refused int
	requests          []world.Request
}

func (l *Ledger) target(a traffic.Account, item *traffic.Item) target {
	id := traffic.ID(item.N)
	if item.Event != nil {
		id = item.Event.ID
		if a.ByTransaction {
			id = item.Event.Commerce.TransactionID
		}
	}
	return target{a.Provider, a.Destination, id}
}

// atProviders joins the requests with the stand-ins' own record.
func (l *Ledger) atProviders(requests []world.Request) map[target]*sightings {
	seen := map[target]*sightings{}
	for _, r := range requests {
		if !r.Events {
			continue
		}
		for _, id := range r.IDs {
			t := target{r.Provider, r.Destination, id}
			if seen[t] == nil {
				seen[t] = &sightings{}
			}
			seen[t].requests = append(seen[t].requests, r)
		}
	}
	names := map[[2]string]string{} // what the account counts
	for _, a := range traffic.Accounts() {
		names[[2]string{a.Provider, a.Destination}] = a.Target
	}
	for t, s := range seen {
		what := names[[2]string{t.provider, t.destination}]
		count := l.w.Sandbox.Event(t.provider, t.destination, what, t.id)
		s.accepted, s.refused = count.Accepted, count.Refused
		slices.SortFunc(s.requests, func(a, b world.Request) int { return a.At.Compare(b.At) })
	}
	return seen
}

// taken are the requests that a provider took, or may have taken.
func (s *sightings) taken() []world.Request {
	var all []world.Request
	for _, r := range s.requests {
		if r.Status == http.StatusOK && !r.Denied || r.Doubtful {
			all = append(all, r)
		}
	}
	return all
}

// copies is I4: each copy at a provider needs an excuse, which is a process
// that died, stood still or was cut off between the answer and the mark, or an
// answer that was lost.
func (l *Ledger) copies(r *Report, seen map[target]*sightings) Check {
	c := Check{ID: "I4", What: "a second copy at a provider only after a kill, a pause or a lost answer"}
	for t, s := range seen {
		c.Looked++
		if s.accepted < 2 {
			continue
		}
		r.ProviderDuplicates += s.accepted - 1
		taken := s.taken()
		for i := 1; i < len(taken); i++ {
			if !l.excused(taken[i-1], taken[i]) {
				r.Unexcused++
				c.fail("%s at %s %s: sent by %s at %s and again by %s at %s", t.id, t.provider, t.destination,
					taken[i-1].Slot, clock(taken[i-1].At), taken[i].Slot, clock(taken[i].At))
			}
		}
	}
	c.Detail = fmt.Sprintf("%d copies, all but %d explained", r.ProviderDuplicates, r.Unexcused)
	return c
}

// grace is how long after an answer its mark may still be missing: a process
// that was asked to stop, or that waits for Redis, has it in hand.
const grace = 6 * time.Second

func (l *Ledger) excused(first, second world.Request) bool {
	if first.Doubtful {
		return true
	}
	for _, o := range l.outages {
		if o.Slot != "" && o.Slot != first.Slot {
			continue
		}
		ends := o.To
		if ends.IsZero() {
			ends = time.Now()
		}
		if o.From.Before(first.Answered.Add(grace)) && ends.After(first.At) && o.From.Before(second.At) {
			return true
		}
	}
	return false
}

func clock(t time.Time) string { return t.Format("15:04:05.000") }

// late is how long a revocation may take until no request contains the
// subject.
const late = 5 * time.Second

// revoked is I7.
func (l *Ledger) revoked(requests []world.Request) Check {
	c := Check{ID: "I7", What: "no request contains a subject who refused, or revoked 5 s before"}
	never, changed := map[string]bool{}, map[string]time.Time{}
	for _, w := range l.written {
		if w.item.Event == nil {
			continue
		}
		ids := []string{w.item.Event.ID, w.item.Event.Commerce.TransactionID}
		for _, id := range ids {
			if w.item.Never && id != "" {
				never[id] = true
			}
			if at, ok := l.consents[w.item.Event.ID]; ok && w.item.Revokes {
				changed[id] = at
			}
		}
	}
	for _, r := range requests {
		for _, id := range r.IDs {
			c.Looked++
			at, isChanged := changed[id]
			switch {
			case never[id]:
				c.fail("%s was sent to %s although nobody allowed it", id, r.Provider)
			case isChanged && r.At.Sub(at) > late:
				c.fail("%s was sent to %s by %s %.1f s after its subject's revocation was readable", id, r.Provider, r.Slot, r.At.Sub(at).Seconds())
			}
		}
	}
	return c
}

// metaLimit is how old an event may be at Meta.
const metaLimit = 7 * 24 * time.Hour

// tooOld is I8.
func (l *Ledger) tooOld(requests []world.Request) Check {
	c := Check{ID: "I8", What: "nothing older than the provider's limit is sent"}
	for _, r := range requests {
		if r.Provider != "meta" {
			continue
		}
		for i, at := range r.Times {
			c.Looked++
			if age := r.At.Sub(at); age > metaLimit {
				c.fail("%s was sent %.1f days after it happened", r.IDs[i], age.Hours()/24)
			}
		}
	}
	return c
}

// canaries is I9.
func (l *Ledger) canaries(requests []world.Request) Check {
	c := Check{ID: "I9", What: "no raw identifier in a log, metric, diagnostic, header, delivery or request", Looked: l.records + len(requests)}
	for _, leak := range l.leaks {
		c.fail("%s", leak)
	}
	for _, r := range requests {
		if r.Leak != "" {
			c.fail("%s in a request to %s", r.Leak, r.Provider)
		}
	}
	return c
}

// early is how far the clocks of a request's two ends may differ, and how long
// a request that was on its way may take.
const early = 400 * time.Millisecond

// waited is I13, for each process: what another one was told it learns from
// its own answer.
func (l *Ledger) waited(requests []world.Request) Check {
	c := Check{ID: "I13", What: "no request before the time that the provider named"}
	for i, told := range requests {
		if told.RetryAfter == 0 || !told.Events {
			continue
		}
		c.Looked++
		until := told.Answered.Add(told.RetryAfter - early)
		for _, r := range requests[i+1:] {
			same := r.Events && r.Slot == told.Slot && r.Provider == told.Provider && (r.Destination == told.Destination || r.Provider == "google")
			if !same || l.restarted(told.Slot, told.At, r.At) {
				continue
			}
			if r.At.After(told.Answered.Add(early)) && r.At.Before(until) {
				c.fail("%s was asked to wait %v and sent to %s %s again after %.1f s", told.Slot, told.RetryAfter, r.Provider, r.Destination, r.At.Sub(told.Answered).Seconds())
			}
		}
	}
	return c
}

// restarted tells whether a process was a new one in between.
func (l *Ledger) restarted(slot string, from, to time.Time) bool {
	return slices.ContainsFunc(l.outages, func(o Outage) bool {
		return o.Slot == slot && o.From.After(from.Add(-grace)) && o.From.Before(to)
	})
}

// isolated is I14: the bad event of a request is found within the bound on
// requests. That its neighbours are delivered is part of I2.
func (l *Ledger) isolated(seen map[target]*sightings) Check {
	c := Check{ID: "I14", What: "a bad event is isolated within 2·ceil(log2 n)+1 further requests"}
	attempts := map[target]int{} // by replays; each finds it anew
	for r := range l.replays {
		if w, known := l.written[r.at]; known {
			attempts[l.target(traffic.Accounts()[r.mapping], w.item)]++
		}
	}
	for t, s := range seen {
		if s.refused == 0 {
			continue
		}
		c.Looked++
		biggest, refusals := 0, 0
		for _, r := range s.requests {
			if r.Status >= 400 && r.Status < 500 && r.Status != http.StatusTooManyRequests {
				biggest = max(biggest, len(r.IDs))
				refusals++
			}
		}
		bound := (2*bits.Len(uint(max(biggest-1, 0))) + 2) * (1 + attempts[t])
		first, last := s.requests[0], s.requests[len(s.requests)-1]
		if refusals > bound && !slices.ContainsFunc(l.outages, func(o Outage) bool { return o.From.Before(last.At) && (o.To.IsZero() || o.To.After(first.At)) }) {
			c.fail("%s at %s was in %d refused requests of up to %d events (bound %d)", t.id, t.provider, refusals, biggest, bound)
		}
	}
	return c
}
