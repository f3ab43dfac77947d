package cluster

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluicehq/sluice/pkg/edge/unready"
)

// RequireTopics fails with *unready.Error where one of the topics is missing.
func (c *Cluster) RequireTopics(ctx context.Context, names ...string) error {
	client, err := c.Client(ctx)
	if err != nil {
		return err
	}
	req := kmsg.NewPtrMetadataRequest()
	for _, name := range names {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = kmsg.StringPtr(name)
		req.Topics = append(req.Topics, t)
	}
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return fmt.Errorf("listing topics: %w", err)
	}
	var missing []string
	for _, t := range resp.Topics {
		if errors.Is(kerr.ErrorForCode(t.ErrorCode), kerr.UnknownTopicOrPartition) && t.Topic != nil {
			missing = append(missing, *t.Topic)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	fix := "run `sluice topology apply`"
	if len(missing) == 1 && missing[0] == c.cfg.Input {
		fix = "create the analytics topic, or correct topics.input; Sluice never creates it"
	}
	return &unready.Error{What: "topics are missing: " + strings.Join(missing, ", "), Fix: fix}
}

// Retention is how long a topic keeps its records; Forever where it does not
// remove them by age.
type Retention struct {
	Topic   string
	Keeps   time.Duration
	Forever bool
}

// Retentions asks the cluster how long topics keep their records, in the order
// of the names.
func (c *Cluster) Retentions(ctx context.Context, topics ...string) ([]Retention, error) {
	all := make([]Retention, 0, len(topics))
	err := c.settings(ctx, topics, func(topic string, settings map[string]string) {
		r := Retention{Topic: topic, Keeps: 7 * 24 * time.Hour} // the broker's default
		if ms, err := strconv.ParseInt(settings["retention.ms"], 10, 64); err == nil {
			r.Forever, r.Keeps = ms < 0, time.Duration(ms)*time.Millisecond
		}
		if policy, given := settings["cleanup.policy"]; given && !strings.Contains(policy, "delete") {
			r.Forever = true
		}
		all = append(all, r)
	})
	if err != nil {
		return nil, fmt.Errorf("asking how long topics keep their records: %w", err)
	}
	return all, nil
}

// VersionsKept is for how long compacted topics hold every version of a key at
// least: the shortest min.compaction.lag.ms of them; zero where one may be
// compacted at any time.
func (c *Cluster) VersionsKept(ctx context.Context, topics ...string) (time.Duration, error) {
	shortest := time.Duration(-1)
	err := c.settings(ctx, topics, func(_ string, settings map[string]string) {
		lag := time.Duration(0)
		if ms, err := strconv.ParseInt(settings["min.compaction.lag.ms"], 10, 64); err == nil {
			lag = time.Duration(ms) * time.Millisecond
		}
		if shortest < 0 || lag < shortest {
			shortest = lag
		}
	})
	if err != nil {
		return 0, fmt.Errorf("asking how long versions are kept: %w", err)
	}
	return max(shortest, 0), nil
}

// settings gives the settings of topics, in their order.
func (c *Cluster) settings(ctx context.Context, topics []string, take func(topic string, settings map[string]string)) error {
	admin, err := c.Admin(ctx)
	if err != nil {
		return err
	}
	configs, err := admin.DescribeTopicConfigs(ctx, topics...)
	if err != nil {
		return err
	}
	for _, topic := range topics {
		one, err := configs.On(topic, nil)
		if err == nil {
			err = one.Err
		}
		if err != nil {
			return fmt.Errorf("%s: %w", topic, err)
		}
		settings := map[string]string{}
		for _, s := range one.Configs {
			settings[s.Key] = s.MaybeValue()
		}
		take(topic, settings)
	}
	return nil
}
