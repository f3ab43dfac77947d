package table

import (
	"context"
	"time"
)

// StaleError says which table is not fresh, and why where that is known.
type StaleError struct {
	Table string
	Cause error // what is in the way, or the context's error
}

// Error implements error.
func (e *StaleError) Error() string { return "awaiting table " + e.Table + ": " + e.Cause.Error() }

// Unwrap gives the cause.
func (e *StaleError) Unwrap() error { return e.Cause }

// state gives the time as of which the sink is complete, a channel that is
// closed when it changes, and what stands in the way.
func (f *Follower) state() (fresh time.Time, changed <-chan struct{}, failure error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fresh, f.changed, f.failure
}

// Fresh is the time as of which everything in the topics has been applied;
// zero before the ends were first reached.
func (f *Follower) Fresh() time.Time {
	fresh, _, _ := f.state()
	return fresh
}

// Bad is how many records were passed over since the start.
func (f *Follower) Bad() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.bad
}

// Await waits until the sink is complete as of a moment at most maxAge ago and
// gives that moment. It ends early only with ctx; the error is a *StaleError.
func (f *Follower) Await(ctx context.Context, maxAge time.Duration) (time.Time, error) {
	return f.await(ctx, func(fresh time.Time) bool { return time.Since(fresh) <= maxAge })
}

// AwaitSince waits until the sink is complete as of a moment after since:
// everything written before since is in it. The CLI waits so after its own writes.
func (f *Follower) AwaitSince(ctx context.Context, since time.Time) (time.Time, error) {
	return f.await(ctx, func(fresh time.Time) bool { return fresh.After(since) })
}

func (f *Follower) await(ctx context.Context, ok enough) (time.Time, error) {
	for {
		fresh, changed, failure := f.state()
		if !fresh.IsZero() && ok(fresh) {
			return fresh, nil
		}
		select {
		case <-ctx.Done():
			if failure == nil {
				failure = ctx.Err()
			}
			return time.Time{}, &StaleError{Table: f.cfg.Name, Cause: failure}
		case <-changed:
		}
	}
}
