package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"
)

// peerPipeline is the peer's two programs, one behind the other.
type peerPipeline struct {
	l       *lab
	classes string
	// kept are the deliveries of the last turn.
	kept []*kgo.Record
}

// router is Kafka Streams: exactly once, a Redis claim and a decision for each
// event.
func (p *peerPipeline) router(ctx context.Context) (*subject, error) {
	l := p.l
	from, to, decisions, group := l.name("peer.from"), l.name("peer.to"), l.name("peer.decisions"), l.name("peer")
	if err := l.createTopics(ctx, 6, nil, from, to, decisions); err != nil {
		return nil, err
	}
	state, err := os.MkdirTemp("", "sluice-peer-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the peer: %w", err)
	}
	l.closes = append(l.closes, func() error { return os.RemoveAll(state) })
	program, err := p.start(ctx, "peer.Route", map[string]string{
		"redis": l.at.Redis, "schema": peerSchema, "state": state, "group": group, "from": from, "to": to, "decisions": decisions,
	})
	if err != nil {
		return nil, err
	}
	return &subject{
		name: "peer_router", worker: program, topic: from,
		finished: func(ctx context.Context, ends map[int32]int64, _ int64) error {
			return l.awaitGroup(ctx, group, from, ends)
		},
		check: func(ctx context.Context, n int64) error {
			var decided int64
			p.kept = nil
			err := l.take(ctx, func(r *kgo.Record) error {
				if r.Topic == to {
					p.kept = append(p.kept, r)
				} else {
					decided++
				}
				return nil
			}, to, decisions)
			return errors.Join(err, same("the peer's decisions", n, decided), same("the peer's deliveries", n, int64(len(p.kept))))
		},
	}, nil
}

// sender is a consumer with Java's own HTTP client.
func (p *peerPipeline) sender(ctx context.Context, batch int) (*subject, error) {
	l := p.l
	from, group := l.name("peer.deliveries"), l.name("peer")
	if err := l.createTopics(ctx, 6, nil, from); err != nil {
		return nil, err
	}
	// A provider of its own, which counts only what the peer sends.
	provider, err := l.start(ctx, order{Kind: kindServices})
	if err != nil {
		return nil, err
	}
	program, err := p.start(ctx, "peer.Send", map[string]string{
		"group": group, "from": from, "url": provider.hello.Addresses.Provider + "/events", "batch": strconv.Itoa(batch),
	})
	if err != nil {
		return nil, err
	}
	var before int64
	return &subject{
		name: "peer_sender", worker: program, topic: from,
		finished: func(ctx context.Context, ends map[int32]int64, _ int64) error {
			return l.awaitGroup(ctx, group, from, ends)
		},
		check: func(_ context.Context, n int64) error {
			now, err := received(provider)
			got := now.Events - before
			before = now.Events
			return errors.Join(err, same("events at the peer's provider", n, got))
		},
	}, nil
}

func (p *peerPipeline) start(ctx context.Context, program string, properties map[string]string) (*peer, error) {
	properties["brokers"] = p.l.at.Brokers[0]
	running, err := startPeer(ctx, p.classes, program, properties, p.l.log)
	if err != nil {
		return nil, err
	}
	p.l.closes = append(p.l.closes, running.stop)
	return running, nil
}

// benchPeer lets both pipelines work through the same events in turns: Sluice's
// router and sender, and the peer's.
func benchPeer(ctx context.Context, l *lab, o Options, r *Report) error {
	if !o.Real {
		return errors.New("the peer is a Java client: compare with it on real services (--real)")
	}
	const batch = 500
	classes, err := buildPeer(ctx, l.log)
	if err != nil {
		return err
	}
	theirs := &peerPipeline{l: l, classes: classes}
	from, err := l.install(ctx, usualShape())
	if err != nil {
		return err
	}
	to, err := l.install(ctx, usualShape())
	if err != nil {
		return err
	}
	var all []*subject
	add := func(c *subject, err error) error {
		all = append(all, c)
		return err
	}
	var routed *outcome
	for _, start := range []func() error{
		func() error { return add(l.baseline(ctx, kindPass)) },
		func() error {
			c, out, err := from.router(ctx, "router", queued)
			routed = out
			return add(c, err)
		},
		func() error { return add(theirs.router(ctx)) },
		func() error { return add(to.sender(ctx, "sender", batch)) },
		func() error { return add(theirs.sender(ctx, batch)) },
	} {
		if err := start(); err != nil {
			return err
		}
	}
	routed.wanted = true
	size := peerSizes(o)
	makes := newMaker(o.Seed)
	var records []*kgo.Record
	m, err := l.rounds(ctx, size.rounds, all, func(c *subject, round int) ([]*kgo.Record, error) {
		switch c {
		case all[0]:
			records = makes.slice(from.writer, size.of(round), 1)
		case all[3]:
			return routed.kept, nil
		case all[4]:
			return theirs.kept, nil
		}
		return records, nil
	})
	for _, c := range all {
		err = errors.Join(err, c.worker.stop())
	}
	if err == nil {
		r.peers(m)
	}
	return err
}

// peerSizes warm up for long: Java compiles while it runs.
func peerSizes(o Options) sizes {
	if o.Quick {
		return sizes{rounds: 3, events: 50_000, warm: 50_000}
	}
	return sizes{rounds: 5, events: 100_000, warm: 100_000}
}

// peers adds the figures of a match with the peer.
func (r *Report) peers(m match) {
	r.add(
		Figure{Name: "peer_router_ratio", Value: m.ratio("peer_router", m.of("router")), Unit: "× Sluice's router", Events: m.events("peer_router"), Note: "Kafka Streams, exactly once: decode, look at consent, claim in Redis, hash, map, produce, a decision each"},
		Figure{Name: "peer_sender_ratio", Value: m.ratio("peer_sender", m.of("sender")), Unit: "× Sluice's sender", Events: m.events("peer_sender"), Note: "consumer with java.net.http, batches of 500; no second look at consent, no claims or marks, no outcomes"},
	)
	for _, one := range []struct{ name, note string }{
		{"router", "Sluice's router, all gates"}, {"peer_router", "Kafka Streams with Jedis"},
		{"sender", "Sluice's sender at batch 500"}, {"peer_sender", "the peer's sender at batch 500"},
		{kindPass, "the bare Go client reads and writes the same events"},
	} {
		name := "peer_match_" + one.name
		n := m.events(one.name)
		r.Checked += n
		r.add(
			Figure{Name: name + "_us", Value: m.cost(one.name), Unit: "µs CPU per event", Events: n, Note: one.note},
			Figure{Name: name + "_redis_us", Value: m.median(one.name, func(t turn) float64 { return perEvent(t.redis.CPU, t.events) }), Unit: "µs CPU per event", Events: n, Note: "of Redis meanwhile"},
			Figure{Name: name + "_rate", Value: m.median(one.name, func(t turn) float64 { return float64(t.events) / t.took.Seconds() }), Unit: "events/s", Events: n, Note: "on this machine at this hour"},
			Figure{Name: name + "_rss_mib", Value: m.median(one.name, func(t turn) float64 { return float64(t.own.RSS) / mebi }), Unit: "MiB", Events: n, Note: "resident memory"},
		)
	}
}
