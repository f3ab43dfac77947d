//go:build realservices

package services_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/test/patience"
	"github.com/sluicehq/sluice/test/services"
)

// TestAClusterSurvivesItsBrokers starts three brokers and a Redis with
// sentinels, and takes each kind of process away: what a test does with this
// package has to work before its results mean something.
func TestAClusterSurvivesItsBrokers(t *testing.T) {
	ctx, cancel := patience.Context(t)
	defer cancel()
	cfg := services.Config{Name: fmt.Sprintf("faults-%d", time.Now().UnixNano()), Brokers: 3, Sentinel: true}
	set, err := services.Start(ctx, cfg)
	require.NoError(t, err)
	defer func() { require.NoError(t, set.Stop(context.Background())) }()
	client, err := kgo.NewClient(kgo.SeedBrokers(set.Addresses().Kafka...))
	require.NoError(t, err)
	defer client.Close()
	created, err := kadm.NewClient(client).CreateTopic(ctx, 6, 3, map[string]*string{"min.insync.replicas": kadm.StringPtr("2")}, "survives")
	require.NoError(t, err)
	require.NoError(t, created.Err)
	write := func(text string) {
		require.NoError(t, client.ProduceSync(ctx, &kgo.Record{Topic: "survives", Value: []byte(text)}).FirstErr())
	}
	write("before")

	broker := set.Process("kafka-2")
	before := broker.PID()
	require.NoError(t, broker.Kill())
	require.False(t, broker.Alive())
	require.Error(t, broker.Ready(ctx))
	write("two are enough")
	require.NoError(t, broker.Start(ctx))
	require.NotEqual(t, before, broker.PID())
	write("three again")

	require.NoError(t, broker.Pause())
	require.True(t, broker.Alive())
	// Its threads stop one after the other: one may still answer a moment later.
	patience.Until(t, "a paused process to answer nothing", func() bool { return broker.Ready(ctx) != nil })
	require.NoError(t, broker.Resume())
	require.NoError(t, broker.Await(ctx))

	// Another process finds the same set.
	other, err := services.Open(services.Root(os.Getenv), set.Name())
	require.NoError(t, err)
	require.Equal(t, broker.PID(), other.Process("kafka-2").PID())

	first, err := set.RedisPrimary(ctx)
	require.NoError(t, err)
	require.Equal(t, set.Addresses().Redis, first)
	require.NoError(t, set.Process("redis").Kill())
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for now := first; now == first; now, err = set.RedisPrimary(ctx) {
		require.NoError(t, err)
		select {
		case <-tick.C:
		case <-ctx.Done():
			require.Fail(t, "no fail-over")
		}
	}
	now, err := set.RedisPrimary(ctx)
	require.NoError(t, err)
	require.Equal(t, set.Process("redis-replica").Address(), now)
	promoted := redis.NewClient(&redis.Options{Addr: now, MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}})
	defer func() { require.NoError(t, promoted.Close()) }()
	require.NoError(t, promoted.Set(ctx, "k", "v", time.Minute).Err(), "the new primary takes writes")
}
