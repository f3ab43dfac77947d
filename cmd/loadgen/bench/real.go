package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sluicehq/sluice/test/services"
)

// useReal takes real services instead of the embedded ones: those that the
// environment names, or else some that are started for the run. What others
// have started has no processor time here: it may be on another machine.
func (l *lab) useReal(ctx context.Context) error {
	at, given, err := services.FromEnvironment(os.Getenv)
	if err != nil {
		return err
	}
	unknown := func() (usage, error) { return usage{}, nil }
	l.broker, l.redis = unknown, unknown
	if !given {
		set, err := services.Start(ctx, services.All("bench"))
		if err != nil {
			return err
		}
		l.closes = append(l.closes, func() error { return set.Stop(context.WithoutCancel(ctx)) })
		at = set.Addresses()
		l.broker, l.redis = usageOf(set.Process("kafka-1")), usageOf(set.Process("redis"))
	}
	l.at.Brokers, l.at.Registry, l.at.Redis = at.Kafka, at.Registry, at.Redis
	client := redis.NewClient(&redis.Options{Addr: at.Redis})
	defer func() { _ = client.Close() }() // nothing is under way
	n, err := client.DBSize(ctx).Result()
	switch {
	case err != nil:
		return fmt.Errorf("looking at Redis: %w", err)
	case n > 0 && given:
		return fmt.Errorf("the Redis at %s holds keys: name an empty one, or claims of somebody's events would be mixed with the benchmark's", at.Redis)
	}
	return nil
}

// clockTick is what /proc counts in: USER_HZ, which is 100 on every Linux.
const clockTick = 10 * time.Millisecond

// usageOf reads another process's user and system time.
func usageOf(p *services.Process) func() (usage, error) {
	return func() (usage, error) {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(p.PID()) + "/stat")
		if err != nil {
			return usage{}, fmt.Errorf("reading the usage of %s: %w", p.Name(), err)
		}
		// The name in brackets may contain spaces; user time is the 12th field
		// behind it, system time the 13th.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		var ticks int64
		for _, i := range []int{11, 12} {
			n, err := strconv.ParseInt(fields[i], 10, 64)
			if err != nil {
				return usage{}, fmt.Errorf("reading the usage of %s: %w", p.Name(), err)
			}
			ticks += n
		}
		return usage{CPU: time.Duration(ticks) * clockTick}, nil
	}
}
