package dedup_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/sluicehq/sluice/pkg/edge/dedup"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a server, and stores that reach it through a breakable network.
type bench struct {
	t      *testing.T
	server *miniredis.Miniredis
	// loseReply makes the next reply disappear after the server has acted.
	loseReply atomic.Bool
}

func setup(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, server: miniredis.RunT(t)}
	return b
}

// store is one process's view.
func (b *bench) store(instance string) *dedup.Store {
	b.t.Helper()
	opts, err := dedup.Options(dedup.Server{Addr: b.server.Addr(), Dialer: b.dial, Timeout: time.Minute})
	require.NoError(b.t, err)
	client := redis.NewClient(opts)
	b.t.Cleanup(func() { require.NoError(b.t, client.Close()) })
	s, err := dedup.New(client, dedup.Config{Instance: instance, Lease: time.Second})
	require.NoError(b.t, err)
	return s
}

// ready is a store over a server that has been set up.
func (b *bench) ready(instance string) *dedup.Store {
	b.t.Helper()
	s := b.store(instance)
	_, err := s.Rebuild(b.t.Context(), false, entries())
	require.NoError(b.t, err)
	return s
}

func (b *bench) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &lossy{Conn: c, lose: &b.loseReply}, nil
}

// lossy drops one reply: it reads it, which proves that the server has acted,
// and fails.
type lossy struct {
	net.Conn
	lose *atomic.Bool
}

func (c *lossy) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == nil && c.lose.CompareAndSwap(true, false) {
		return 0, errors.Join(errors.New("the reply was lost"), c.Close())
	}
	return n, err
}

func entries(es ...dedup.Entry) iter.Seq2[dedup.Entry, error] {
	return func(yield func(dedup.Entry, error) bool) {
		for _, e := range es {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func key(n int) dedup.Key {
	return dedup.NewKey(false, "acme", "meta-1", "Purchase", fmt.Sprint("event-", n))
}

func owner(t testing.TB, offset int64) dedup.Owner {
	t.Helper()
	o, err := dedup.NewOwner([16]byte{1}, 3, offset)
	require.NoError(t, err)
	return o
}

func (b *bench) request(n int, offset int64) dedup.Request {
	return dedup.Request{Key: key(n), Owner: owner(b.t, offset), TTL: time.Hour}
}

func (b *bench) claim(s *dedup.Store, reqs ...dedup.Request) (dedup.Claims, []dedup.State) {
	b.t.Helper()
	c, err := s.Claim(b.t.Context(), reqs)
	require.NoError(b.t, err)
	states := make([]dedup.State, len(c.Results))
	for i, r := range c.Results {
		states[i] = r.State
	}
	return c, states
}
