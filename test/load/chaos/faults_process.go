package chaos

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/test/load/world"
)

// processFaults are what happens to processes.
func processFaults() []fault {
	return []fault{
		{name: "kill-random", takes: 5 * time.Second, run: killRandom},
		{name: "kill-after-claim", takes: 6 * time.Second, run: killAfterClaim},
		{name: "kill-before-commit", takes: 6 * time.Second, run: killBeforeCommit},
		{name: "kill-after-answer", takes: 6 * time.Second, run: killAfterAnswer},
		{name: "kill-before-answer", takes: 8 * time.Second, run: killBeforeAnswer},
		{name: "pause-beyond-session", takes: 15 * time.Second, run: pauseBeyondSession},
		{name: "pause-beyond-transaction", takes: 50 * time.Second, run: pauseBeyondTransaction},
		{name: "rebalance-storm", takes: 12 * time.Second, run: rebalanceStorm},
		{name: "rolling-restart", takes: 12 * time.Second, run: rollingRestart},
		{name: "two-with-one-transactional-id", takes: 8 * time.Second, decide: recoverWithin, run: twins},
		{name: "clock-jumps", takes: 6 * time.Second, run: clockJumps},
		{name: "memory-limit-with-backlog", takes: 14 * time.Second, run: memoryLimit},
	}
}

func killRandom(ctx context.Context, b *bench) error {
	for range 1 + b.rng.IntN(3) {
		wait(ctx, millis(b.rng, 50, 1500))
		if err := b.fleet.kill(pick(b.rng, append(append([]string(nil), routers...), senders...)), true); err != nil {
			return err
		}
	}
	return nil
}

// tapped kills a router when its talk with Redis reaches a point. at is told
// about each piece and says whether this is it.
func tapped(ctx context.Context, b *bench, at func(fromRole bool, piece []byte) bool) error {
	name := pick(b.rng, routers)
	slot, err := b.w.Slot(ctx, name, "router")
	if err != nil {
		return err
	}
	skip := int64(b.rng.IntN(4))
	var seen atomic.Int64
	point := make(chan struct{})
	slot.Tap.Watch(func(fromRole bool, piece []byte) {
		if at(fromRole, piece) && seen.Add(1) == skip+1 {
			close(point)
			// The piece is passed on only after the process is gone.
			_ = b.fleet.kill(name, true) // it is checked below by waiting
		}
	})
	defer slot.Tap.Watch(nil)
	select {
	case <-point:
	case <-time.After(5 * time.Second):
		b.say("%s did not come to the point within 5 s", name)
	case <-ctx.Done():
	}
	return nil
}

// claims tells a request that takes claims.
func claims(piece []byte) bool {
	lower := bytes.ToLower(piece)
	return bytes.Contains(lower, []byte("\r\nset\r\n")) && bytes.Contains(lower, []byte("\r\nnx\r\n"))
}

// killAfterClaim: the claims are taken, nothing is written yet.
func killAfterClaim(ctx context.Context, b *bench) error {
	var asked atomic.Bool
	return tapped(ctx, b, func(fromRole bool, piece []byte) bool {
		if fromRole {
			if claims(piece) {
				asked.Store(true)
			}
			return false
		}
		return asked.Swap(false)
	})
}

// killBeforeCommit: everything is written, and the router asks once more
// whether its claims still stand.
func killBeforeCommit(ctx context.Context, b *bench) error {
	var asked atomic.Bool
	return tapped(ctx, b, func(fromRole bool, piece []byte) bool {
		if !fromRole {
			return false
		}
		if claims(piece) {
			asked.Store(true)
			return false
		}
		return bytes.Contains(bytes.ToLower(piece), []byte("\r\nget\r\n")) && asked.Swap(false)
	})
}

// killAfterAnswer: the provider has answered, the mark is not set.
func killAfterAnswer(ctx context.Context, b *bench) error {
	point, skip := make(chan string, 1), int64(b.rng.IntN(5))
	var seen atomic.Int64
	b.w.Record.OnAnswer(func(r world.Request) {
		if seen.Add(1) == skip+1 {
			_ = b.fleet.kill(r.Slot, true) // a slot that does not run is no error
			point <- r.Slot
		}
	})
	defer b.w.Record.OnAnswer(nil)
	select {
	case <-point:
	case <-time.After(8 * time.Second):
		b.say("no request within 8 s")
	case <-ctx.Done():
	}
	return nil
}

// killBeforeAnswer: the request is on its way, and the provider will never
// process it.
func killBeforeAnswer(ctx context.Context, b *bench) error {
	if err := b.w.Sandbox.Script(sandbox.Rule{Name: "kill-before-answer", Do: sandbox.Slow, Delay: sandbox.Duration(1500 * time.Millisecond)}); err != nil {
		return err
	}
	for _, name := range senders {
		wait(ctx, millis(b.rng, 1500, 2500))
		if err := b.fleet.kill(name, true); err != nil {
			return err
		}
	}
	return b.w.Sandbox.SetFaults(poison)
}

// pauseBeyondSession: the process wakes up and believes that it is still a
// member.
func pauseBeyondSession(ctx context.Context, b *bench) error {
	resume, err := b.fleet.pause(pick(b.rng, append(append([]string(nil), routers...), senders...)))
	if err != nil {
		return err
	}
	wait(ctx, 12*time.Second+millis(b.rng, 0, 2000))
	return resume()
}

// pauseBeyondTransaction: the broker has aborted what a router had open.
func pauseBeyondTransaction(ctx context.Context, b *bench) error {
	resume, err := b.fleet.pause(pick(b.rng, routers))
	if err != nil {
		return err
	}
	wait(ctx, 44*time.Second)
	return resume()
}

func rebalanceStorm(ctx context.Context, b *bench) error {
	for range 3 {
		for _, r := range []string{"router", "sender"} {
			if err := b.fleet.start(ctx, r+"-c", r, r+"-c"); err != nil {
				return err
			}
		}
		wait(ctx, millis(b.rng, 800, 2500))
		for _, r := range []string{"router", "sender"} {
			if err := b.fleet.stop(ctx, r+"-c"); err != nil {
				return err
			}
		}
	}
	return nil
}

func rollingRestart(ctx context.Context, b *bench) error {
	for _, name := range append(append([]string(nil), routers...), senders...) {
		if err := errors.Join(b.fleet.stop(ctx, name), b.fleet.again(name)); err != nil {
			return err
		}
		wait(ctx, 500*time.Millisecond)
	}
	return nil
}

// twins: somebody started a second router with the name of the first. One of
// them is fenced, ends, and is started again. The second is killed; when it has
// a transaction open then, and the first has not noticed yet that it has to take
// the id again, the broker ends the transaction when its time is up (40 s).
func twins(ctx context.Context, b *bench) error {
	if err := b.fleet.start(ctx, "router-twin", "router", routerA); err != nil {
		return err
	}
	wait(ctx, 6*time.Second)
	return b.fleet.kill("router-twin", false)
}

// clockJumps moves the clock of every role forward and back. What was due by
// the clock that was ahead waits for as long as the jump, so jumps are short
// here; docs/reliability.md says what long ones do.
func clockJumps(ctx context.Context, b *bench) error {
	for _, by := range []time.Duration{15 * time.Second, 0, -15 * time.Second, 0} {
		if err := b.w.SetClock(by); err != nil {
			return err
		}
		wait(ctx, 1500*time.Millisecond)
	}
	return nil
}

// memoryLimit: both roles come back with little memory to a large backlog.
func memoryLimit(ctx context.Context, b *bench) error {
	for _, name := range append(append([]string(nil), routers...), senders...) {
		if err := b.fleet.kill(name, false); err != nil {
			return err
		}
	}
	b.writer.burst(1500)
	wait(ctx, time.Second)
	limits := []string{"GOMEMLIMIT=48MiB", "SLUICE_SENDER_WINDOW=2MiB"}
	if err := errors.Join(b.fleet.start(ctx, routerA, "router", routerA, limits...), b.fleet.start(ctx, senderA, "sender", senderA, limits...)); err != nil {
		return err
	}
	wait(ctx, 8*time.Second)
	return errors.Join(b.fleet.again(routerB), b.fleet.again(senderB))
}
