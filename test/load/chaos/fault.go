package chaos

import (
	"cmp"
	"context"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/sluicehq/sluice/test/load/ledger"
	"github.com/sluicehq/sluice/test/load/world"
)

// fault is one thing that goes wrong and is mended again.
type fault struct {
	name string
	// of is what it breaks; two faults at once break different things.
	of string
	// alone: it waits for everything to be worked off, which another fault would
	// hold up.
	alone bool
	// needs tells whether these services can do it; nil: all can.
	needs func(*world.World) bool
	// neighbour: only destinations of the shop are in trouble.
	neighbour bool
	// decide is how long decisions may take afterwards; zero: decideWithin.
	decide time.Duration
	// takes is about how long it lasts: a run does not begin what it cannot end.
	takes time.Duration
	run   func(ctx context.Context, b *bench) error
}

// bench is what a fault works with.
type bench struct {
	w      *world.World
	fleet  *fleet
	ledger *ledger.Ledger
	writer *writer
	rng    *rand.Rand
	say    func(format string, args ...any)
}

// wait waits, unless the run ends first.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// pick chooses one.
func pick[T any](rng *rand.Rand, all []T) T { return all[rng.IntN(len(all))] }

// millis is a random time between two numbers of milliseconds.
func millis(rng *rand.Rand, from, to int) time.Duration {
	return time.Duration(from+rng.IntN(to-from+1)) * time.Millisecond
}

func embedded(w *world.World) bool { return w.Embedded != nil }

// faults is every fault there is.
func faults() []fault {
	var all []fault
	for _, group := range []struct {
		of   string
		list []fault
	}{
		{"processes", processFaults()}, {"brokers", brokerFaults()}, {"stores", storeFaults()},
		{"topics", topicFaults()}, {"providers", providerFaults()}, {"ways", partitionFaults()},
	} {
		for _, f := range group.list {
			f.of = group.of
			all = append(all, f)
		}
	}
	return all
}

// plan gives the faults of a run in the order of its seed, for ever: a new
// round begins when all have had their turn. About every third time it gives
// two, which go wrong at once.
func plan(seed uint64, list []fault) func() []fault {
	rng := rand.New(rand.NewPCG(seed, 0x706c616e))
	var order []int
	return func() []fault {
		if len(order) == 0 {
			order = rng.Perm(len(list))
		}
		step := []fault{list[order[0]]}
		order = order[1:]
		if rng.IntN(3) > 0 {
			return step
		}
		for i, n := range order {
			if step[0].with(list[n]) {
				order = append(order[:i:i], order[i+1:]...)
				return append(step, list[n])
			}
		}
		return step
	}
}

// with tells whether two faults can go wrong at once.
func (f *fault) with(other fault) bool { return !f.alone && !other.alone && f.of != other.of }

// possible are the faults of a step that these services can do and that end in
// time.
func possible(step []fault, w *world.World, left time.Duration) []fault {
	var out []fault
	for _, f := range step {
		if (f.needs == nil || f.needs(w)) && f.takes < left {
			out = append(out, f)
		}
	}
	return out
}

// together is how a step is called, how long decisions may take after it, and
// whether only destinations of the shop are in trouble.
func together(step []fault) (name string, decide time.Duration, neighbour bool) {
	names := make([]string, len(step))
	neighbour = true
	for i, f := range step {
		names[i] = f.name
		decide = max(decide, cmp.Or(f.decide, decideWithin))
		neighbour = neighbour && f.neighbour
	}
	return strings.Join(names, " and "), decide, neighbour
}
