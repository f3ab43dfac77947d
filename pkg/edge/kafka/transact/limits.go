package transact

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// limits knows how large a batch each topic takes: as configured, until a
// broker has refused one.
type limits struct {
	configured int32

	mu      sync.Mutex
	learned map[string]int32
}

func (l *limits) of(topic string) int32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if v, ok := l.learned[topic]; ok {
		return v
	}
	return l.configured
}

// learn asks the brokers for the topic's limit after a refusal. Where they do
// not say, or say what we knew, the limit is halved, which ends because one
// record that is too large alone is handed to the Oversized hook.
func (l *limits) learn(ctx context.Context, cl *kgo.Client, topic string) int32 {
	was := l.of(topic)
	limit := was / 2
	if configs, err := kadm.NewClient(cl).DescribeTopicConfigs(ctx, topic); err == nil {
		for _, rc := range configs {
			for _, c := range rc.Configs {
				if c.Key != "max.message.bytes" {
					continue
				}
				if n, err := strconv.ParseInt(c.MaybeValue(), 10, 32); err == nil && int32(n) < was {
					limit = int32(n)
				}
			}
		}
	}
	limit = max(limit, 1024)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.learned[topic] = limit
	return limit
}

// fit replaces, in place, every record that its topic would refuse.
func (l *Loop) fit(records []*kgo.Record) error {
	for i, r := range records {
		if kafka.RecordSize(r) <= int(l.limits.of(r.Topic)) {
			continue
		}
		if l.deps.Oversized == nil {
			return fmt.Errorf("writing %d bytes to %s: %w", kafka.RecordSize(r), r.Topic, ErrOversized)
		}
		other, err := l.deps.Oversized(r)
		if err != nil {
			return fmt.Errorf("replacing a record of %d bytes for %s: %w", kafka.RecordSize(r), r.Topic, err)
		}
		if size := kafka.RecordSize(other); size > int(l.limits.of(other.Topic)) {
			return fmt.Errorf("writing the replacement of %d bytes to %s: %w", size, other.Topic, ErrOversized)
		}
		records[i] = other
	}
	return nil
}
