package apply

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/table"
	"github.com/sluicehq/sluice/pkg/edge/topology"
)

// topics are the cluster's.
type topics interface {
	// RequireTopics fails where one of them is missing.
	RequireTopics(ctx context.Context, names ...string) error
	// EachRecord reads a topic from a time on to where it ends now.
	EachRecord(ctx context.Context, topic string, since time.Time, take func(*kgo.Record) error) error
}

// registry is the Schema Registry.
type registry interface {
	Codec() (*codec.Registry, error)
	// IDs registers schemas where they are missing.
	IDs(ctx context.Context, topics codec.Topics) (codec.IDs, error)
	// Undecoded is the error of a record that cannot be read.
	Undecoded(record *kgo.Record, err error) error
}

// Topics are those of resources: destinations, mappings, policies.
func Topics(n topology.Names) []string {
	return []string{n.Destinations(), n.Mappings(), n.Policies()}
}

// Current reads what is applied now: every record of the three topics up to
// where they end. Records that are of no use are reported and passed over.
func (a *Applier) Current(ctx context.Context) (*resource.Resources, []resource.Problem, error) {
	names := Topics(a.deps.Names)
	if err := a.deps.Topics.RequireTopics(ctx, names...); err != nil {
		return nil, nil, err
	}
	known, err := a.deps.Registry.Codec()
	if err != nil {
		return nil, nil, err
	}
	decoders, err := table.NewDecoders(known)
	if err != nil {
		return nil, nil, err
	}
	// Silent: the problems are returned.
	rows := table.NewResourceTable(a.deps.Names, a.deps.Resources, decoders, slog.New(slog.DiscardHandler))
	for _, topic := range names {
		err := a.deps.Topics.EachRecord(ctx, topic, time.UnixMilli(0), func(r *kgo.Record) error {
			if err := rows.Apply(ctx, r); errors.Is(err, codec.ErrSchemaPending) {
				return a.deps.Registry.Undecoded(r, err)
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
