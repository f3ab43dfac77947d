package place

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/sluicehq/sluice/pkg/fake/embedded"
	"github.com/sluicehq/sluice/test/patience"
)

// create makes topics and waits until the cluster knows them, which a real
// one does some milliseconds after it said so.
func (p *Place) create(topics []embedded.Topic) {
	p.t.Helper()
	if len(topics) == 0 {
		return
	}
	ctx, cancel := patience.Context(p.t)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(p.at.Kafka...))
	require.NoError(p.t, err)
	defer client.Close()
	admin := kadm.NewClient(client)
	var names []string
	for _, t := range topics {
		configs := map[string]*string{}
		for key, value := range t.Configs {
			configs[key] = kadm.StringPtr(value)
		}
		name := p.Name(t.Name)
		names = append(names, name)
		answer, err := admin.CreateTopic(ctx, max(t.Partitions, 1), -1, configs, name)
		require.NoError(p.t, errors.Join(err, answer.Err), name)
	}
	p.AwaitTopics(ctx, names...)
}

// AwaitTopics waits until every partition of some topics, by their names here,
// has a leader.
func (p *Place) AwaitTopics(ctx context.Context, names ...string) {
	p.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(p.Kafka().Brokers...), kgo.MetadataMinAge(10*time.Millisecond))
	require.NoError(p.t, err)
	defer client.Close()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		ends, err := kadm.NewClient(client).ListEndOffsets(ctx, names...)
		if err == nil {
			err = ends.Error()
		}
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			require.NoError(p.t, err, "topics that were made do not become usable")
		}
	}
}

// remove leaves a real cluster as it was found. What it may not remove, or
// cannot because a member that was killed still counts, is only said.
func (p *Place) remove() {
	ctx, cancel := patience.Context(p.t)
	defer cancel()
	var failed []error
	p.cut.Store(false)
	p.EmptyRedis()
	client, err := kgo.NewClient(kgo.SeedBrokers(p.at.Kafka...))
	require.NoError(p.t, err)
	defer client.Close()
	admin := kadm.NewClient(client)
	topics, err := admin.ListTopics(ctx)
	failed = append(failed, err)
	if mine := p.mine(topics.Names()); len(mine) > 0 {
		answers, err := admin.DeleteTopics(ctx, mine...)
		failed = append(failed, err, answers.Error())
	}
	groups, err := admin.ListGroups(ctx)
	failed = append(failed, err)
	if mine := p.mine(groups.Groups()); len(mine) > 0 {
		answers, err := admin.DeleteGroups(ctx, mine...)
		failed = append(failed, err)
		for _, a := range answers {
			if !errors.Is(a.Err, kerr.NonEmptyGroup) && !errors.Is(a.Err, kerr.GroupIDNotFound) {
				failed = append(failed, a.Err)
			}
		}
	}
	failed = append(failed, p.removeSubjects(ctx))
	if err := errors.Join(failed...); err != nil {
		p.t.Logf("what the test made under %s could not all be removed: %v", p.prefix, err)
	}
}

func (p *Place) mine(names []string) []string {
	var all []string
	for _, name := range names {
		if strings.HasPrefix(name, p.prefix) {
			all = append(all, name)
		}
	}
	return all
}

func (p *Place) removeSubjects(ctx context.Context) error {
	registry, err := sr.NewClient(sr.URLs(p.at.Registry), sr.HTTPClient(p.HTTPClient()))
	if err != nil {
		return err
	}
	subjects, err := registry.Subjects(ctx)
	if err != nil {
		return err
	}
	var failed []error
	for _, subject := range p.mine(subjects) {
		_, err := registry.DeleteSubject(ctx, subject, sr.SoftDelete)
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}
