package demo

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
)

// watch feeds the ledger from the topics, as any consumer would.
func (s *stage) watch(ctx context.Context, ledger *Ledger, set *resource.Set) error {
	r, err := reader.Open(ctx, reader.Config{
		Kafka: s.services.Kafka(), Topics: s.watched(),
		Notice: func(n reader.Notice) { s.env.Log.Warn("the accounting reads on", "detail", n.String()) },
	})
	if err != nil {
		return fmt.Errorf("beginning the accounting: %w", err)
	}
	defer r.Close()
	with, err := codecs(s)
	if err != nil {
		return err
	}
	with.set = set
	for {
		records, err := r.Poll(ctx, 0)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading for the accounting: %w", err)
		}
		for _, record := range records {
			if err := s.note(ctx, with, ledger, record); err != nil {
				return fmt.Errorf("reading %s/%d@%d for the accounting: %w", record.Topic, record.Partition, record.Offset, err)
			}
		}
		for p, next := range r.Positions() {
			ledger.Read(p, next)
		}
	}
}

// watched are the topics that the accounting rests on.
func (s *stage) watched() []string {
	return append(s.deliveries(), s.env.Names.Diagnostics(), s.env.Config.Topics.Input, s.env.Names.Mappings())
}

func (s *stage) deliveries() []string {
	var all []string
	for _, p := range s.env.AllSenders() {
		for _, lane := range []decision.Lane{decision.LaneRealtime, decision.LaneBatch, decision.LaneReplay} {
			all = append(all, s.env.Names.Delivery(p, lane))
		}
	}
	return all
}

// readers decode what the accounting reads.
type readers struct {
	decisions  *codec.Decoder[decision.Decision]
	deliveries *codec.Decoder[decision.Delivery]
	events     *codec.Events
	// set is what the demo applied; nil once another terminal changed mappings,
	// after which nobody but the router knows which events one named.
	set *resource.Set
}

func codecs(s *stage) (*readers, error) {
	registry, err := s.env.Registry.Codec()
	if err != nil {
		return nil, err
	}
	r := &readers{}
	if r.decisions, err = codec.Diagnostics(registry); err != nil {
		return nil, err
	}
	if r.deliveries, err = codec.Deliveries(registry); err != nil {
		return nil, err
	}
	r.events, err = s.env.Events()
	return r, err
}

// wanted tells whether an input record needs a decision of its own.
func (r *readers) wanted(ctx context.Context, value []byte) bool {
	head, err := r.events.Head(ctx, value)
	return err != nil || len(r.set.Match(head.CustomerID, head.EventName)) > 0
}

func (s *stage) note(ctx context.Context, with *readers, ledger *Ledger, r *kgo.Record) error {
	switch r.Topic {
	case s.env.Config.Topics.Input:
		ledger.Input(r.Partition, r.Offset, with.wanted(ctx, r.Value))
		return nil
	case s.env.Names.Mappings():
		if r.Offset >= s.mappings {
			with.set = nil
		}
		return nil
	case s.env.Names.Diagnostics():
	default:
		var d decision.Delivery
		if err := with.deliveries.Decode(ctx, r.Value, &d); err != nil {
			return err
		}
		ledger.Delivery(&d)
		return nil
	}
	var d decision.Decision
	if err := with.decisions.Decode(ctx, r.Value, &d); err != nil {
		return err
	}
	ledger.Decision(&d)
	s.capture.decision(&d)
	return nil
}

// admin is a client of the accounting's own: the environment's is the roles'.
func (s *stage) admin() (*kadm.Client, error) {
	s.adminOnce.Do(func() {
		var client *kgo.Client
		if client, s.adminErr = kgo.NewClient(kgo.SeedBrokers(s.services.Kafka().Brokers...)); s.adminErr == nil {
			s.adminClient = kadm.NewClient(client)
			s.env.OnClose(func() error { client.Close(); return nil })
		}
	})
	return s.adminClient, s.adminErr
}

// backlog is how much a group has still to read of a topic.
func (s *stage) backlog(ctx context.Context, group, topic string) (int64, error) {
	admin, err := s.admin()
	if err != nil {
		return 0, err
	}
	ends, err := reader.StableEnds(ctx, admin, topic)
	if err != nil {
		return 0, err
	}
	starts, err := reader.Starts(ctx, admin, topic)
	if err != nil {
		return 0, err
	}
	committed, err := reader.Committed(ctx, admin, group)
	if err != nil {
		return 0, err
	}
	var waiting int64
	for p, end := range ends {
		left := end - max(starts[p], committed[p])
		if topic != s.env.Config.Topics.Input {
			// The last offset of a transactional topic is a control record,
			// which nobody commits past.
			left--
		}
		waiting += max(left, 0)
	}
	return waiting, nil
}

// ends are where the watched topics end now.
func (s *stage) ends(ctx context.Context) (reader.Offsets, error) {
	admin, err := s.admin()
	if err != nil {
		return nil, err
	}
	return reader.StableEnds(ctx, admin, s.watched()...)
}

// inputs is how many records the input topic has been given.
func (s *stage) inputs(ctx context.Context) (int, error) {
	admin, err := s.admin()
	if err != nil {
		return 0, err
	}
	ends, err := reader.WrittenEnds(ctx, admin, s.env.Config.Topics.Input)
	if err != nil {
		return 0, err
	}
	written := 0
	for _, end := range ends {
		written += int(end)
	}
	return written, nil
}
