package lifecycle

import (
	"context"
	"errors"
	"sync"
)

// ErrDrained is the cause of a context of [Waiting] that a drain has ended.
var ErrDrained = errors.New("told to stop before there was anything to finish")

// Waiting gives a context for what is waited for before there is work to finish:
// it ends with parent, or when drain is closed before settled is called. After
// settled it lives as long as parent, so that what was built with it goes on.
// Call settled in every case; it may be called more than once.
func Waiting(parent context.Context, drain <-chan struct{}) (ctx context.Context, settled func()) {
	ctx, cancel := context.WithCancelCause(parent)
	over := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-drain:
			cancel(ErrDrained)
		case <-over:
		case <-parent.Done():
		}
	})
	return ctx, sync.OnceFunc(func() {
		close(over)
		watching.Wait()
	})
}
