package chaos

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/schemas"
	"github.com/sluicehq/sluice/test/load/ledger"
	"github.com/sluicehq/sluice/test/load/traffic"
	"github.com/sluicehq/sluice/test/load/world"
)

// writer writes traffic at a steady rate, as analytics and the customer's
// consent service would, around the proxies.
type writer struct {
	w      *world.World
	ledger *ledger.Ledger
	ids    codec.IDs
	source *traffic.Source
	rate   int // events a second

	// writing is held while records are handed over; whoever must not be
	// interrupted takes it.
	writing sync.Mutex
	pending []consent
	topic   [16]byte
	stopped atomic.Bool

	mu     sync.Mutex
	failed []error
}

// consent is a record that is due later.
type consent struct {
	item *traffic.Item
	due  time.Time
}

func newWriter(ctx context.Context, w *world.World, l *ledger.Ledger, seed uint64, rate int) (*writer, error) {
	registry := codec.NewRegistry(codec.RegistryConfig{}, codec.RegistryDeps{Client: w.Registry, Now: time.Now})
	ids, err := registry.Resolve(ctx, codec.Topics{
		schemas.AnalyticsEvent: {world.InputTopic}, schemas.ConsentRecord: {w.Names.Consent()},
	}, false)
	if err != nil {
		return nil, fmt.Errorf("asking for the schemas of traffic: %w", err)
	}
	out := &writer{w: w, ledger: l, ids: ids, source: traffic.New(seed), rate: rate}
	return out, out.look(ctx)
}

// look asks which topic the input topic is, past every cache, until it is
// another one than before.
func (o *writer) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		req := kmsg.NewPtrMetadataRequest()
		one := kmsg.NewMetadataRequestTopic()
		one.Topic = kmsg.StringPtr(world.InputTopic)
		req.Topics = append(req.Topics, one)
		resp, err := req.RequestWith(ctx, o.w.Client)
		if err == nil && len(resp.Topics) == 1 && resp.Topics[0].ErrorCode == 0 && resp.Topics[0].TopicID != o.topic && len(resp.Topics[0].Partitions) > 0 {
			o.topic = resp.Topics[0].TopicID
			return nil
		}
		wait(ctx, 200*time.Millisecond)
	}
	return fmt.Errorf("asking for the id of %s: %w", world.InputTopic, ctx.Err())
}

// run writes until ctx ends, then what is still due.
func (o *writer) run(ctx context.Context) {
	const every = 50 * time.Millisecond
	tick := time.NewTicker(every)
	defer tick.Stop()
	owed := 0.0
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		o.writing.Lock()
		if !o.stopped.Load() {
			owed += float64(o.rate) * every.Seconds()
			for ; owed >= 1; owed-- {
				o.event(o.source.Next(time.Now()))
			}
		}
		o.consents(false)
		o.writing.Unlock()
	}
}

// burst writes so many events at once.
func (o *writer) burst(n int) {
	o.writing.Lock()
	defer o.writing.Unlock()
	for range n {
		o.event(o.source.Next(time.Now()))
	}
}

// finish writes no more events, and every consent record that is still due.
func (o *writer) finish(ctx context.Context) error {
	o.stopped.Store(true)
	o.writing.Lock()
	o.consents(true)
	o.writing.Unlock()
	return o.flush(ctx)
}

func (o *writer) flush(ctx context.Context) error {
	if err := o.w.Client.Flush(ctx); err != nil {
		return fmt.Errorf("waiting for traffic to be written: %w", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return errors.Join(o.failed...)
}

// event hands one record over; the caller holds writing.
func (o *writer) event(item *traffic.Item) {
	r := &kgo.Record{Topic: world.InputTopic, Value: item.Raw}
	if e := item.Event; e != nil {
		r.Value = codec.AppendEvent(nil, o.ids[schemas.AnalyticsEvent], e)
		if e.CustomerID != "" {
			r.Key = event.Key(nil, e.CustomerID, e.SubjectID.Reveal(), e.ID)
		}
	}
	topic := o.topic
	o.w.Client.Produce(context.Background(), r, func(r *kgo.Record, err error) {
		if err != nil {
			o.fail(fmt.Errorf("writing an event: %w", err))
			return
		}
		o.ledger.Wrote(item, ledger.At{Topic: topic, Partition: r.Partition, Offset: r.Offset}, time.Now())
	})
	if item.Consent != nil {
		o.pending = append(o.pending, consent{item, time.Now().Add(item.After)})
	}
}

// consents hands over what is due, or all.
func (o *writer) consents(all bool) {
	kept := o.pending[:0]
	for _, c := range o.pending {
		if !all && time.Now().Before(c.due) {
			kept = append(kept, c)
			continue
		}
		item, record := c.item, *c.item.Consent
		record.UpdatedAt = time.Now().UnixMilli()
		r := &kgo.Record{
			Topic: o.w.Names.Consent(), Key: event.Key(nil, item.Event.CustomerID, item.Event.SubjectID.Reveal(), ""),
			Value: codec.AppendConsentRecord(nil, o.ids[schemas.ConsentRecord], &record),
		}
		o.w.Client.Produce(context.Background(), r, func(_ *kgo.Record, err error) {
			if err != nil {
				o.fail(fmt.Errorf("writing a consent record: %w", err))
			} else if item.Revokes {
				o.ledger.Revoked(item.Event.ID, time.Now())
			}
		})
	}
	o.pending = kept
}

func (o *writer) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failed = append(o.failed, err)
}
