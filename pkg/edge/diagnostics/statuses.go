package diagnostics

import (
	"bytes"
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/health"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
)

// Statuses reads what senders say about destinations, the newest status of each
// key. A record that cannot be read is logged and passed over; beside an error
// stands what was read before it.
func Statuses(ctx context.Context, topic string, deps Deps) ([]health.Status, error) {
	if err := deps.Cluster.RequireTopics(ctx, topic); err != nil {
		return nil, err
	}
	decoder, err := codec.DestinationStatuses(deps.Registry)
	if err != nil {
		return nil, err
	}
	r, err := deps.Cluster.OpenReader(ctx, reader.Config{Topics: []string{topic}, To: reader.Stable})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	newest := map[string]health.Status{}
	err = r.Each(ctx, func(r *kgo.Record) error {
		if r.Value == nil {
			delete(newest, string(r.Key))
			return nil
		}
		var s codec.DestinationStatus
		err := decoder.Decode(ctx, bytes.Clone(r.Value), &s)
		if errors.Is(err, codec.ErrSchemaPending) {
			return pending(topic, err, deps)
		}
		if err != nil {
			if deps.Log != nil {
				deps.Log.Error("a destination's status cannot be read", "topic", r.Topic, "partition", r.Partition, "offset", r.Offset, "error", err)
			}
			return nil
		}
		newest[string(r.Key)] = health.Status{
			Destination: s.DestinationID, Sender: s.Sender, State: s.State, Reason: s.Reason, Message: s.Message, Since: s.Since,
			Until: s.Until, UpdatedAt: s.UpdatedAt, Rate: s.Rate, CredentialExpires: s.CredentialExpires,
		}
		return nil
	}, nil)
	statuses := make([]health.Status, 0, len(newest))
	for _, s := range newest {
		statuses = append(statuses, s)
	}
	return statuses, err
}
