package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// full is the size of a complete figure: half a million events.
func full(o Options) sizes { return sizes{seed: o.Seed, rounds: 5, events: 100_000, warm: 20_000} }

// mappedShare is every how many-th event the sparse benchmark maps: 5 %.
const mappedShare = 20

func benchMapped(ctx context.Context, l *lab, o Options, r *Report) error {
	m, err := l.routing(ctx, full(o), "router_mapped", 1)
	if err != nil {
		return err
	}
	r.match(m, "router_mapped")
	const what = "every event mapped and eligible: seven identifiers, payload, claim, diagnostic, transaction"
	r.add(
		Figure{Name: "router_mapped_ratio", Value: m.ratio("router_mapped", m.of(kindPass)), Unit: "× pass-through", Goal: atMost(2), Events: m.events("router_mapped"), Note: what},
		Figure{Name: "router_mapped_transactional_ratio", Value: m.ratio("router_mapped", m.of(kindTransact)), Unit: "× transactional", Events: m.events("router_mapped"), Note: "the same beside consume-and-produce in transactions"},
		Figure{Name: "router_mapped_allocations", Value: m.median("router_mapped", turn.allocations), Unit: "per event", Goal: atMost(6), Events: m.events("router_mapped"), Note: "of the whole process, client included"},
	)
	return nil
}

func benchSparse(ctx context.Context, l *lab, o Options, r *Report) error {
	m, err := l.routing(ctx, full(o), "router_sparse", mappedShare)
	if err != nil {
		return err
	}
	r.match(m, "router_sparse")
	mapped := r.value("router_mapped_us")
	if mapped == 0 { // --only: what one mapped event costs is not known yet.
		// Events of their own: those of the other router are claimed.
		all, err := l.routing(ctx, sizes{seed: o.Seed + 1, rounds: 3, events: 50_000, warm: 20_000}, "router_mapped", 1)
		if err != nil {
			return err
		}
		mapped = all.cost("router_mapped")
	}
	share := mapped / mappedShare
	consume := m.of(kindConsume)
	r.add(
		Figure{
			Name: "router_sparse_ratio", Value: m.ratio("router_sparse", func(i int) float64 { return consume(i) + share }),
			Unit: "× (consume-only + mapped share)", Goal: atMost(1.15), Events: m.events("router_sparse"),
			Note: "5 % of events mapped; their share is a twentieth of what a mapped event costs in this run",
		},
		Figure{Name: "router_sparse_pass_ratio", Value: m.ratio("router_sparse", m.of(kindPass)), Unit: "× pass-through", Events: m.events("router_sparse"), Note: "the same beside consume-and-produce of all events"},
	)
	return nil
}

func benchSender(batch int) func(context.Context, *lab, Options, *Report) error {
	return func(ctx context.Context, l *lab, o Options, r *Report) error {
		size := full(o)
		if batch < 50 { // a request each: as many would take minutes
			size.events, size.warm = 4000, 500
		}
		name := fmt.Sprintf("sender_%d", batch)
		m, err := l.sending(ctx, size, name, batch)
		if err != nil {
			return err
		}
		r.match(m, name)
		if batch == 500 {
			r.Figures[r.index(name+"_us")].Goal = atMost(3.5)
		}
		r.add(Figure{Name: name + "_ratio", Value: m.ratio(name, m.of(kindPass)), Unit: "× pass-through", Events: m.events(name), Note: fmt.Sprintf("deliveries in requests of %d, to a provider that answers at once", batch)})
		return nil
	}
}

// allocations per event.
func (t turn) allocations() float64 { return float64(t.own.Mallocs) / float64(t.events) }

// match adds the costs of a match: the subject's own, the services' beside
// it, and those of the baselines.
func (r *Report) match(m match, name string) {
	const us = "µs CPU per event"
	n := m.events(name)
	r.add(
		Figure{Name: name + "_us", Value: m.cost(name), Unit: us, Events: n, Note: "user and system time of the measured process"},
		Figure{Name: name + "_broker_us", Value: m.median(name, func(t turn) float64 { return perEvent(t.broker.CPU, t.events) }), Unit: us, Events: n, Note: "of the broker meanwhile"},
		Figure{Name: name + "_redis_us", Value: m.median(name, func(t turn) float64 { return perEvent(t.redis.CPU, t.events) }), Unit: us, Events: n, Note: "of Redis meanwhile"},
		Figure{Name: name + "_rate", Value: m.median(name, func(t turn) float64 { return float64(t.events) / t.took.Seconds() }), Unit: "events/s", Events: n, Note: "on this machine at this hour"},
	)
	for _, base := range []string{kindConsume, kindPass, kindTransact} {
		if len(m.turns[base]) > 0 {
			r.add(Figure{Name: name + "_" + base + "_us", Value: m.cost(base), Unit: us, Events: m.events(base), Note: baselineNotes[base]})
		}
	}
	for _, turns := range m.turns {
		for _, t := range turns {
			r.Checked += t.events
		}
	}
}

// baselineNotes say what a baseline does.
var baselineNotes = map[string]string{
	kindConsume:  "baseline: the bare client reads the same events",
	kindPass:     "baseline: the bare client reads and writes the same events",
	kindTransact: "baseline: the same in transactions, two sessions",
}

// Latency is measured for so long.
const paceFor = 20 * time.Second

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func benchHop(ctx context.Context, l *lab, o Options, r *Report) error {
	all, rate, err := l.hop(ctx, o.Seed, paceFor)
	if err != nil {
		return err
	}
	n := int64(len(all))
	r.Checked += n
	note := fmt.Sprintf("from when an event was due to be appended until its decision is readable, at %d events/s, half of what this machine did a moment before", rate)
	r.add(
		Figure{Name: "hop_p50_ms", Value: ms(all.quantile(0.5)), Unit: "ms", Goal: atMost(60), Events: n, Note: note},
		Figure{Name: "hop_p99_ms", Value: ms(all.quantile(0.99)), Unit: "ms", Goal: atMost(250), Events: n, Note: note},
		Figure{Name: "hop_p999_ms", Value: ms(all.quantile(0.999)), Unit: "ms", Events: n, Note: note},
	)
	return nil
}

func benchRealtime(ctx context.Context, l *lab, o Options, r *Report) error {
	const rate = 5000
	sum, err := l.realtime(ctx, o.Seed, rate, paceFor)
	if err != nil {
		return err
	}
	r.Checked += sum.Events
	const note = "realtime lane, from when an event was due to be appended until the provider has its request, at 5,000 events/s, both roles"
	r.add(
		Figure{Name: "realtime_p50_ms", Value: ms(sum.P50), Unit: "ms", Events: sum.Events, Note: note},
		Figure{Name: "realtime_p99_ms", Value: ms(sum.P99), Unit: "ms", Goal: atMost(500), Events: sum.Events, Note: note},
		Figure{Name: "realtime_p999_ms", Value: ms(sum.P999), Unit: "ms", Events: sum.Events, Note: note},
	)
	return nil
}

// backlogEvents is a tenth of the goal's backlog: the embedded broker keeps all
// of it in memory.
const backlogEvents = 1_000_000

func benchCatchUp(ctx context.Context, l *lab, o Options, r *Report) error {
	c, err := l.backlog(ctx, o.Seed, backlogEvents)
	if err != nil {
		return err
	}
	r.Checked += c.events
	r.add(
		Figure{Name: "catchup_share", Value: float64(c.events) / c.took.Seconds() / c.steady, Unit: "of steady rate", Goal: atMost(0.8), AtLeast: true, Events: c.events, Note: "events a second over a backlog that was there at the start, beside slices of 100,000"},
		Figure{Name: "catchup_rss_mib", Value: float64(c.peakRSS) / mebi, Unit: "MiB", Goal: atMost(512), Events: c.events, Note: "most resident memory of the router meanwhile"},
		Figure{Name: "router_start_ms", Value: ms(c.started), Unit: "ms", Note: "from starting the process until it says that it runs; tables are read meanwhile"},
	)
	return nil
}

func benchRecovery(ctx context.Context, l *lab, o Options, r *Report) error {
	took, err := l.recovery(ctx, o.Seed)
	if err != nil {
		return err
	}
	r.add(Figure{Name: "recovery_s", Value: took.Seconds(), Unit: "s", Goal: atMost(15), Note: "from kill -9 until lag falls again, a successor started at once; session timeout 10 s"})
	return nil
}

func benchMemory(ctx context.Context, l *lab, _ Options, r *Report) error {
	const consents, claims = 1_000_000, 500_000
	bytes, err := l.consentMemory(ctx, consents)
	if err != nil {
		return err
	}
	r.add(Figure{Name: "consent_mib_per_million", Value: bytes / mebi, Unit: "MiB", Goal: atMost(60), Note: "heap of a router with a million consent records, less one with none"})
	each, err := claimBytes(ctx, claims)
	if errors.Is(err, errNoRedis) {
		return nil // the embedded one does not tell
	}
	if err != nil {
		return err
	}
	r.add(Figure{Name: "redis_bytes_per_claim", Value: each, Unit: "bytes", Goal: atMost(135), Note: "growth of used_memory of a real Redis over 500,000 claims"})
	return nil
}

func benchBinary(ctx context.Context, _ *lab, _ Options, r *Report) error {
	size, err := binaryBytes(ctx)
	if err != nil {
		return err
	}
	r.add(Figure{Name: "binary_mib", Value: float64(size) / mebi, Unit: "MiB", Note: "sluice, static, stripped"})
	return nil
}
