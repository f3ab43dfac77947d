package world

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/test/services"
)

// StartReal starts three brokers, a registry and a Redis with a replica and
// sentinels as local processes, unless somebody's own stand in the
// environment. Roles reach Redis and the registry through proxies; a cluster
// advertises its own addresses, so Kafka has none.
func StartReal(ctx context.Context, say func(string)) (_ *Services, err error) {
	s := &Services{proxies: newProxies(), Replication: 1}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	addresses, own, err := services.FromEnvironment(os.Getenv)
	if err != nil {
		return nil, err
	}
	var set *services.Set
	if !own {
		cfg := services.Config{
			Name: fmt.Sprintf("loadgen-%d", os.Getpid()), Brokers: 3, Registry: true, Redis: true, Sentinel: true, Out: lines{say},
		}
		if set, err = services.Start(ctx, cfg); err != nil {
			return nil, err
		}
		s.close = func() error {
			stopping, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			return set.Stop(stopping)
		}
		addresses, s.Replication = set.Addresses(), 3
	}
	s.Brokers, s.RegistryURL, s.RedisAddr = addresses.Kafka, addresses.Registry, addresses.Redis
	if s.Redis, err = s.proxies.to("Redis", s.RedisAddr); err != nil {
		return nil, err
	}
	if s.RegistryProxy, err = s.proxies.to("the registry", withPort(hostOf(s.RegistryURL))); err != nil {
		return nil, err
	}
	s.Control = s.realControl(set)
	return s, nil
}

func withPort(host string) string {
	if _, _, err := net.SplitHostPort(host); err != nil {
		return net.JoinHostPort(host, "80")
	}
	return host
}

// realControl breaks processes that this program has started; of somebody's
// own services it uses only what a client may ask for.
func (s *Services) realControl(set *services.Set) Control {
	c := Control{MoveLeaders: s.moveLeaders}
	if set == nil {
		return c
	}
	c.EmptyRedis = func(ctx context.Context) error {
		return s.onRedis(ctx, func(r *redis.Client) error { return r.FlushAll(ctx).Err() })
	}
	c.FillRedis = func(ctx context.Context, full bool) error {
		limit := "0"
		if full {
			limit = "1"
		}
		return s.onRedis(ctx, func(r *redis.Client) error {
			return errors.Join(r.ConfigSet(ctx, "maxmemory-policy", "noeviction").Err(), r.ConfigSet(ctx, "maxmemory", limit).Err())
		})
	}
	c.LoseBroker = func(ctx context.Context) (func() error, error) {
		all := set.Brokers()
		broker := all[rand.IntN(len(all))]
		if err := broker.Kill(); err != nil {
			return nil, err
		}
		return func() error { return broker.Start(ctx) }, nil
	}
	c.PauseBroker = func(context.Context) (func() error, error) {
		all := set.Brokers()
		broker := all[rand.IntN(len(all))]
		return broker.Resume, broker.Pause()
	}
	c.FailOver = func(ctx context.Context) error { return s.failOver(ctx, set) }
	return c
}

func (s *Services) onRedis(ctx context.Context, do func(*redis.Client) error) error {
	client := redis.NewClient(&redis.Options{Addr: s.RedisAddr})
	if err := errors.Join(do(client), client.Close()); err != nil {
		return fmt.Errorf("breaking Redis at %s: %w", s.RedisAddr, err)
	}
	return ctx.Err()
}

// failOver lets the replica fall behind, kills the primary, waits until the
// sentinels have made another one, and leads the roles there, as a service's
// address would. What was written meanwhile is gone, and its keys are not named.
func (s *Services) failOver(ctx context.Context, set *services.Set) error {
	old := s.RedisAddr
	var dead, replica *services.Process
	for _, p := range set.Processes() {
		switch {
		case p.Address() == old:
			dead = p
		case p.Name() == "redis" || p.Name() == "redis-replica":
			replica = p
		}
	}
	if dead == nil || replica == nil {
		return fmt.Errorf("failing Redis over: no process listens on %s, or it has no replica", old)
	}
	if err := s.fallBehind(ctx, replica.Address()); err != nil {
		return err
	}
	if err := dead.Kill(); err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for s.RedisAddr == old {
		select {
		case <-tick.C:
		case <-waiting.Done():
			return fmt.Errorf("failing Redis over: no other primary: %w", waiting.Err())
		}
		if at, err := set.RedisPrimary(waiting); err == nil {
			s.RedisAddr = at
		}
	}
	if err := s.Redis.proxy.Update(&toxiproxy.Proxy{Listen: s.Redis.Addr(), Upstream: s.RedisAddr, Enabled: true}); err != nil {
		return fmt.Errorf("leading the roles to the new primary: %w", err)
	}
	return dead.Start(ctx) // as a replica
}

// fallBehind keeps a replica from its primary for two seconds: it asks with a
// password that the primary does not know.
func (s *Services) fallBehind(ctx context.Context, replica string) error {
	client := redis.NewClient(&redis.Options{Addr: replica})
	defer client.Close() //nolint:errcheck // nothing was written through it that could be lost
	if err := client.ConfigSet(ctx, "masterauth", "not-its-password").Err(); err != nil {
		return fmt.Errorf("holding the replica %s back: %w", replica, err)
	}
	if err := client.Do(ctx, "client", "kill", "type", "master").Err(); err != nil {
		return fmt.Errorf("cutting the replica %s off: %w", replica, err)
	}
	select {
	case <-time.After(2 * time.Second):
	case <-ctx.Done():
	}
	if err := client.ConfigSet(ctx, "masterauth", "").Err(); err != nil {
		return fmt.Errorf("letting the replica %s go: %w", replica, err)
	}
	return nil
}

// moveLeaders gives every partition, of the brokers' own topics too, another
// preferred leader and elects it.
func (s *Services) moveLeaders(ctx context.Context) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(s.Brokers...))
	if err != nil {
		return fmt.Errorf("making a client to move leaders: %w", err)
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	topics, err := admin.ListTopicsWithInternal(ctx)
	if err != nil {
		return fmt.Errorf("listing topics to move their leaders: %w", err)
	}
	var moves kadm.AlterPartitionAssignmentsReq
	all := kadm.TopicsSet{}
	topics.EachPartition(func(p kadm.PartitionDetail) {
		if len(p.Replicas) > 1 {
			moves.Assign(p.Topic, p.Partition, append(append([]int32(nil), p.Replicas[1:]...), p.Replicas[0]))
			all.Add(p.Topic, p.Partition)
		}
	})
	if len(all) == 0 {
		return nil
	}
	if _, err := admin.AlterPartitionAssignments(ctx, moves); err != nil {
		return fmt.Errorf("changing preferred leaders: %w", err)
	}
	if _, err := admin.ElectLeaders(ctx, kadm.ElectPreferredReplica, all); err != nil {
		return fmt.Errorf("electing leaders: %w", err)
	}
	return nil
}

// lines passes on what is written, line by line.
type lines struct{ say func(string) }

var _ io.Writer = lines{}

// Write implements io.Writer.
func (l lines) Write(b []byte) (int, error) {
	if l.say != nil {
		l.say(strings.TrimRight(string(b), "\n"))
	}
	return len(b), nil
}
