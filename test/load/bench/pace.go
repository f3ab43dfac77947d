package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// paceEvery is how often events are written at a fixed rate.
const paceEvery = 10 * time.Millisecond

// timedID carries when an event was due to be written (epoch microseconds).
// Latency is counted from then and not from the writing: a writer that was
// held up must not make what it measures look quick (coordinated omission).
func timedID(due time.Time, n int) string { return fmt.Sprintf("t%d-%d", due.UnixMicro(), n) }

// dueOf reads it.
func dueOf(id string) (time.Time, bool) {
	rest, ok := strings.CutPrefix(id, "t")
	if !ok {
		return time.Time{}, false
	}
	micros, _, ok := strings.Cut(rest, "-")
	n, err := strconv.ParseInt(micros, 10, 64)
	return time.UnixMicro(n), ok && err == nil
}

// latencies are what events took.
type latencies []time.Duration

// quantile of all, such as 0.99.
func (l latencies) quantile(q float64) time.Duration {
	if len(l) == 0 {
		return 0
	}
	slices.Sort(l)
	return l[min(len(l)-1, int(q*float64(len(l))))]
}

// pace writes mapped events at a rate for some time.
func (in *installation) pace(ctx context.Context, makes *maker, perSecond int, last time.Duration) (int64, error) {
	producer, err := kafka.NewProducer(kafka.Config{Brokers: in.lab.at.Brokers})
	if err != nil {
		return 0, err
	}
	began, written := time.Now(), 0
	var failed error
	done := make(chan error, 1)
	tick := time.NewTicker(paceEvery)
	defer tick.Stop()
	for failed == nil {
		elapsed := min(time.Since(began), last)
		for due := int(elapsed.Seconds() * float64(perSecond)); written < due; written++ {
			at := began.Add(time.Duration(float64(written) / float64(perSecond) * float64(time.Second)))
			e := makes.next(true, time.Now())
			e.ID = timedID(at, written)
			producer.Client().Produce(ctx, &kgo.Record{Topic: in.input, Key: []byte(e.ID), Value: in.writer.AppendEvent(nil, e)}, func(_ *kgo.Record, err error) {
				if err != nil {
					select {
					case done <- err:
					default: // one is enough
					}
				}
			})
		}
		if elapsed == last {
			break
		}
		select {
		case <-tick.C:
		case failed = <-done:
		case <-ctx.Done():
			failed = ctx.Err()
		}
	}
	return int64(written), errors.Join(failed, producer.Close(ctx))
}

// hop measures the router from append to append at half load: what a reader
// of the delivery topic waits for.
func (l *lab) hop(ctx context.Context, seed uint64, last time.Duration) (latencies, int, error) {
	in, err := l.install(ctx, usualShape())
	if err != nil {
		return nil, 0, err
	}
	router, out, err := in.router(ctx, "hop", queued)
	if err != nil {
		return nil, 0, err
	}
	makes := newMaker(seed)
	perSecond := 0
	for range 3 { // the last one is warm
		t, err := l.turn(ctx, router, makes.slice(in.writer, 50_000, 1), "")
		if err != nil {
			return nil, 0, err
		}
		perSecond = int(float64(t.events) / t.took.Seconds() / 2)
	}
	opts, err := kafka.Options(kafka.Config{Brokers: l.at.Brokers})
	if err != nil {
		return nil, perSecond, err
	}
	opts = append(append(opts, kafka.ReaderOptions(kafka.Earliest())...), kgo.ConsumeTopics(in.env.Names.Diagnostics()))
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, perSecond, fmt.Errorf("making a client that waits for decisions: %w", err)
	}
	defer client.Close()
	total := make(chan int64, 1)
	failed := make(chan error, 1)
	writing, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		n, err := in.pace(writing, makes, perSecond, last)
		failed <- err
		total <- n
	}()
	all, err := in.watch(ctx, client, failed, total)
	if err != nil {
		return nil, perSecond, err
	}
	if err := out.check(ctx, queued(int64(len(all)))); err != nil {
		return nil, perSecond, err
	}
	return all, perSecond, router.worker.stop()
}

func queued(n int64) expected { return expected{status: decision.Queued, count: n, handover: n} }

// watch notes when decisions become visible, until as many as were written.
func (in *installation) watch(ctx context.Context, client *kgo.Client, failed <-chan error, total <-chan int64) (latencies, error) {
	var all latencies
	want := int64(-1)
	for want < 0 || int64(len(all)) < want {
		select {
		case err := <-failed:
			if err != nil {
				return nil, fmt.Errorf("writing events: %w", err)
			}
			want = <-total
			continue
		default:
		}
		polling, cancel := context.WithTimeout(ctx, time.Second)
		fetches := client.PollFetches(polling)
		cancel()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		now := time.Now()
		fetches.EachRecord(func(r *kgo.Record) {
			// The key is destination:event.
			_, id, _ := strings.Cut(string(r.Key), ":")
			if due, ok := dueOf(id); ok {
				all = append(all, now.Sub(due))
			}
		})
	}
	return all, nil
}

// realtime measures from the append of an event to the provider's answer, both
// roles at work.
func (l *lab) realtime(ctx context.Context, seed uint64, perSecond int, last time.Duration) (providerSummary, error) {
	s := usualShape()
	s.lane = decision.LaneRealtime.String()
	in, err := l.install(ctx, s)
	if err != nil {
		return providerSummary{}, err
	}
	router, _, err := in.router(ctx, "realtime", queued)
	if err != nil {
		return providerSummary{}, err
	}
	sender, err := in.sender(ctx, "realtime", 0)
	if err != nil {
		return providerSummary{}, err
	}
	before, err := l.received()
	if err != nil {
		return providerSummary{}, err
	}
	n, err := in.pace(ctx, newMaker(seed), perSecond, last)
	if err != nil {
		return providerSummary{}, err
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		now, err := l.received()
		if err != nil {
			return now, err
		}
		if now.Distinct-before.Distinct >= n {
			return now, errors.Join(same("events at the provider", n, now.Events-before.Events), router.worker.stop(), sender.worker.stop())
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return now, ctx.Err()
		}
	}
}
