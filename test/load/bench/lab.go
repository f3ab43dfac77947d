package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// lab is what every benchmark of one run shares: the services, and this
// process's own clients.
type lab struct {
	kafkaChild, redisChild, providerChild *child
	at                                    addresses
	log                                   io.Writer
	// profiles is a folder for processor profiles; empty: none.
	profiles string

	// broker and redis tell what those services have used.
	broker, redis func() (usage, error)

	client *kgo.Client // of the transactions that events are written in
	admin  *kadm.Client
	ids    int // of installations and groups
	closes []func() error
}

// openLab starts the services, or uses real ones where their addresses are
// given.
func openLab(ctx context.Context, onReal bool, log io.Writer) (_ *lab, err error) {
	l := &lab{log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	for _, c := range []**child{&l.kafkaChild, &l.redisChild, &l.providerChild} {
		if *c, err = startChild(ctx, order{Kind: kindServices}, log); err != nil {
			return nil, err
		}
		l.closes = append(l.closes, (*c).stop)
	}
	l.at = addresses{
		Brokers: l.kafkaChild.hello.Addresses.Brokers, Registry: l.kafkaChild.hello.Addresses.Registry,
		Redis: l.redisChild.hello.Addresses.Redis, Provider: l.providerChild.hello.Addresses.Provider,
	}
	l.broker, l.redis = l.kafkaChild.usage, l.redisChild.usage
	if onReal {
		if err := l.useReal(ctx); err != nil {
			return nil, err
		}
	}
	cfg := kafka.Config{Brokers: l.at.Brokers}
	opts, err := kafka.Options(cfg)
	if err != nil {
		return nil, err
	}
	opts = append(opts, kafka.ProducerOptions(cfg)...)
	opts = append(opts, kafka.TransactOptions(kafka.Transact{ID: "bench-events", Timeout: 5 * time.Minute})...)
	if l.client, err = kgo.NewClient(opts...); err != nil {
		return nil, fmt.Errorf("making a client for events: %w", err)
	}
	l.closes = append(l.closes, func() error { l.client.Close(); return nil })
	l.admin = kadm.NewClient(l.client)
	return l, nil
}

// close ends everything, last first.
func (l *lab) close() error {
	var errs []error
	for i := len(l.closes) - 1; i >= 0; i-- {
		errs = append(errs, l.closes[i]())
	}
	l.closes = nil
	return errors.Join(errs...)
}

// name gives each thing of a run a name of its own.
func (l *lab) name(what string) string {
	l.ids++
	return fmt.Sprintf("bench%d.%s", l.ids, what)
}

// start starts a child that ends with the lab at the latest.
func (l *lab) start(ctx context.Context, o order) (*child, error) {
	c, err := startChild(ctx, o, l.log)
	if err != nil {
		return nil, err
	}
	l.closes = append(l.closes, c.stop)
	return c, nil
}

// settings reach the services.
func (l *lab) settings(more map[string]string) map[string]string {
	all := map[string]string{
		"kafka.brokers": l.at.Brokers[0], "registry.url": l.at.Registry, "redis.address": l.at.Redis,
		"admin.listen": "off", "telemetry.log.level": "error", "telemetry.log.format": "text", "redis.timeout": "10s",
	}
	for k, v := range more {
		all[k] = v
	}
	return all
}

// createTopics makes topics that are not compacted.
func (l *lab) createTopics(ctx context.Context, partitions int32, configs map[string]string, names ...string) error {
	given := map[string]*string{}
	for k, v := range configs {
		given[k] = &v
	}
	made, err := l.admin.CreateTopics(ctx, partitions, 1, given, names...)
	if err == nil {
		err = made.Error()
	}
	if err != nil {
		return fmt.Errorf("creating topics: %w", err)
	}
	return nil
}

// write puts records into a topic inside a transaction that stays open: nobody
// sees them yet. It returns where each partition will end.
func (l *lab) write(ctx context.Context, topic string, records []*kgo.Record) (ends map[int32]int64, err error) {
	if err := l.client.BeginTransaction(); err != nil {
		return nil, fmt.Errorf("writing events: %w", err)
	}
	written := make([]*kgo.Record, len(records))
	for i, r := range records {
		written[i] = &kgo.Record{Topic: topic, Key: r.Key, Value: r.Value, Headers: r.Headers}
	}
	results := l.client.ProduceSync(ctx, written...)
	if err := results.FirstErr(); err != nil {
		return nil, fmt.Errorf("writing events: %w", err)
	}
	ends = map[int32]int64{}
	for _, r := range written {
		ends[r.Partition] = max(ends[r.Partition], r.Offset+1)
	}
	return ends, nil
}

// appear commits what write has written: it becomes visible all at once.
func (l *lab) appear(ctx context.Context) error {
	if err := l.client.EndTransaction(ctx, kgo.TryCommit); err != nil {
		return fmt.Errorf("committing events: %w", err)
	}
	return nil
}

// pollEvery is how often a group is asked how far it is.
const pollEvery = 5 * time.Millisecond

// awaitGroup waits until a consumer group has committed the ends of a topic.
func (l *lab) awaitGroup(ctx context.Context, group, topic string, ends map[int32]int64) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		committed, err := l.admin.FetchOffsets(ctx, group)
		if err != nil {
			return fmt.Errorf("asking what %s has read: %w", group, err)
		}
		left := int64(0)
		for p, end := range ends {
			at := int64(0)
			if o, ok := committed.Lookup(topic, p); ok {
				at = o.At
			}
			left += max(0, end-at)
		}
		if left == 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s, which has %d records of %s left: %w", group, left, topic, ctx.Err())
		}
	}
}
