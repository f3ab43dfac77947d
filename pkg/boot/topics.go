package boot

import (
	"context"

	"github.com/sluicehq/sluice/pkg/edge/topology"
)

// Topology is what the installation should have.
func (e *Env) Topology(o topology.Options) ([]topology.Topic, error) {
	o.Prefix = e.Config.Topics.Prefix
	if o.InputMaxBytes == 0 {
		o.InputMaxBytes = e.Config.Kafka.InputMaxBytes.Int()
	}
	if o.ConsentHistory == 0 {
		if o.ConsentHistory = e.Config.Consent.History.Std(); o.ConsentHistory == 0 {
			o.ConsentHistory = -1
		}
	}
	o.Retention = e.Config.Topology.Kept()
	topics, _, err := topology.Declared(o)
	return topics, err
}

// Rights are the least that a role needs, with this installation's names.
func (e *Env) Rights(role string) ([]topology.Right, error) {
	c := e.Config
	return topology.Rights(role, topology.RightsOptions{
		Prefix: c.Topics.Prefix, Input: c.Topics.Input,
		Groups: map[string]string{"sluice-router": c.Router.Group, "sluice-hold": c.Router.Hold.Group, "sluice-sender": c.Sender.Group},
	})
}

// CheckTopics says which topics are missing before anything waits for them in
// vain.
func (e *Env) CheckTopics(ctx context.Context) error {
	topics, err := e.Topology(topology.Options{})
	if err != nil {
		return err
	}
	return e.Cluster.RequireTopics(ctx, append(namesOf(topics), e.Config.Topics.Input)...)
}

func namesOf(topics []topology.Topic) []string {
	names := make([]string, len(topics))
	for i, t := range topics {
		names[i] = t.Name
	}
	return names
}
