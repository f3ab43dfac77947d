package place

import (
	"context"
	"errors"
	"net"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/test/patience"
)

// CutRedis makes Redis unavailable to clients made from RedisOptions, or
// available again: the embedded server answers LOADING, connections to a real
// one break.
func (p *Place) CutRedis(cut bool) {
	if p.inside != nil {
		answer := ""
		if cut {
			answer = "LOADING"
		}
		p.inside.Redis().SetError(answer)
		return
	}
	p.cut.Store(cut)
}

var errCut = errors.New("this test has cut Redis off")

func (p *Place) dialRedis(ctx context.Context, network, address string) (net.Conn, error) {
	if p.cut.Load() {
		return nil, errCut
	}
	c, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &cuttable{Conn: c, place: p}, nil
}

// cuttable is a connection that breaks at its next use.
type cuttable struct {
	net.Conn
	place *Place
}

func (c *cuttable) Read(b []byte) (int, error) {
	if c.place.cut.Load() {
		return 0, errors.Join(errCut, c.Close())
	}
	return c.Conn.Read(b)
}

func (c *cuttable) Write(b []byte) (int, error) {
	if c.place.cut.Load() {
		return 0, errors.Join(errCut, c.Close())
	}
	return c.Conn.Write(b)
}

// EmptyRedis removes everything that this place wrote, as a restart without
// persistence does.
func (p *Place) EmptyRedis() {
	p.t.Helper()
	if p.inside != nil {
		p.inside.Redis().FlushAll()
		return
	}
	ctx, cancel := patience.Context(p.t)
	defer cancel()
	client := redis.NewClient(p.RedisOptions())
	defer func() { require.NoError(p.t, client.Close()) }()
	if keys := p.keys(ctx, client); len(keys) > 0 {
		require.NoError(p.t, client.Del(ctx, keys...).Err())
	}
}

// RedisKeys lists what this place wrote.
func (p *Place) RedisKeys() []string {
	p.t.Helper()
	if p.inside != nil {
		return p.inside.Redis().Keys()
	}
	ctx, cancel := patience.Context(p.t)
	defer cancel()
	client := redis.NewClient(p.RedisOptions())
	defer func() { require.NoError(p.t, client.Close()) }()
	return p.keys(ctx, client)
}

func (p *Place) keys(ctx context.Context, client *redis.Client) []string {
	p.t.Helper()
	var all []string
	each := client.Scan(ctx, 0, p.RedisPrefix()+"*", 1000).Iterator()
	for each.Next(ctx) {
		all = append(all, each.Val())
	}
	require.NoError(p.t, each.Err())
	return all
}
