package bench

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
)

// startRouter starts a router of the installation.
func (in *installation) startRouter(ctx context.Context) (*child, error) {
	return in.lab.start(ctx, order{Kind: kindRouter, Settings: in.settings})
}

// router is a started router as a subject.
func (in *installation) router(ctx context.Context, name string, expect func(events int64) expected) (*subject, *outcome, error) {
	c, err := in.startRouter(ctx)
	if err != nil {
		return nil, nil, err
	}
	return in.routed(name, c, expect)
}

// routed is the subject that routers are together.
func (in *installation) routed(name string, w worker, expect func(events int64) expected) (*subject, *outcome, error) {
	out := &outcome{in: in}
	var err error
	if out.decisions, err = in.decisions(); err != nil {
		return nil, nil, err
	}
	group := in.settings["router.group"]
	return &subject{
		name: name, worker: w, topic: in.input,
		finished: func(ctx context.Context, ends map[int32]int64, _ int64) error {
			return in.lab.awaitGroup(ctx, group, in.input, ends)
		},
		check: func(ctx context.Context, n int64) error { return out.check(ctx, expect(n)) },
	}, out, nil
}

func (in *installation) decisions() (*codec.Decoder[decision.Decision], error) {
	registry, err := in.env.Registry.Codec()
	if err != nil {
		return nil, err
	}
	return codec.Diagnostics(registry)
}

// expected is what has to come of a turn.
type expected struct {
	status   decision.Status // of every diagnostic
	count    int64           // of diagnostics
	handover int64           // of deliveries
}

// outcome counts what an installation has written.
type outcome struct {
	in        *installation
	decisions *codec.Decoder[decision.Decision]
	// keep has the deliveries of the last turn where somebody wants them.
	wanted bool
	kept   []*kgo.Record
	// events are ids seen, over all turns.
	seen map[string]struct{}
}

// check reads and deletes everything that the installation has written, and
// says what is missing, too much or wrong.
func (o *outcome) check(ctx context.Context, want expected) error {
	names := o.in.env.Names
	delivery := names.Delivery("meta", decision.LaneBatch)
	realtime := names.Delivery("meta", decision.LaneRealtime)
	var diagnostics, deliveries, others, wrong int64
	o.kept = nil
	if o.seen == nil {
		o.seen = map[string]struct{}{}
	}
	before := len(o.seen)
	var d decision.Decision
	err := o.in.lab.take(ctx, func(r *kgo.Record) error {
		switch r.Topic {
		case names.Diagnostics():
			diagnostics++
			if err := o.decisions.Decode(ctx, r.Value, &d); err != nil {
				return err
			}
			if d.Status != want.status {
				wrong++
			}
			o.seen[string([]byte(d.EventID))] = struct{}{}
		case delivery, realtime:
			deliveries++
			if o.wanted {
				o.kept = append(o.kept, r)
			}
		default:
			others++
		}
		return nil
	}, o.in.topics...)
	if err != nil {
		return err
	}
	distinct := int64(len(o.seen) - before)
	for _, c := range []struct {
		what      string
		want, got int64
	}{
		{fmt.Sprintf("diagnostics (of %d events)", distinct), want.count, diagnostics},
		{"diagnostics that do not say " + want.status.String(), 0, wrong},
		{"event ids in diagnostics", want.count, distinct},
		{"deliveries", want.handover, deliveries},
		{"records in other topics", 0, others},
	} {
		if err := same(c.what, c.want, c.got); err != nil {
			return err
		}
	}
	return nil
}

// baseline is one of the bare clients.
func (l *lab) baseline(ctx context.Context, kind string) (*subject, error) {
	from, to := l.name(kind+".from"), l.name(kind+".to")
	if err := l.createTopics(ctx, 6, nil, from, to); err != nil {
		return nil, err
	}
	o := order{Kind: kind, From: from, To: to, Settings: l.settings(map[string]string{"router.group": l.name(kind)})}
	if kind == kindConsume {
		o.To = ""
	}
	child, err := l.start(ctx, o)
	if err != nil {
		return nil, err
	}
	return &subject{
		name: kind, worker: child, topic: from,
		finished: func(_ context.Context, _ map[int32]int64, total int64) error {
			_, err := child.ask(request{Do: "await", N: total})
			return err
		},
		check: func(ctx context.Context, n int64) error {
			if o.To == "" {
				return nil // it has awaited them itself
			}
			var got int64
			if err := l.take(ctx, func(*kgo.Record) error { got++; return nil }, to); err != nil {
				return err
			}
			return same("copies of "+kind, n, got)
		},
	}, nil
}

// baselines are all of them.
func (l *lab) baselines(ctx context.Context) ([]*subject, error) {
	var all []*subject
	for _, kind := range []string{kindConsume, kindPass, kindTransact} {
		c, err := l.baseline(ctx, kind)
		if err != nil {
			return nil, fmt.Errorf("starting the baseline %s: %w", kind, err)
		}
		all = append(all, c)
	}
	return all, nil
}

// routing measures a router of whose events every share-th is mapped.
func (l *lab) routing(ctx context.Context, size sizes, name string, share int) (match, error) {
	in, err := l.install(ctx, usualShape())
	if err != nil {
		return match{}, err
	}
	subjects, err := l.baselines(ctx)
	if err != nil {
		return match{}, err
	}
	router, _, err := in.router(ctx, name, func(n int64) expected {
		mapped := (n + int64(share) - 1) / int64(share)
		return expected{status: decision.Queued, count: mapped, handover: mapped}
	})
	if err != nil {
		return match{}, err
	}
	subjects = append(subjects, router)
	makes := newMaker(size.seed)
	var records []*kgo.Record
	m, err := l.rounds(ctx, size.rounds, subjects, func(c *subject, round int) ([]*kgo.Record, error) {
		if c == subjects[0] {
			records = makes.slice(in.writer, size.of(round), share)
		}
		return records, nil
	})
	for _, c := range subjects {
		err = errors.Join(err, c.worker.stop())
	}
	return m, err
}
