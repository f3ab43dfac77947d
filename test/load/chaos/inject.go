package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/sluicehq/sluice/test/load/ledger"
)

// inject lets one fault or two at once happen, ends them, and waits until what
// waited is worked off, and a second more of events: after a fault that stops
// the writer nothing waits, and roles that stand still would go unnoticed.
func (r *run) inject(ctx context.Context, step []fault, number uint64) error {
	name, decide, neighbour := together(step)
	r.say("%s", name)
	r.broken.Store(true)
	defer r.broken.Store(false)
	from := time.Now()
	r.faults = append(r.faults, name)
	limited, cancel := context.WithDeadline(ctx, r.end.Add(-r.scaled(settleAtLeast)))
	defer cancel()
	err := r.happen(limited, step, number)
	if limited.Err() != nil && ctx.Err() == nil {
		r.unhealed = append(r.unhealed, fmt.Sprintf("%s: it went on until the run had to end (%v)", name, err))
		return nil
	}
	if err != nil {
		return err
	}
	cleared := time.Now()
	problem := r.recover(limited, cleared.Add(time.Second), cleared, decide)
	r.ledger.Mark(ledger.Interval{Name: name, From: from, To: cleared, Healed: time.Now(), Neighbour: neighbour})
	if problem != "" {
		r.unhealed = append(r.unhealed, name+": "+problem)
		r.say("  not recovered: %s", problem)
		return nil
	}
	took := time.Since(cleared)
	if took > r.recovery {
		r.recovery, r.slowest = took, name
	}
	r.say("  recovered within %.1f s", took.Seconds())
	return nil
}

// happen lets the faults of a step go wrong, the second a moment after the first.
func (r *run) happen(ctx context.Context, step []fault, number uint64) error {
	errs := make([]error, len(step))
	var all sync.WaitGroup
	for i, f := range step {
		b := &bench{
			w: r.w, fleet: r.fleet, ledger: r.ledger, writer: r.writer, rng: rand.New(rand.NewPCG(r.o.Seed, number+1+uint64(i)<<32)),
			say: func(format string, args ...any) { r.say("  "+format, args...) },
		}
		later := time.Duration(i) * millis(b.rng, 100, 2000)
		all.Go(func() {
			wait(ctx, later)
			if err := f.run(ctx, b); err != nil {
				errs[i] = fmt.Errorf("injecting %s: %w", f.name, err)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// recover waits until everything that was written before a time is decided,
// sent, or where it should wait, and says what is not in time.
func (r *run) recover(ctx context.Context, before, from time.Time, decide time.Duration) (problem string) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for time.Now().Before(before) || r.ledger.Written() == 0 || r.ledger.Pending(before) > 0 {
		over := ctx.Err() != nil
		if n := r.ledger.Undecided(before); n > 0 && (over || r.late(from, decide)) {
			return fmt.Sprintf("%d pairs from before its end are not decided after %.0f s", n, time.Since(from).Seconds())
		}
		if over || r.late(from, recoverWithin) {
			return fmt.Sprintf("%d pairs from before its end are not delivered after %.0f s", r.ledger.Pending(before), time.Since(from).Seconds())
		}
		if err := r.fleet.learnLost(r.writer.topic); err != nil {
			r.say("%v", err)
		}
		<-tick.C
	}
	return ""
}
