package boot

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/table"
	"github.com/sluicehq/sluice/pkg/edge/telemetry"
	"github.com/sluicehq/sluice/pkg/edge/unready"
	"github.com/sluicehq/sluice/pkg/ops/schema"
)

// schemaTopics says which topics of the installation carry which schema.
func (e *Env) schemaTopics() codec.Topics {
	return schema.Topics(e.Names, e.Config.Topics.Input, e.Config.Input.Format, slices.Sorted(maps.Keys(e.Providers())))
}

// Writer encodes what Sluice writes. Schemas are registered where they are
// missing; a registry that is down is waited for until ctx ends.
func (e *Env) Writer(ctx context.Context) (*codec.Writer, error) {
	registry, err := e.Registry.Codec()
	if err != nil {
		return nil, err
	}
	topics := e.schemaTopics()
	for wait := time.Second; ; wait = min(2*wait, 15*time.Second) {
		writer, err := e.writer.Get(func() (*codec.Writer, error) {
			ids, err := registry.Resolve(ctx, topics, false)
			return codec.NewWriter(ids, e.Version), err
		})
		if err == nil {
			return writer, nil
		}
		e.Log.Warn("the Schema Registry does not give our schemas; trying again", "registry", e.Config.Registry.URL, "error", err)
		select {
		case <-ctx.Done():
			return nil, &unready.Error{What: "the Schema Registry does not give our schemas", Err: err, Fix: e.Registry.Fix(err)}
		case <-time.After(wait):
		}
	}
}

// Events reads the input topic.
func (e *Env) Events() (*codec.Events, error) {
	registry, err := e.Registry.Codec()
	if err != nil {
		return nil, err
	}
	return codec.NewEvents(e.Config.Input.Format, registry)
}

// Tables makes the tables, with all of consent; the caller runs them.
func (e *Env) Tables() (*table.Tables, error) { return e.tables(0, false) }

// tables makes the tables, with the keys that originals open with where some
// process of the installation seals them.
func (e *Env) tables(consentPartitions int, subjectKeys bool) (*table.Tables, error) {
	cfg, err := e.Cluster.Kafka()
	if err != nil {
		return nil, err
	}
	registry, err := e.Registry.Codec()
	if err != nil {
		return nil, err
	}
	decoders, err := table.NewDecoders(registry)
	if err != nil {
		return nil, err
	}
	decoders.Consent = e.countUnknownMembers(decoders.Consent)
	return table.New(
		table.Config{Topics: e.Names, Kafka: cfg, ConsentPartitions: consentPartitions, SubjectKeys: subjectKeys && len(e.Config.Erase.Keys) > 0},
		table.Deps{Resources: e.Resources(), Decode: decoders, Logger: e.Log},
	), nil
}

// countUnknownMembers counts the members of records that the contract does not have,
// once telemetry runs.
func (e *Env) countUnknownMembers(decode func(context.Context, []byte, *consent.Record) error) func(context.Context, []byte, *consent.Record) error {
	return func(ctx context.Context, value []byte, dst *consent.Record) error {
		err := decode(ctx, value, dst)
		if m := e.metrics.Load(); m != nil && err == nil && dst.UnknownMember != "" {
			m.UnknownMembers(ctx, telemetry.MembersOfRecords, dst.UnknownMember, 1)
		}
		return err
	}
}
