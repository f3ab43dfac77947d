package world

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// Tap stands between one role and a service and sees the bytes of both
// directions, so that a process can be killed at a named point of its work (what
// it asks Redis tells where it is), or cut off from that service alone.
type Tap struct {
	listener net.Listener
	upstream string
	// watch is told about every piece; it runs before the piece is passed on.
	watch atomic.Pointer[func(fromRole bool, piece []byte)]

	wait  sync.WaitGroup
	mu    sync.Mutex
	conns map[net.Conn]struct{} // nil once closed
	cut   bool
}

// NewTap listens on a free loopback port.
func NewTap(ctx context.Context, upstream string) (*Tap, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting a tap: %w", err)
	}
	t := &Tap{listener: listener, upstream: upstream, conns: map[net.Conn]struct{}{}}
	t.wait.Go(t.accept)
	return t, nil
}

// Addr is where the role connects.
func (t *Tap) Addr() string { return t.listener.Addr().String() }

// Watch sets who is told; nil for nobody.
func (t *Tap) Watch(f func(fromRole bool, piece []byte)) {
	if f == nil {
		t.watch.Store(nil)
		return
	}
	t.watch.Store(&f)
}

// Cut ends every connection, and refuses new ones until it is undone.
func (t *Tap) Cut(cut bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cut = cut
	if cut {
		t.hangUp()
	}
}

// hangUp ends every connection; the caller holds the lock.
func (t *Tap) hangUp() {
	for c := range t.conns {
		_ = c.Close() // whoever copies from it is done with it then
	}
}

// Close cuts all connections and waits.
func (t *Tap) Close() {
	_ = t.listener.Close() // closing twice is fine
	t.mu.Lock()
	t.hangUp()
	t.conns = nil
	t.mu.Unlock()
	t.wait.Wait()
}

func (t *Tap) accept() {
	for {
		role, err := t.listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue
		}
		var d net.Dialer
		service, err := d.DialContext(context.Background(), "tcp", t.upstream)
		if err != nil {
			_ = role.Close()
			continue
		}
		kept, closed := t.keep(role, service)
		if closed {
			return
		}
		if !kept {
			continue
		}
		t.wait.Go(func() { t.pass(true, role, service) })
		t.wait.Go(func() { t.pass(false, service, role) })
	}
}

// keep notes a pair of connections, unless the role is cut off or the tap closed.
func (t *Tap) keep(pair ...net.Conn) (kept, closed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	closed = t.conns == nil
	kept = !closed && !t.cut
	for _, c := range pair {
		if !kept {
			_ = c.Close() // nothing was said on it
			continue
		}
		t.conns[c] = struct{}{}
	}
	return kept, closed
}

// pass copies one direction until either side ends, and then ends both.
func (t *Tap) pass(fromRole bool, from io.Reader, to io.Writer) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if watch := t.watch.Load(); watch != nil {
				(*watch)(fromRole, buffer[:n])
			}
			if _, failed := to.Write(buffer[:n]); failed != nil {
				err = failed
			}
		}
		if err != nil {
			break
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, end := range []any{from, to} {
		if c, ok := end.(net.Conn); ok {
			_ = c.Close()
			delete(t.conns, c)
		}
	}
}
