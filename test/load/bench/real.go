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

// usageOf reads the usage of a service.
func usageOf(p *services.Process) func() (usage, error) {
	return func() (usage, error) {
		u, err := processUsage(p.PID())
		if err != nil {
			return usage{}, fmt.Errorf("reading the usage of %s: %w", p.Name(), err)
		}
		return u, nil
	}
}

// processUsage reads another process's user and system time and its memory.
func processUsage(pid int) (usage, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return usage{}, err
	}
	// The name in brackets may contain spaces. Behind it user time is the 12th
	// field, system time the 13th, resident memory (in pages) the 22nd.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	var numbers [3]int64
	for i, at := range []int{11, 12, 21} {
		if numbers[i], err = strconv.ParseInt(fields[at], 10, 64); err != nil {
			return usage{}, err
		}
	}
	return usage{CPU: time.Duration(numbers[0]+numbers[1]) * clockTick, RSS: numbers[2] * int64(os.Getpagesize())}, nil
}
