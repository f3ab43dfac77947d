package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/ops/lines"
)

// Options of a demo.
type Options struct {
	Events    int
	Seed      uint64
	Input     string // NDJSON events instead of made ones
	Consent   string // NDJSON consent records
	Resources string // folder or file instead of the demo's own
	Capture   string // folder for requests.ndjson and diagnostics.ndjson
	Faults    string // see sandbox.Config
	Version   string
	Admin     string // where health and metrics are served; empty: nowhere
	Log       io.Writer
	// Lines is told about the lines of Input; optional.
	Lines *lines.Notes
	// ConsentNotes takes notes about Consent. Optional.
	ConsentNotes *lines.ConsentNotes
	// Progress is told how far it is, a few times a second. Optional.
	Progress func(Progress)
	// Serve is called with the addresses once everything runs, and the demo
	// then goes on until ctx ends. Optional.
	Serve func(Addresses)
}

// Progress of a demo.
type Progress struct {
	Stage    string
	Written  int
	Decided  int
	Open     int // deliveries without an end
	Held     int
	Accepted int // by the sandbox
	Elapsed  time.Duration
}

// patience is how long the demo waits for everything to reach its end after
// the last event was written: faults heal within 30 s, and what they put off
// comes back within the shortened delays.
const patience = 3 * time.Minute

// leaving is how long a demo that served waits for it when it is told to end:
// somebody is watching, and a parked delivery may never end.
const leaving = 5 * time.Second

// Run runs a demo and returns its accounting. An error means that it could not
// run; an accounting that does not add up is a result.
func Run(ctx context.Context, o Options) (_ *Result, err error) {
	began := time.Now()
	s, err := setUp(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	scene, err := s.prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	ledger := NewLedger()
	// The end of ctx ends the roles by draining them: what other terminals sent
	// while the demo served is accounted for, too.
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var workers sync.WaitGroup
	defer workers.Wait()
	defer stop()
	failed := make(chan error, 1)
	workers.Go(func() { failed <- s.watch(running, ledger, scene.set) })
	if o.Serve == nil { // who looks around afterwards wants to find everything
		workers.Go(func() { s.sweep(running, ledger) })
	}
	drain := make(chan struct{})
	done := make(chan error, 1)
	ready := make(chan struct{})
	workers.Go(func() {
		done <- s.env.Run(running, drain, boot.Roles{Router: true, Senders: s.env.AllSenders(), Monitor: true}, boot.RunOptions{
			Sender: boot.SenderOptions{Secrets: scene.secrets, Delays: delays(), ProbeEvery: 3 * time.Second, VerdictEvery: verdictEvery},
			Output: o.Log, Ready: func() { close(ready) },
		})
	})
	select {
	case <-ready:
	case err := <-done:
		return nil, fmt.Errorf("starting the roles: %w", errors.Join(err, errors.New("they ended at once")))
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	written, err := s.perform(ctx, o, scene, ledger, began, failed)
	if err != nil {
		return nil, err
	}
	if err := s.awaitVerdicts(ctx, ledger); err != nil {
		return nil, err
	}
	if o.Serve != nil {
		if written, err = s.serve(ctx, o, scene, ledger, failed); err != nil {
			return nil, err
		}
	}
	close(drain)
	if err := <-done; err != nil {
		return nil, fmt.Errorf("stopping the roles: %w", err)
	}
	result := Account(ledger.Count(), s.sandbox.Report(), written, time.Since(began), o.Faults)
	result.ClaimsLost = s.env.ClaimsLost()
	return result, nil
}

// perform writes the traffic and waits until everything has reached its end.
func (s *stage) perform(ctx context.Context, o Options, scene *scene, ledger *Ledger, began time.Time, failed <-chan error) (int, error) {
	tell := func(name string, written int) {
		if o.Progress == nil {
			return
		}
		open, held := ledger.Pending()
		accepted := 0
		for _, p := range s.sandbox.Report().Providers {
			accepted += p.Accepted
		}
		o.Progress(Progress{
			Stage: name, Written: written, Decided: ledger.Decided(), Open: open, Held: held,
			Accepted: accepted, Elapsed: time.Since(began),
		})
	}
	written, err := s.emit(ctx, scene, func(n int) { tell("writing events", n) })
	if err != nil {
		return written, err
	}
	if err := s.writeConsents(ctx, scene.during); err != nil {
		return written, err
	}
	return written, s.settle(ctx, ledger, patience, failed, func() { tell("delivering", written) })
}

// afterServing lets what other terminals sent reach its end, and gives the
// number of events that anybody wrote.
func (s *stage) afterServing(ctx context.Context, ledger *Ledger, failed <-chan error) (int, error) {
	if err := s.settle(ctx, ledger, leaving, failed, func() {}); err != nil {
		return 0, err
	}
	return s.inputs(ctx)
}

// settle waits until everything that was written has reached its end, or until
// patience has run out: the accounting then says what is missing.
func (s *stage) settle(ctx context.Context, ledger *Ledger, patience time.Duration, failed <-chan error, tell func()) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		settled, err := s.settled(ctx, ledger)
		if err != nil {
			return err
		}
		tell()
		if settled {
			return nil
		}
		select {
		case <-tick.C:
		case err := <-failed:
			return fmt.Errorf("watching the topics: %w", err)
		case <-deadline.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// settled asks the groups whether everything is read, then the ledger whether
// everything has ended, in this order: what a group has committed is readable.
func (s *stage) settled(ctx context.Context, ledger *Ledger) (bool, error) {
	for _, read := range []struct{ group, topic string }{
		{s.env.Config.Router.Group, s.env.Config.Topics.Input},
		{s.env.Config.Router.Hold.Group, s.env.Names.Hold()},
	} {
		waiting, err := s.backlog(ctx, read.group, read.topic)
		if err != nil || waiting > 0 {
			return false, err
		}
	}
	end, err := s.ends(ctx)
	if err != nil {
		return false, err
	}
	return ledger.ReadTo(end) && ledger.Settled(), nil
}
