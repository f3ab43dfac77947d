// Package chaos breaks an installation of separate processes on a seeded
// schedule while traffic flows, and has the ledger say whether every promise
// held.
package chaos

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicehq/sluice/test/load/ledger"
	"github.com/sluicehq/sluice/test/load/traffic"
	"github.com/sluicehq/sluice/test/load/world"
	"github.com/sluicehq/sluice/test/patience"
)

// Options of a run.
type Options struct {
	Seed     uint64
	Duration time.Duration
	Rate     int // events a second
	Real     bool
	// Only names the faults to choose from; empty: all. None runs none.
	Only []string
	None bool
	// Settle is how long everything may take to reach its end after the last
	// event; at most settleWithin, which is the default.
	Settle time.Duration
	// Plot is a folder for what a soak measured; empty: nothing is measured.
	Plot string
	// Report is a file for all that is known about the run; empty: none.
	Report string
	// KeepLogs leaves the folder of a run that failed.
	KeepLogs bool
	// Say is told what happens.
	Say func(string)
}

// The limits of what is done beside letting traffic flow, on an idle machine; a
// busy one has so many times more as it is slower (patience.Slowness). A run
// ends within its duration plus four minutes: overtime
// is what setting up, the last fault and settling may take together; judging and
// ending every process need the rest, and so does compiling this program.
const (
	overtime     = 150 * time.Second
	setUpWithin  = 2 * time.Minute
	settleWithin = overtime
	// decideWithin is longer than a session times out, and shorter than the
	// broker needs to end a transaction that nobody ends: a restarted router must
	// do that at once.
	decideWithin = 35 * time.Second
	// recoverWithin is for everything, with deliveries to a provider that has
	// throttled and is given its rate back bit by bit (I6).
	recoverWithin = 60 * time.Second
	// settleAtLeast remains for settling, whatever the last fault took.
	settleAtLeast  = 45 * time.Second
	judgeWithin    = 30 * time.Second
	finishWithin   = 20 * time.Second
	shortestFault  = 3 * time.Second
	quietBeforeAll = 3 * time.Second
)

// run is one run in progress.
type run struct {
	o      Options
	w      *world.World
	ledger *ledger.Ledger
	fleet  *fleet
	writer *writer
	began  time.Time
	// end is when everything must have reached its end.
	end time.Time

	broken    atomic.Bool // by a fault, or not recovered from one yet
	faults    []string
	recovery  time.Duration
	slowest   string
	unhealed  []string
	slow      float64 // how many times slower than idle the machine has been
	samples   []sample
	sampling  sync.WaitGroup
	workers   sync.WaitGroup
	stopAll   context.CancelFunc
	stopWrite context.CancelFunc
}

// Run runs. An error means that it could not run; a promise that was broken is
// a result.
func Run(ctx context.Context, o Options) (_ *Result, err error) {
	chosen, err := choose(o)
	if err != nil {
		return nil, err
	}
	r := &run{o: o, slow: patience.Slowness()}
	r.end = time.Now().Add(o.Duration + r.scaled(overtime))
	r.say("starting the services")
	settingUp, ready := context.WithTimeoutCause(ctx, r.scaled(setUpWithin), fmt.Errorf("setting up took longer than %v", r.scaled(setUpWithin)))
	defer ready()
	if r.w, err = world.New(settingUp, world.Options{Real: o.Real, Log: o.Say, PoisonPerMille: 5}); err != nil {
		return nil, errors.Join(err, context.Cause(settingUp))
	}
	var result *Result
	defer func() {
		err = errors.Join(err, r.close())
		if err == nil && (result.OK || !o.KeepLogs) {
			err = r.w.RemoveLogs()
		}
	}()
	if err := r.prepare(settingUp); err != nil {
		return nil, errors.Join(err, context.Cause(settingUp))
	}
	if err := r.begin(ctx); err != nil {
		return nil, err
	}
	if err := r.breakThings(ctx, chosen); err != nil {
		return nil, err
	}
	result, err = r.judge(ctx)
	if err == nil && o.KeepLogs && !result.OK {
		r.say("logs and configurations are in %s", r.w.Dir)
	}
	return result, err
}

func (r *run) say(format string, args ...any) {
	if r.o.Say == nil {
		return
	}
	at := 0.0
	if !r.began.IsZero() {
		at = time.Since(r.began).Seconds()
	}
	r.o.Say(fmt.Sprintf("%6.1f s  ", at) + fmt.Sprintf(format, args...))
}

// choose gives the faults that a run may have.
func choose(o Options) ([]fault, error) {
	if o.None {
		return nil, nil
	}
	known := map[string]fault{}
	for _, f := range faults() {
		known[f.name] = f
	}
	if len(o.Only) == 0 {
		return faults(), nil
	}
	var chosen []fault
	for _, name := range o.Only {
		f, ok := known[name]
		if !ok {
			return nil, fmt.Errorf("choosing faults: %q is none; see loadgen chaos --list", name)
		}
		chosen = append(chosen, f)
	}
	return chosen, nil
}

// prepare applies the resources and makes what a run works with.
func (r *run) prepare(ctx context.Context) error {
	if err := r.w.Apply(ctx, traffic.Resources()); err != nil {
		return err
	}
	if err := r.w.Sandbox.SetFaults(poison); err != nil {
		return err
	}
	r.w.Record.Leak = traffic.InRequest
	r.ledger = ledger.New(r.w)
	r.fleet = newFleet(r.w, r.ledger)
	var err error
	r.writer, err = newWriter(ctx, r.w, r.ledger, r.o.Seed, r.o.Rate)
	return err
}

// begin starts the roles and the traffic.
func (r *run) begin(ctx context.Context) error {
	var err error
	for _, name := range routers {
		err = errors.Join(err, r.fleet.start(ctx, name, "router", name))
	}
	for _, name := range senders {
		err = errors.Join(err, r.fleet.start(ctx, name, "sender", name))
	}
	if err != nil {
		return err
	}
	all, stop := context.WithCancel(ctx)
	writing, stopWrite := context.WithCancel(all)
	r.stopAll, r.stopWrite = stop, stopWrite
	r.workers.Go(func() {
		if err := r.ledger.Read(all); err != nil {
			r.say("the ledger stopped reading: %v", err)
		}
	})
	r.workers.Go(func() { r.ledger.Watch(all, func() bool { return !r.broken.Load() }) })
	r.workers.Go(func() { r.fleet.keep(all) })
	r.workers.Go(func() { r.fleet.measure(all) })
	r.began = time.Now()
	if least := r.began.Add(r.o.Duration + r.scaled(settleAtLeast)); r.end.Before(least) {
		r.end = least
	}
	r.workers.Go(func() { r.writer.run(writing) })
	if r.o.Plot != "" {
		r.sampling.Go(func() { r.soak(writing) })
	}
	return nil
}

// breakThings runs faults until the time is over.
func (r *run) breakThings(ctx context.Context, chosen []fault) error {
	end := r.began.Add(r.o.Duration)
	r.say("warming up")
	warming, cancel := context.WithDeadline(ctx, end)
	if problem := r.recover(warming, r.began.Add(quietBeforeAll), r.began, decideWithin); problem != "" {
		r.say("the roles are slow to start: %s", problem)
	}
	cancel()
	if len(chosen) == 0 {
		r.quiet(ctx, time.Until(end))
		return ctx.Err()
	}
	next := plan(r.o.Seed, chosen)
	r.quiet(ctx, 2*time.Second)
	for step, idle := 0, 0; time.Until(end) > shortestFault && idle < 2*len(chosen) && ctx.Err() == nil; step++ {
		now := possible(next(), r.w, time.Until(end))
		if len(now) == 0 {
			idle++
			continue
		}
		idle = 0
		if err := r.inject(ctx, now, uint64(step)); err != nil {
			return err
		}
		if err := r.ledger.CheckUnfinished(ctx); err != nil {
			r.say("offsets could not be checked: %v", err)
		}
		r.quiet(ctx, time.Second)
	}
	r.quiet(ctx, time.Until(end))
	return ctx.Err()
}

// scaled is a limit on this machine as it is now.
func (r *run) scaled(limit time.Duration) time.Duration {
	return time.Duration(float64(limit) * r.slow)
}

// late tells whether a limit is over. What others took of the machine since the
// start is found out before anything is called late.
func (r *run) late(from time.Time, limit time.Duration) bool {
	if time.Since(from) <= r.scaled(limit) {
		return false
	}
	r.slow = max(r.slow, patience.Slowness())
	return time.Since(from) > r.scaled(limit)
}

// quiet lets time pass in which nothing is broken.
func (r *run) quiet(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	from := time.Now()
	wait(ctx, d)
	r.ledger.Mark(ledger.Interval{Name: "quiet", From: from, To: time.Now(), Quiet: true})
}

// judge ends the traffic, waits until everything has reached its end, and has
// the ledger judge.
func (r *run) judge(ctx context.Context) (*Result, error) {
	r.stopWrite()
	r.sampling.Wait()
	if r.o.Plot != "" {
		if err := plot(r.o.Plot, r.samples); err != nil {
			return nil, fmt.Errorf("writing the plot: %w", err)
		}
		r.unhealed = append(r.unhealed, growth(r.samples, r.o.Duration.Seconds())...)
		r.say("soak.csv and soak.svg are in %s", r.o.Plot)
	}
	finishing, finished := context.WithTimeout(ctx, r.scaled(finishWithin))
	defer finished()
	if err := r.writer.finish(finishing); err != nil {
		return nil, err
	}
	r.say("%d events are written; waiting for %d decisions and deliveries", r.ledger.Written(), r.ledger.Open())
	deadline := time.Now().Add(r.scaled(r.o.Settle))
	if r.end.Before(deadline) {
		deadline = r.end
	}
	for r.ledger.Open() > 0 && time.Now().Before(deadline) && ctx.Err() == nil {
		if err := r.fleet.learnLost(r.writer.topic); err != nil {
			return nil, err
		}
		wait(ctx, 250*time.Millisecond)
	}
	wait(ctx, time.Second)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("interrupted before the end: %w", err)
	}
	judging, cancel := context.WithTimeout(ctx, r.scaled(judgeWithin))
	defer cancel()
	if err := r.ledger.CheckAllRead(judging); err != nil {
		return nil, err
	}
	if err := r.ledger.CheckUnfinished(judging); err != nil {
		r.say("offsets could not be checked: %v", err)
	}
	if err := r.fleet.checkTables(judging); err != nil {
		r.say("tables could not be checked: %v", err)
		r.ledger.Tables(err.Error())
	}
	panics, err := r.fleet.inspect()
	if err != nil {
		return nil, err
	}
	return r.result(r.ledger.Judge(), panics), nil
}

// close stops everything.
func (r *run) close() error {
	var errs []error
	if r.stopAll != nil {
		r.stopAll()
		r.workers.Wait()
		r.sampling.Wait()
	}
	if r.fleet != nil {
		errs = append(errs, r.fleet.close())
	}
	return errors.Join(append(errs, r.w.Close())...)
}
