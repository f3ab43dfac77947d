package topology

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Action is what would be done about one topic.
type Action string

// The actions.
const (
	Create Action = "create"
	Alter  Action = "alter"
	Keep   Action = "keep"
	// Refuse: the cluster differs in a way that only a person can mend.
	Refuse Action = "refuse"
)

// Change is the difference between one topic as declared and as it is.
type Change struct {
	Topic   string   `json:"topic"`
	Action  Action   `json:"action"`
	Details []string `json:"details,omitempty"`
	// Advice is what a person can do where the action is Refuse; many topics
	// have the same.
	Advice string `json:"advice,omitempty"`
	// Note is what differs and stays as it is.
	Note string `json:"note,omitempty"`

	declared Topic
	configs  map[string]string
	shrink   bool
}

// Plan is every topic's change, in the order of the declaration.
type Plan []Change

// Pending reports whether anything is to be done.
func (p Plan) Pending() bool {
	for _, c := range p {
		if c.Action != Keep {
			return true
		}
	}
	return false
}

// Refused reports whether something needs a person.
func (p Plan) Refused() bool {
	for _, c := range p {
		if c.Action == Refuse {
			return true
		}
	}
	return false
}

// Diff compares the declared topics with a cluster. A retention that is longer
// there than declared is shortened only where shrink is set.
func Diff(ctx context.Context, client *kgo.Client, topics []Topic, shrink bool) (Plan, error) {
	found, err := sizesOf(ctx, client, topics)
	if err != nil {
		return nil, err
	}
	configs, err := configsOf(ctx, kadm.NewClient(client), slices.Sorted(maps.Keys(found)))
	if err != nil {
		return nil, err
	}
	plan := make(Plan, 0, len(topics))
	for _, t := range topics {
		plan = append(plan, compare(t, found[t.Name], configs[t.Name], shrink))
	}
	return plan, nil
}

// size is how large an existing topic is.
type size struct {
	partitions int32
	replicas   int
}

// sizesOf measures the topics that exist. It asks a
// broker itself: kadm answers from a cache of some seconds, in which a topic
// that was just created does not exist.
func sizesOf(ctx context.Context, client *kgo.Client, topics []Topic) (map[string]size, error) {
	req := kmsg.NewPtrMetadataRequest()
	for _, t := range topics {
		one := kmsg.NewMetadataRequestTopic()
		one.Topic = kmsg.StringPtr(t.Name)
		req.Topics = append(req.Topics, one)
	}
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return nil, fmt.Errorf("listing topics: %w", err)
	}
	found := map[string]size{}
	for _, t := range resp.Topics {
		name := ""
		if t.Topic != nil {
			name = *t.Topic
		}
		switch err := kerr.ErrorForCode(t.ErrorCode); {
		case errors.Is(err, kerr.UnknownTopicOrPartition):
		case err != nil:
			return nil, fmt.Errorf("looking at topic %s: %w", name, err)
		default:
			found[name] = size{partitions: int32(len(t.Partitions))}
			if len(t.Partitions) > 0 {
				found[name] = size{partitions: int32(len(t.Partitions)), replicas: len(t.Partitions[0].Replicas)}
			}
		}
	}
	return found, nil
}

func configsOf(ctx context.Context, admin *kadm.Client, topics []string) (map[string]map[string]string, error) {
	all := map[string]map[string]string{}
	if len(topics) == 0 {
		return all, nil
	}
	described, err := admin.DescribeTopicConfigs(ctx, topics...)
	if err != nil {
		return nil, fmt.Errorf("reading topic configs: %w", err)
	}
	for _, r := range described {
		if r.Err != nil {
			return nil, fmt.Errorf("reading the configs of topic %s: %w", r.Name, r.Err)
		}
		all[r.Name] = map[string]string{}
		for _, c := range r.Configs {
			all[r.Name][c.Key] = c.MaybeValue()
		}
	}
	return all, nil
}

func compare(t Topic, is size, configs map[string]string, shrink bool) Change {
	c := Change{Topic: t.Name, Action: Keep, declared: t, shrink: shrink}
	if is.partitions == 0 {
		c.Action = Create
		c.Details = []string{fmt.Sprintf("%d partitions, %d replicas", t.Partitions, t.Replication)}
		for _, key := range t.ConfigKeys() {
			c.Details = append(c.Details, key+" = "+t.Configs[key])
		}
		return c
	}
	c.configs = map[string]string{}
	for _, key := range t.ConfigKeys() {
		if key == minInsync && is.replicas < minReplicas {
			// A topic that was made with fewer replicas, as on a laptop, could
			// not be written to with this setting.
			continue
		}
		has, want := configs[key], t.Configs[key]
		switch {
		case has == want:
		case key == retention && !shrink && longer(has, want):
			c.Note = stays(has, want)
		default:
			c.Action = Alter
			c.configs[key] = want
			c.Details = append(c.Details, fmt.Sprintf("%s: %s -> %s", key, has, want))
		}
	}
	if is.partitions != t.Partitions {
		c.Action = Refuse
		c.Details = append(c.Details, fmt.Sprintf("it has %d partitions and %d are declared", is.partitions, t.Partitions))
		c.Advice = partitionAdvice(t, is.partitions)
	}
	return c
}

func partitionAdvice(t Topic, is int32) string {
	if t.Keyed {
		return fmt.Sprintf("changing the count would move subjects between partitions; keep the cluster's count (--partitions %d), or drain everything and make all keyed topics anew", is)
	}
	return "a table's records must stay in one order; make the topic anew and apply again"
}

// settleWithin bounds the wait for a cluster to show what it has agreed to.
const settleWithin = time.Minute

// Apply creates and alters what the plan says. A plan with refusals is not
// applied at all. A cluster agrees before its brokers know, so Apply returns
// when the broker that is asked shows every change: a role that is started
// next would miss its topics.
func Apply(ctx context.Context, client *kgo.Client, plan Plan) error {
	admin := kadm.NewClient(client)
	for _, c := range plan {
		if c.Action == Refuse {
			return fmt.Errorf("applying the topology: topic %s: %s: %s", c.Topic, c.Details[len(c.Details)-1], c.Advice)
		}
	}
	for _, c := range plan {
		var err error
		switch c.Action {
		case Create:
			err = create(ctx, admin, c.declared)
		case Alter:
			err = alter(ctx, admin, c)
		case Keep, Refuse:
		}
		if err != nil {
			return err
		}
	}
	return plan.settle(ctx, client)
}

// settle waits until nothing of the plan differs any more.
func (p Plan) settle(ctx context.Context, client *kgo.Client) error {
	var changed []Topic
	shrink := false
	for _, c := range p {
		if c.Action != Keep {
			changed, shrink = append(changed, c.declared), c.shrink
		}
	}
	if len(changed) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		now, err := Diff(ctx, client, changed, shrink)
		if err == nil && !now.Pending() {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the cluster to show the changes: %w", errors.Join(ctx.Err(), err))
		}
	}
}

func create(ctx context.Context, admin *kadm.Client, t Topic) error {
	configs := make(map[string]*string, len(t.Configs))
	for key, value := range maps.All(t.Configs) {
		configs[key] = &value
	}
	r, err := admin.CreateTopic(ctx, t.Partitions, t.Replication, configs, t.Name)
	if err == nil {
		err = r.Err
	}
	if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
		return fmt.Errorf("creating topic %s: %w", t.Name, err)
	}
	return nil
}

func alter(ctx context.Context, admin *kadm.Client, c Change) error {
	changes := make([]kadm.AlterConfig, 0, len(c.configs))
	for key, value := range maps.All(c.configs) {
		changes = append(changes, kadm.AlterConfig{Op: kadm.SetConfig, Name: key, Value: &value})
	}
	answers, err := admin.AlterTopicConfigs(ctx, changes, c.Topic)
	if err != nil {
		return fmt.Errorf("altering topic %s: %w", c.Topic, err)
	}
	for _, r := range answers {
		if r.Err != nil {
			return fmt.Errorf("altering topic %s: %w", c.Topic, r.Err)
		}
	}
	return nil
}
