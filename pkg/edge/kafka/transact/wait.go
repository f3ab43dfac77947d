package transact

import (
	"context"
	"time"
)

// backoff doubles from min to max.
type backoff struct {
	min, max, next time.Duration
}

func (b *backoff) reset() { b.next = 0 }

func (b *backoff) step() time.Duration {
	if b.next == 0 {
		b.next = b.min
		return b.next
	}
	b.next = min(b.next*2, b.max)
	return b.next
}

// sleep returns true after d, false when ctx or any of the channels ends it.
func sleep(ctx context.Context, d time.Duration, until ...<-chan struct{}) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	var a, b <-chan struct{}
	if len(until) > 0 {
		a = until[0]
	}
	if len(until) > 1 {
		b = until[1]
	}
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
	case <-a:
	case <-b:
	}
	return false
}

// lasting returns a context that ends grace after ctx does: for what must not
// be cancelled while the process goes on, and must not keep it from stopping.
func lasting(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.NewTimer(grace)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-out.Done():
		}
	})
	return out, func() {
		stop()
		cancel()
	}
}
