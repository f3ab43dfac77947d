package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// worker is what a subject runs as: one process or several.
type worker interface {
	usage() (usage, error)
	// profile begins a processor profile, or ends the one that runs where file
	// is empty.
	profile(file string) error
	stop() error
}

// subject is one client that takes turns with others.
type subject struct {
	name   string
	worker worker
	// topic is where its records are written.
	topic string
	// finished waits until everything up to ends, total records in all since
	// the start, is done and committed.
	finished func(ctx context.Context, ends map[int32]int64, total int64) error
	// check counts what came of the n records of a turn.
	check func(ctx context.Context, n int64) error
	total int64
}

// turn is what one subject's share of one round came to.
type turn struct {
	events int64
	took   time.Duration
	own    usage // of the client
	broker usage
	redis  usage
}

// perEvent is microseconds of processor time.
func perEvent(d time.Duration, events int64) float64 {
	return float64(d.Nanoseconds()) / 1000 / float64(events)
}

func (t turn) cost() float64 { return perEvent(t.own.CPU, t.events) }

// take lets one subject work through records that appear all at once.
func (l *lab) turn(ctx context.Context, c *subject, records []*kgo.Record, profile string) (turn, error) {
	ends, err := l.write(ctx, c.topic, records)
	if err != nil {
		return turn{}, err
	}
	if err := c.worker.profile(profile); err != nil {
		return turn{}, err
	}
	before, err := l.readings(c)
	if err != nil {
		return turn{}, err
	}
	began := time.Now()
	if err := l.appear(ctx); err != nil {
		return turn{}, err
	}
	c.total += int64(len(records))
	if err := c.finished(ctx, ends, c.total); err != nil {
		return turn{}, fmt.Errorf("measuring %s: %w", c.name, err)
	}
	took := time.Since(began)
	after, err := l.readings(c)
	if err != nil {
		return turn{}, err
	}
	t := turn{events: int64(len(records)), took: took, own: after[0].minus(before[0]), broker: after[1].minus(before[1]), redis: after[2].minus(before[2])}
	if err := c.worker.profile(""); err != nil {
		return turn{}, err
	}
	if err := c.check(ctx, t.events); err != nil {
		return turn{}, fmt.Errorf("measuring %s: %w", c.name, err)
	}
	return t, l.trim(ctx, c.topic, ends)
}

// readings are the usage of the subject, the broker and Redis.
func (l *lab) readings(c *subject) (all [3]usage, err error) {
	for i, read := range []func() (usage, error){c.worker.usage, l.broker, l.redis} {
		if all[i], err = read(); err != nil {
			return all, err
		}
	}
	return all, nil
}

// match is a series of rounds; turns by subject's name.
type match struct{ turns map[string][]turn }

// rounds lets subjects take turns. feed gives the records of a subject's
// turn; the first round warms up and is not counted.
func (l *lab) rounds(ctx context.Context, n int, subjects []*subject, feed func(c *subject, round int) ([]*kgo.Record, error)) (match, error) {
	m := match{turns: map[string][]turn{}}
	for round := range n + 1 {
		order := slices.Clone(subjects)
		for i, c := range order {
			records, err := feed(c, round)
			if err != nil {
				return m, err
			}
			profile := ""
			if l.profiles != "" && round > 0 {
				profile = filepath.Join(l.profiles, fmt.Sprintf("%s-%d.pprof", c.name, round))
			}
			t, err := l.turn(ctx, c, records, profile)
			if err != nil {
				return m, err
			}
			if round > 0 {
				m.turns[order[i].name] = append(m.turns[order[i].name], t)
			}
		}
	}
	return m, nil
}

// events are all that a subject has worked through.
func (m match) events(name string) (n int64) {
	for _, t := range m.turns[name] {
		n += t.events
	}
	return n
}

// cost is the median over the rounds, in microseconds per event.
func (m match) cost(name string) float64 {
	return m.median(name, turn.cost)
}

func (m match) median(name string, of func(turn) float64) float64 {
	var all []float64
	for _, t := range m.turns[name] {
		all = append(all, of(t))
	}
	return median(all)
}

// ratio is the median over the rounds of what one cost in terms of another:
// both of one round met the same machine.
func (m match) ratio(name string, base func(round int) float64) float64 {
	var all []float64
	for i, t := range m.turns[name] {
		all = append(all, t.cost()/base(i))
	}
	return median(all)
}

// of gives the cost of a subject in a round, as the base of a ratio.
func (m match) of(name string) func(int) float64 {
	return func(round int) float64 { return m.turns[name][round].cost() }
}

func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	if n := len(all); n%2 == 0 {
		return (all[n/2-1] + all[n/2]) / 2
	}
	return all[len(all)/2]
}
