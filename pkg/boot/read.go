package boot

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/diagnostics"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
)

// EachRecord reads a topic from a time on to where it ends now, open
// transactions aside.
func (e *Env) EachRecord(ctx context.Context, topic string, since time.Time, take func(*kgo.Record) error) error {
	return e.read(ctx, reader.Config{Topics: []string{topic}, From: kafka.At(since), To: reader.Stable}, take, nil)
}

// read reads what a configuration says, and logs what happens to the topics
// meanwhile.
func (e *Env) read(ctx context.Context, cfg reader.Config, take func(*kgo.Record) error, idle func() error) error {
	r, err := e.OpenReader(ctx, cfg)
	if err != nil {
		return err
	}
	defer r.Close()
	return r.Each(ctx, take, idle)
}

// OpenReader opens a reader of the cluster that logs what happens to topics
// meanwhile.
func (e *Env) OpenReader(ctx context.Context, cfg reader.Config) (*reader.Reader, error) {
	reach, err := e.Kafka()
	if err != nil {
		return nil, err
	}
	cfg.Kafka = reach
	if cfg.Notice == nil {
		cfg.Notice = e.noticed
	}
	return reader.Open(ctx, cfg)
}

func (e *Env) noticed(n reader.Notice) {
	e.Log.Warn("a topic changed while it was read", "detail", n.String())
}

// ask asks the cluster for offsets.
func (e *Env) ask(ctx context.Context, question func(context.Context, *kadm.Client, ...string) (reader.Offsets, error), topics ...string) (reader.Offsets, error) {
	admin, err := e.Admin(ctx)
	if err != nil {
		return nil, err
	}
	return question(ctx, admin, topics...)
}

// committed is up to where a group has read.
func (e *Env) committed(ctx context.Context, group string) (reader.Offsets, error) {
	admin, err := e.Admin(ctx)
	if err != nil {
		return nil, err
	}
	return reader.Committed(ctx, admin, group)
}

// Diagnostics is the topic of decisions.
func (e *Env) Diagnostics() (*diagnostics.Log, error) {
	deps, err := e.diagnosticsDeps()
	if err != nil {
		return nil, err
	}
	return diagnostics.Open(e.Names.Diagnostics(), deps)
}

func (e *Env) diagnosticsDeps() (diagnostics.Deps, error) {
	registry, err := e.Registry()
	return diagnostics.Deps{Cluster: e, Registry: registry, RegistryFix: e.registryFix, Log: e.Log}, err
}
