package dedup

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// LeasedError says who holds a lease. It is no ErrUnavailable: waiting does not
// help, the other has to end.
type LeasedError struct {
	Name, By string
}

// Error names the holder.
func (e *LeasedError) Error() string { return fmt.Sprintf("%s is held by %s", e.Name, e.By) }

// Lease is the right to be the only one of a kind, such as the only replay. A
// holder that dies loses it when its time is over.
type Lease struct {
	store      *Store
	key, mine  string
	stop       context.CancelFunc
	keeper     sync.WaitGroup
	cause      context.CancelCauseFunc
	releasedBy sync.Once
}

// Lease takes the lease of a name, such as "replay", and renews it until
// [Lease.Release]. holder is what others are told. The context that it returns
// ends with ErrLeaseLost as its cause when the lease is lost. Errors: a
// *LeasedError, or an ErrUnavailable.
func (s *Store) Lease(ctx context.Context, name, holder string) (context.Context, *Lease, error) {
	l := &Lease{store: s, key: s.prefix + "sluice:lease:" + name, mine: holder}
	was, err := s.redis.Do(ctx, "set", l.key, holder, "nx", "get", "px", milliseconds(s.lease)).Text()
	switch {
	case err == nil:
		return nil, nil, &LeasedError{Name: name, By: was}
	case !errors.Is(err, redis.Nil):
		return nil, nil, unavailable("taking the "+name+" lease", err)
	}
	held, cause := context.WithCancelCause(ctx)
	keeping, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop, l.cause = stop, cause
	l.keeper.Go(func() { l.keep(keeping) })
	return held, l, nil
}

// keep renews the lease. Errors other than a loss are tried again: until the
// lease runs out nobody else can take it, and then the comparison fails.
func (l *Lease) keep(ctx context.Context) {
	t := time.NewTicker(l.store.lease / 3)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			n, err := l.store.redis.Eval(ctx, casScript, []string{l.key}, l.mine, l.mine, milliseconds(l.store.lease)).Int()
			if err == nil && n == 0 {
				l.cause(ErrLeaseLost)
				return
			}
		}
	}
}

// Release gives the lease back where it is still held, and stops renewing it.
// It may be called more than once.
func (l *Lease) Release(ctx context.Context) error {
	var err error
	l.releasedBy.Do(func() {
		l.stop()
		l.keeper.Wait()
		l.cause(nil)
		err = l.store.redis.Eval(context.WithoutCancel(ctx), releaseScript, []string{l.key}, l.mine).Err()
	})
	if err != nil {
		return fmt.Errorf("giving a lease back: %w", err)
	}
	return nil
}
