package role

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// CutVariable names a file. While it exists, a hasty role is cut off from
// Kafka, and from nothing else: its connections end, and new ones are refused.
const CutVariable = "LOADGEN_CUT"

// errCut is what a role meets that is cut off.
var errCut = errors.New("cut off from Kafka by the tester")

// cutter dials unless its file exists, and ends what it has dialled when the
// file appears.
type cutter struct {
	path string

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// dialer gives the way to Kafka; nil, which is the usual one, without a file.
func dialer(ctx context.Context, path string) func(ctx context.Context, network, host string) (net.Conn, error) {
	if path == "" {
		return nil
	}
	c := &cutter{path: path, conns: map[net.Conn]struct{}{}}
	go c.watch(ctx) // ends with the process
	return c.dial
}

func (c *cutter) cut() bool {
	_, err := os.Stat(c.path)
	return err == nil
}

func (c *cutter) dial(ctx context.Context, network, host string) (net.Conn, error) {
	if c.cut() {
		return nil, errCut
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, host)
	if err != nil {
		return nil, err //nolint:wrapcheck // as the client would have met it
	}
	kept := &keptConn{Conn: conn, cutter: c}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conns[kept] = struct{}{}
	return kept, nil
}

func (c *cutter) watch(ctx context.Context) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if !c.cut() {
			continue
		}
		c.mu.Lock()
		all := c.conns
		c.conns = map[net.Conn]struct{}{}
		c.mu.Unlock()
		for conn := range all {
			_ = conn.Close() // the client closes it as well
		}
	}
}

// keptConn is forgotten when it is closed.
type keptConn struct {
	net.Conn
	cutter *cutter
}

// Close ends the connection.
func (k *keptConn) Close() error {
	k.cutter.mu.Lock()
	delete(k.cutter.conns, k)
	k.cutter.mu.Unlock()
	return k.Conn.Close()
}
