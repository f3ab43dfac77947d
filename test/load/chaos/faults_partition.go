package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// partitionFaults are networks that let one process reach all services but one,
// while every other process reaches all.
func partitionFaults() []fault {
	return []fault{
		{name: "one-process-without-kafka", takes: 10 * time.Second, run: withoutKafka},
		{name: "one-process-without-redis", takes: 8 * time.Second, run: withoutRedis},
		{name: "one-process-without-registry", takes: 8 * time.Second, run: withoutRegistry},
	}
}

// anyone picks a process.
func anyone(b *bench) string {
	return pick(b.rng, append(append([]string(nil), routers...), senders...))
}

// withoutKafka: some of the time is shorter than a session, some longer, so that
// others take its partitions while it believes to have them.
func withoutKafka(ctx context.Context, b *bench) error {
	name := anyone(b)
	slot, err := b.w.Slot(ctx, name, "")
	if err != nil {
		return err
	}
	b.say("%s does not reach Kafka", name)
	defer b.ledger.Out(name, "did not reach Kafka")()
	if err := os.WriteFile(slot.Cut, nil, 0o600); err != nil {
		return fmt.Errorf("cutting %s off: %w", name, err)
	}
	wait(ctx, millis(b.rng, 1000, 8000))
	if err := os.Remove(slot.Cut); err != nil {
		return fmt.Errorf("letting %s reach Kafka again: %w", name, err)
	}
	return nil
}

func withoutRedis(ctx context.Context, b *bench) error {
	name := anyone(b)
	slot, err := b.w.Slot(ctx, name, "")
	if err != nil {
		return err
	}
	b.say("%s does not reach Redis", name)
	defer b.ledger.Out(name, "did not reach Redis")()
	slot.Tap.Cut(true)
	defer slot.Tap.Cut(false)
	wait(ctx, millis(b.rng, 1000, 6000))
	return nil
}

// withoutRegistry: the process has to wait where it starts meanwhile.
func withoutRegistry(ctx context.Context, b *bench) error {
	name := anyone(b)
	slot, err := b.w.Slot(ctx, name, "")
	if err != nil {
		return err
	}
	b.say("%s does not reach the registry", name)
	defer b.ledger.Out(name, "did not reach the registry")()
	slot.Registry.Cut(true)
	defer slot.Registry.Cut(false)
	wait(ctx, time.Second)
	err = b.fleet.kill(name, true)
	wait(ctx, millis(b.rng, 1000, 5000))
	return errors.Join(err, ctx.Err())
}
