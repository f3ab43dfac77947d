package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
)

const mebi = 1 << 20

// consentMemory is what a router holds for so many consent records, in bytes:
// its heap after a collection, less that of a router without any.
func (l *lab) consentMemory(ctx context.Context, records int) (float64, error) {
	var heaps [2]float64
	for i, subjects := range []int{0, records} {
		s := usualShape()
		s.subjects = subjects
		in, err := l.install(ctx, s)
		if err != nil {
			return 0, err
		}
		c, err := l.start(ctx, order{Kind: kindRouter, Settings: in.settings})
		if err != nil {
			return 0, err
		}
		if heaps[i], err = restingHeap(ctx, c); err != nil {
			return 0, err
		}
		if err := c.stop(); err != nil {
			return 0, err
		}
	}
	return heaps[1] - heaps[0], nil
}

// restingHeap is the smallest heap that a child shows within some time: what was
// fetched to fill a table is let go only seconds later.
func restingHeap(ctx context.Context, c *child) (float64, error) {
	const looks, every = 7, 2 * time.Second
	tick := time.NewTicker(every)
	defer tick.Stop()
	least := 0.0
	for range looks {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		a, err := c.ask(request{Do: "usage", Settle: true})
		if err != nil {
			return 0, err
		}
		if heap := float64(a.Usage.Heap); least == 0 || heap < least {
			least = heap
		}
	}
	return least, nil
}

// catchUp is what a router does with a large backlog.
type catchUp struct {
	events  int64
	took    time.Duration
	steady  float64 // events a second of a small backlog, warm
	started time.Duration
	peakRSS int64
}

// backlog lets a router catch up. The backlog is written before the router
// starts.
func (l *lab) backlog(ctx context.Context, seed uint64, events int) (catchUp, error) {
	in, err := l.install(ctx, usualShape())
	if err != nil {
		return catchUp{}, err
	}
	makes := newMaker(seed)
	const chunk = 100_000
	ends := map[int32]int64{}
	for left := events; left > 0; left -= chunk {
		if ends, err = l.write(ctx, in.input, makes.slice(in.writer, min(chunk, left), 1)); err != nil {
			return catchUp{}, err
		}
		if err := l.appear(ctx); err != nil {
			return catchUp{}, err
		}
	}
	began := time.Now()
	process, err := in.startRouter(ctx)
	if err != nil {
		return catchUp{}, err
	}
	router, out, err := in.routed("catchup", process, queued)
	if err != nil {
		return catchUp{}, err
	}
	if err := router.finished(ctx, ends, 0); err != nil {
		return catchUp{}, err
	}
	c := catchUp{events: int64(events), started: process.started}
	c.took = time.Since(began) - c.started
	u, err := process.usage()
	if err != nil {
		return catchUp{}, err
	}
	c.peakRSS = u.PeakRSS
	if err := out.check(ctx, queued(int64(events))); err != nil {
		return catchUp{}, err
	}
	if err := l.trim(ctx, in.input, ends); err != nil {
		return catchUp{}, err
	}
	var rates []float64
	for range 3 {
		t, err := l.turn(ctx, router, makes.slice(in.writer, chunk, 1), "")
		if err != nil {
			return catchUp{}, err
		}
		rates = append(rates, float64(t.events)/t.took.Seconds())
	}
	c.steady = median(rates)
	return c, process.stop()
}

// recovery is how long it takes after kill -9 until lag falls again: a router
// is killed at work and another is started at once in its name.
func (l *lab) recovery(ctx context.Context, seed uint64) (time.Duration, error) {
	in, err := l.install(ctx, usualShape())
	if err != nil {
		return 0, err
	}
	first, err := in.startRouter(ctx)
	if err != nil {
		return 0, err
	}
	_, out, err := in.routed("recovery", first, queued)
	if err != nil {
		return 0, err
	}
	const events = 200_000
	ends, err := l.write(ctx, in.input, newMaker(seed).slice(in.writer, events, 1))
	if err != nil {
		return 0, err
	}
	if err := l.appear(ctx); err != nil {
		return 0, err
	}
	group := in.settings["router.group"]
	if err := l.awaitProgress(ctx, group, in.input, events/10); err != nil {
		return 0, err
	}
	if err := first.kill(); err != nil {
		return 0, err
	}
	killed := time.Now()
	at, err := l.progress(ctx, group, in.input)
	if err != nil {
		return 0, err
	}
	second, err := l.start(ctx, order{Kind: kindRouter, Settings: in.settings})
	if err != nil {
		return 0, err
	}
	if err := l.awaitProgress(ctx, group, in.input, at+1); err != nil {
		return 0, err
	}
	recovered := time.Since(killed)
	if err := l.awaitGroup(ctx, group, in.input, ends); err != nil {
		return 0, err
	}
	return recovered, errors.Join(out.check(ctx, queued(events)), second.stop())
}

// progress is the sum of what a group has committed.
func (l *lab) progress(ctx context.Context, group, topic string) (sum int64, err error) {
	committed, err := l.admin.FetchOffsets(ctx, group)
	if err != nil {
		return 0, fmt.Errorf("asking what %s has read: %w", group, err)
	}
	for _, o := range committed[topic] {
		sum += max(0, o.At)
	}
	return sum, nil
}

func (l *lab) awaitProgress(ctx context.Context, group, topic string, least int64) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		at, err := l.progress(ctx, group, topic)
		if err != nil || at >= least {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", group, ctx.Err())
		}
	}
}

// errNoRedis says that there is no Redis whose memory could be read.
var errNoRedis = errors.New("redis-server is not installed")

// claimBytes are the bytes of a real Redis for each claim.
func claimBytes(ctx context.Context, claims int) (float64, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return 0, errNoRedis
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}
	addr := ln.Addr().String()
	if err := ln.Close(); err != nil {
		return 0, err
	}
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return 0, err
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	server := exec.CommandContext(running, program, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no") //nolint:gosec // G204: found on the path
	if err := server.Start(); err != nil {
		return 0, fmt.Errorf("starting redis-server: %w", err)
	}
	defer func() {
		stop()
		_ = server.Wait() // it was killed
	}()
	client := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: 50, MinRetryBackoff: 50 * time.Millisecond})
	defer func() { _ = client.Close() }() // its server is killed next
	return fillClaims(ctx, client, claims)
}

func fillClaims(ctx context.Context, client *redis.Client, claims int) (float64, error) {
	if err := client.Set(ctx, "sluice:claims", "ready:1", 0).Err(); err != nil {
		return 0, fmt.Errorf("preparing Redis: %w", err)
	}
	store, err := dedup.New(client, dedup.Config{Instance: "bench"})
	if err != nil {
		return 0, err
	}
	if err := store.Status(ctx); err != nil {
		return 0, err
	}
	before, err := usedMemory(ctx, client)
	if err != nil {
		return 0, err
	}
	const chunk = 5000
	for n := 0; n < claims; n += chunk {
		requests := make([]dedup.Request, chunk)
		for i := range requests {
			owner, err := dedup.NewOwner([16]byte{1}, int32(i%6), int64(n+i))
			if err != nil {
				return 0, err
			}
			requests[i] = dedup.Request{
				Key: dedup.NewKey(false, customer, "bench-meta", "Purchase", strconv.Itoa(n+i)), Owner: owner,
				TTL: time.Duration(resource.DefaultDedupWindowMS) * time.Millisecond,
			}
		}
		if _, err := store.Claim(ctx, requests); err != nil {
			return 0, err
		}
	}
	after, err := usedMemory(ctx, client)
	return float64(after-before) / float64(claims), err
}

func usedMemory(ctx context.Context, client *redis.Client) (int64, error) {
	text, err := client.Info(ctx, "memory").Result()
	if err != nil {
		return 0, fmt.Errorf("reading Redis's memory: %w", err)
	}
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "used_memory:"); ok {
			return strconv.ParseInt(v, 10, 64)
		}
	}
	return 0, errors.New("reading Redis's memory: it does not tell")
}

// binaryBytes builds sluice as the Makefile does and weighs it.
func binaryBytes(ctx context.Context) (_ int64, err error) {
	dir, err := os.MkdirTemp("", "sluice-size-")
	if err != nil {
		return 0, fmt.Errorf("weighing the binary: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, "sluice")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", file, "./cmd/sluice") //nolint:gosec // G204: fixed but for the folder
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("building sluice (run it from the repository's root): %w: %s", err, out)
	}
	info, err := os.Stat(file)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
