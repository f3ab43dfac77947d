package chaos

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/sluicehq/sluice/test/load/ledger"
	"github.com/sluicehq/sluice/test/load/world"
)

// fault is one thing that goes wrong and is mended again.
type fault struct {
	name string
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
	for _, list := range [][]fault{processFaults(), brokerFaults(), storeFaults(), topicFaults(), providerFaults()} {
		all = append(all, list...)
	}
	return all
}

// plan gives the faults of a run in the order of its seed, for ever: a new
// round begins when all have had their turn.
func plan(seed uint64, list []fault) func() fault {
	rng := rand.New(rand.NewPCG(seed, 0x706c616e))
	var order []int
	return func() fault {
		if len(order) == 0 {
			order = rng.Perm(len(list))
		}
		next := list[order[0]]
		order = order[1:]
		return next
	}
}
