package boot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/cluster"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/table"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/edge/unready"
	"github.com/sluicehq/sluice/schemas"
)

// applyTransaction is the transactional id of whoever writes resources, as the
// topology's operator role allows it. Installations on one cluster have one
// each, or they would take the right to write from each other.
func (e *Env) applyTransaction() string {
	const id = "sluice-cli-apply"
	if prefix := e.Config.Topics.Prefix; prefix != topology.DefaultPrefix {
		return id + "-" + prefix
	}
	return id
}

// Resources reads what is applied now: every record of the three topics up to
// where they end. Records that are of no use are reported and passed over.
func (e *Env) Resources(ctx context.Context) (*resource.Resources, []resource.Problem, error) {
	if err := e.Cluster.RequireTopics(ctx, e.resourceTopics()...); err != nil {
		return nil, nil, err
	}
	registry, err := e.Registry.Codec()
	if err != nil {
		return nil, nil, err
	}
	decoders, err := TableDecoders(registry)
	if err != nil {
		return nil, nil, err
	}
	// Silent: the problems are returned.
	rows := table.NewResourceTable(e.Names, ForResources(e.Providers()), decoders, slog.New(slog.DiscardHandler))
	for _, topic := range e.resourceTopics() {
		err := e.Cluster.EachRecord(ctx, topic, time.UnixMilli(0), func(r *kgo.Record) error {
			if err := rows.Apply(ctx, r); errors.Is(err, codec.ErrSchemaPending) {
				return &unready.Error{What: "the Schema Registry does not give the schema of " + topic, Err: err, Fix: e.Registry.Fix(err)}
			}
			return nil // a bad record is among the problems
		})
		if err != nil {
			return nil, nil, err
		}
	}
	rows.Publish()
	resources, problems := rows.Current()
	return resources, problems, nil
}

func (e *Env) resourceTopics() []string {
	return []string{e.Names.Destinations(), e.Names.Mappings(), e.Names.Policies()}
}

// Author says who applies, when and why; it stands in the headers of every
// record.
type Author struct {
	Name, Reason string
	At           time.Time
}

// Headers are those of every record that an author writes.
func (by Author) Headers(version string) []kgo.RecordHeader {
	return []kgo.RecordHeader{
		{Key: codec.HeaderAuthor, Value: []byte(by.Name)},
		{Key: codec.HeaderAppliedAt, Value: []byte(by.At.UTC().Format(time.RFC3339))},
		{Key: codec.HeaderApplyReason, Value: []byte(by.Reason)},
		{Key: codec.HeaderAppVersion, Value: []byte(version)},
	}
}

// Applier writes resources. Only one can: making another takes the right away
// from the first, so that a plan is written over nothing but what it was made
// from.
type Applier struct {
	env    *Env
	client *cluster.Transaction
	ids    codec.IDs
}

// Applier takes the right to write resources. It is taken before the current
// ones are read.
func (e *Env) Applier(ctx context.Context) (*Applier, error) {
	if err := e.Cluster.RequireTopics(ctx, e.resourceTopics()...); err != nil {
		return nil, err
	}
	ids, err := e.ResourceSchemas(ctx)
	if err != nil {
		return nil, err
	}
	client, err := e.transaction(ctx, e.applyTransaction())
	if err != nil {
		return nil, fmt.Errorf("opening resources for writing: %w", err)
	}
	return &Applier{env: e, client: client, ids: ids}, nil
}

// ResourceSchemas registers the schemas of the resource topics.
func (e *Env) ResourceSchemas(ctx context.Context) (codec.IDs, error) {
	return e.Registry.IDs(ctx, codec.Topics{
		schemas.Destination: {e.Names.Destinations()}, schemas.Mapping: {e.Names.Mappings()}, schemas.Policy: {e.Names.Policies()},
	})
}

// Apply writes a plan in one transaction: everybody sees all of it, or none.
func (a *Applier) Apply(ctx context.Context, plan resource.Plan, by Author) error {
	if plan.Empty() {
		return nil
	}
	records := make([]*kgo.Record, 0, len(plan.Changes))
	for _, c := range plan.Changes {
		records = append(records, a.record(c, by))
	}
	err := a.client.Write(ctx, records...)
	if cluster.Fenced(err) {
		return fmt.Errorf("writing resources: another apply began while this one was at work; nothing was written, run it again: %w", err)
	}
	if err != nil {
		return fmt.Errorf("writing resources (nothing was written): %w", err)
	}
	return nil
}

func (a *Applier) record(c resource.Change, by Author) *kgo.Record {
	r := &kgo.Record{Key: []byte(c.Key), Headers: by.Headers(a.env.Version)}
	gone := c.Verb == resource.Delete
	switch c.Kind {
	case resource.KindDestination:
		r.Topic = a.env.Names.Destinations()
		if !gone {
			r.Value = codec.AppendDestination(nil, a.ids[schemas.Destination], c.Destination)
		}
	case resource.KindMapping:
		r.Topic = a.env.Names.Mappings()
		if !gone {
			r.Value = codec.AppendMapping(nil, a.ids[schemas.Mapping], c.Mapping)
		}
	default:
		r.Topic = a.env.Names.Policies()
		if !gone {
			r.Value = codec.AppendPolicy(nil, a.ids[schemas.Policy], &codec.Policy{Policy: *c.Policy, Hash: resource.HashPolicy(c.Policy)})
		}
	}
	return r
}
