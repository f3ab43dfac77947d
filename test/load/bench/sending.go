package bench

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
)

// sending measures a sender that puts so many events into one request. Its
// deliveries are what a router has just written, copied into topics of its
// own.
func (l *lab) sending(ctx context.Context, size sizes, name string, batch int) (match, error) {
	from, err := l.install(ctx, usualShape())
	if err != nil {
		return match{}, err
	}
	to, err := l.install(ctx, usualShape())
	if err != nil {
		return match{}, err
	}
	router, routed, err := from.router(ctx, "deliveries", func(n int64) expected {
		return expected{status: decision.Queued, count: n, handover: n}
	})
	if err != nil {
		return match{}, err
	}
	routed.wanted = true
	pass, err := l.baseline(ctx, kindPass)
	if err != nil {
		return match{}, err
	}
	sender, err := to.sender(ctx, name, batch)
	if err != nil {
		return match{}, err
	}
	makes := newMaker(size.seed)
	subjects := []*subject{pass, sender}
	m, err := l.rounds(ctx, size.rounds, subjects, func(c *subject, round int) ([]*kgo.Record, error) {
		if c == pass {
			records := makes.slice(from.writer, size.of(round), 1)
			if _, err := l.turn(ctx, router, records, ""); err != nil {
				return nil, err
			}
		}
		return routed.kept, nil
	})
	for _, c := range append(subjects, router) {
		err = errors.Join(err, c.worker.stop())
	}
	return m, err
}

// sender is one sender at work in an installation.
func (in *installation) sender(ctx context.Context, name string, batch int) (*subject, error) {
	c, err := in.lab.start(ctx, order{Kind: kindSender, Settings: in.settings, MaxBatch: batch})
	if err != nil {
		return nil, err
	}
	out := &outcome{in: in}
	if out.decisions, err = in.decisions(); err != nil {
		return nil, err
	}
	topic := in.env.Names.Delivery("meta", decision.LaneBatch)
	group := in.settings["sender.group"] + ".meta"
	before, err := in.lab.received()
	if err != nil {
		return nil, err
	}
	return &subject{
		name: name, worker: c, topic: topic,
		finished: func(ctx context.Context, ends map[int32]int64, _ int64) error {
			return in.lab.awaitGroup(ctx, group, topic, ends)
		},
		check: func(ctx context.Context, n int64) error {
			now, err := in.lab.received()
			if err != nil {
				return err
			}
			got := before
			before = now
			if err := same("events at the provider", n, now.Events-got.Events); err != nil {
				return err
			}
			if err := same("distinct event ids at the provider", n, now.Distinct-got.Distinct); err != nil {
				return err
			}
			// A machine that is busy with something else lets a request leave
			// before it is full; a few are no other measurement.
			if least, sent := n/int64(batch), now.Requests-got.Requests; sent < least || sent > least+least/10+2 {
				return &MissingError{What: "requests", Have: least, Got: sent}
			}
			// The deliveries themselves are still in their topic.
			return out.check(ctx, expected{status: decision.Delivered, count: n, handover: n})
		},
	}, nil
}

// received is what the provider has counted.
func (l *lab) received() (providerSummary, error) { return received(l.providerChild) }

func received(provider *child) (providerSummary, error) {
	a, err := provider.ask(request{Do: "provider"})
	return a.Provider, err
}
