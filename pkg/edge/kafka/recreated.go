package kafka

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// RecreatedError says that a topic was deleted and created again. A client that
// has read the old one reads nothing of the new one, and needs to be made anew.
type RecreatedError struct {
	Topic string
	// Old and New are the topic's ids.
	Old, New [16]byte
}

// Error names the topic.
func (e *RecreatedError) Error() string {
	return fmt.Sprintf("topic %s was deleted and created again: its id was %x, and is %x", e.Topic, e.Old, e.New)
}

// recreatedEvery is how long a topic made anew can go unnoticed. One small
// request is all that it costs.
const recreatedEvery = time.Second

// WatchTopicIDs returns a *RecreatedError once one of the topics has another id
// than this client has seen, and nil when ctx ends.
//
// The client itself takes six refused fetches for the same, which its backoff
// stretches to twelve seconds (franz-go forgives a broker that does not know a
// topic yet). A topic that is missing for now is waited for; brokers that give
// topics no ids (Kafka before 2.8) are never complained about.
func WatchTopicIDs(ctx context.Context, client *kgo.Client, topics []string) error {
	seen := map[string][16]byte{}
	tick := time.NewTicker(recreatedEvery)
	defer tick.Stop()
	for {
		if err := compareTopicIDs(ctx, client, topics, seen); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// compareTopicIDs asks once. A cluster that does not answer is asked again with
// the next tick: readers report by themselves that they reach nobody.
func compareTopicIDs(ctx context.Context, client *kgo.Client, topics []string, seen map[string][16]byte) error {
	resp, err := TopicMetadata(ctx, client, topics)
	if err != nil {
		return nil //nolint:nilerr // asked again; see above
	}
	for _, t := range resp.Topics {
		if t.ErrorCode != 0 || t.Topic == nil || t.TopicID == ([16]byte{}) {
			continue
		}
		old, had := seen[*t.Topic]
		if had && old != t.TopicID {
			return &RecreatedError{Topic: *t.Topic, Old: old, New: t.TopicID}
		}
		seen[*t.Topic] = t.TopicID
	}
	return nil
}

// TopicMetadata asks the brokers about topics. Not kadm's Metadata, which
// answers from the client's cache: an id that is out of date would stand in
// commits and make the topic look recreated later, or hide that it is.
func TopicMetadata(ctx context.Context, client *kgo.Client, topics []string) (*kmsg.MetadataResponse, error) {
	req := kmsg.NewPtrMetadataRequest()
	for _, topic := range topics {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = kmsg.StringPtr(topic)
		req.Topics = append(req.Topics, t)
	}
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return nil, fmt.Errorf("reading topic ids: %w", err)
	}
	return resp, nil
}
