package bench

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/ops/apply"
)

// installation is one set of topics and groups of Sluice: what a router and a
// sender of their own need.
type installation struct {
	lab      *lab
	env      *boot.Env
	settings map[string]string
	writer   *codec.Writer
	input    string
	topics   []string // that are written to and counted
}

// shape is how large an installation is.
type shape struct {
	partitions   int32
	destinations int
	lane         string // of every mapping
	subjects     int    // with a consent record
	settings     map[string]string
}

func usualShape() shape {
	return shape{partitions: 6, destinations: 1, subjects: 10_000, lane: decision.LaneBatch.String()}
}

// install creates topics, resources and consent records.
func (l *lab) install(ctx context.Context, s shape) (*installation, error) {
	prefix := l.name("sluice")
	in := &installation{lab: l, input: "analytics." + prefix}
	in.settings = l.settings(map[string]string{
		"topics.prefix": prefix, "topics.input": in.input, "router.group": prefix + ".router", "router.hold.group": prefix + ".hold",
		"sender.group": prefix + ".sender", "sender.run": "meta", "router.instance": prefix,
		"sender.providers.meta.base_url": l.at.Provider, "sender.providers.meta.allow_insecure": "true", "sender.providers.meta.allow_private": "true",
	})
	maps.Copy(in.settings, s.settings)
	cfg, err := order{Settings: in.settings}.config()
	if err != nil {
		return nil, err
	}
	if in.env, err = boot.NewEnv(cfg, boot.Options{Version: version}); err != nil {
		return nil, err
	}
	l.closes = append(l.closes, in.env.Close)
	if err := in.makeTopics(ctx, s.partitions); err != nil {
		return nil, err
	}
	if in.writer, err = in.env.Writer(ctx); err != nil {
		return nil, err
	}
	if err := in.apply(ctx, resourcesYAML(s.destinations, s.lane)); err != nil {
		return nil, err
	}
	return in, in.consents(ctx, s)
}

// with are the settings with another value of one.
func (in *installation) with(path, value string) map[string]string {
	all := maps.Clone(in.settings)
	all[path] = value
	return all
}

func (in *installation) makeTopics(ctx context.Context, partitions int32) error {
	declared, err := in.env.Topology(topology.Options{Partitions: partitions, Replication: 1})
	if err != nil {
		return err
	}
	for _, t := range declared {
		if err := in.lab.createTopics(ctx, t.Partitions, t.Configs, t.Name); err != nil {
			return err
		}
		if t.Configs["cleanup.policy"] == "delete" {
			in.topics = append(in.topics, t.Name)
		}
	}
	return in.lab.createTopics(ctx, partitions, nil, in.input)
}

// apply writes resources as `sluice apply` does, without a plan.
func (in *installation) apply(ctx context.Context, yaml string) error {
	resources, problems := resource.Load([]resource.File{{Name: "bench.yaml", Data: []byte(yaml)}}, nil, in.env.Resources())
	if resource.HasErrors(problems) {
		return &apply.ProblemsError{Problems: problems}
	}
	var records []*kgo.Record
	add := func(topic, key string, value []byte) {
		records = append(records, &kgo.Record{Topic: topic, Key: []byte(key), Value: value})
	}
	n, w := in.env.Names, in.writer
	for _, p := range resources.Policies {
		add(n.Policies(), p.ID, w.AppendPolicy(nil, p, resource.HashPolicy(p)))
	}
	for _, d := range resources.Destinations {
		add(n.Destinations(), d.ID, w.AppendDestination(nil, d))
	}
	for _, m := range resources.Mappings {
		add(n.Mappings(), resource.MappingKey(m), w.AppendMapping(nil, m))
	}
	return in.lab.produce(ctx, records)
}

// consents writes a record for every subject.
func (in *installation) consents(ctx context.Context, s shape) error {
	const chunk = 20_000
	granted := consent.Text("granted")
	for n := 0; n < s.subjects; {
		var records []*kgo.Record
		for ; n < s.subjects && len(records) < chunk; n++ {
			r := consent.Record{
				Input:     consent.Input{AdStorage: granted, AdUserData: granted, AdPersonalization: granted},
				UpdatedAt: time.Now().Add(-time.Hour).UnixMilli(),
			}
			records = append(records, &kgo.Record{
				Topic: in.env.Names.Consent(), Key: event.Key(nil, customerOf(n%s.destinations), subjectID(n), ""),
				Value: in.writer.AppendConsentRecord(nil, &r),
			})
		}
		if err := in.lab.produce(ctx, records); err != nil {
			return err
		}
	}
	return nil
}

// produce writes records of any topics in one transaction.
func (l *lab) produce(ctx context.Context, records []*kgo.Record) error {
	if err := l.client.BeginTransaction(); err != nil {
		return fmt.Errorf("writing records: %w", err)
	}
	if err := l.client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return fmt.Errorf("writing records: %w", err)
	}
	return l.appear(ctx)
}
