package chaos

import (
	"context"
	"errors"
	"time"

	"github.com/sluicehq/sluice/test/load/world"
)

// storeFaults are what happens to Redis and the registry.
func storeFaults() []fault {
	return []fault{
		{name: "redis-down", takes: 6 * time.Second, run: redisDown},
		{name: "redis-slow", takes: 6 * time.Second, run: redisSlow},
		{name: "redis-answers-lost", takes: 5 * time.Second, run: redisAnswersLost},
		{name: "redis-restarted-empty", needs: func(w *world.World) bool { return w.Control.EmptyRedis != nil }, takes: 5 * time.Second, run: redisEmptied},
		{name: "redis-full", needs: func(w *world.World) bool { return w.Control.FillRedis != nil }, takes: 6 * time.Second, run: redisFull},
		{name: "redis-failed-over", needs: func(w *world.World) bool { return w.Control.FailOver != nil }, takes: 12 * time.Second, run: redisFailedOver},
		{name: "registry-down", takes: 8 * time.Second, run: registryDown},
	}
}

func redisDown(ctx context.Context, b *bench) error {
	b.w.Redis.Down()
	wait(ctx, 4*time.Second)
	return b.w.Redis.Up()
}

// redisSlow: every answer takes longer than a role waits.
func redisSlow(ctx context.Context, b *bench) error {
	if err := b.w.Redis.Delay(1300); err != nil {
		return err
	}
	wait(ctx, 4*time.Second)
	b.w.Redis.Clear(ctx)
	return nil
}

// redisAnswersLost: claims and marks are written, and nobody is told.
func redisAnswersLost(ctx context.Context, b *bench) error {
	if err := b.w.Redis.LoseAnswers(200 + b.rng.IntN(600)); err != nil {
		return err
	}
	wait(ctx, 3*time.Second)
	b.w.Redis.Clear(ctx)
	return nil
}

func redisEmptied(ctx context.Context, b *bench) error {
	for range 1 + b.rng.IntN(2) {
		if err := b.w.Control.EmptyRedis(ctx); err != nil {
			return err
		}
		wait(ctx, millis(b.rng, 500, 3000))
	}
	return nil
}

func redisFull(ctx context.Context, b *bench) error {
	if err := b.w.Control.FillRedis(ctx, true); err != nil {
		return err
	}
	wait(ctx, 4*time.Second)
	return b.w.Control.FillRedis(ctx, false)
}

func redisFailedOver(ctx context.Context, b *bench) error {
	return b.w.Control.FailOver(ctx)
}

// registryDown: what runs goes on with the schemas that it knows; what starts
// has to wait.
func registryDown(ctx context.Context, b *bench) error {
	b.w.RegistryProxy.Down()
	wait(ctx, time.Second)
	err := errors.Join(b.fleet.kill(pick(b.rng, routers), true), b.fleet.kill(pick(b.rng, senders), true))
	wait(ctx, 4*time.Second)
	return errors.Join(err, b.w.RegistryProxy.Up())
}
