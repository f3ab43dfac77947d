// Package topology declares the topics that Sluice uses: their names, and
// what topology/topics.yaml says about each.
package topology

import "github.com/sluicehq/sluice/pkg/core/decision"

// DefaultPrefix stands before every topic name of ours.
const DefaultPrefix = "sluice"

// Names gives the topics of one installation. The zero Names uses the default
// prefix.
type Names struct{ Prefix string }

func (n Names) name(rest string) string {
	if n.Prefix == "" {
		return DefaultPrefix + "." + rest
	}
	return n.Prefix + "." + rest
}

// Destinations is the compacted topic of destination resources.
func (n Names) Destinations() string { return n.name("destinations") }

// Mappings is the compacted topic of mapping resources.
func (n Names) Mappings() string { return n.name("mappings") }

// Policies is the compacted topic of policy resources.
func (n Names) Policies() string { return n.name("policies") }

// Consent is the compacted topic of consent records.
func (n Names) Consent() string { return n.name("consent") }

// DestinationStatus is the compacted topic of what senders say about their
// destinations.
func (n Names) DestinationStatus() string { return n.name("destination-status") }

// Delivery is where a provider's deliveries of one lane wait.
func (n Names) Delivery(provider string, lane decision.Lane) string {
	return n.name("delivery." + provider + "." + lane.String())
}

// Retry is a provider's waiting place of one fixed delay: 1m, 10m or 1h.
func (n Names) Retry(provider, tier string) string { return n.name("retry." + provider + "." + tier) }

// Parked is where deliveries of blocked destinations wait.
func (n Names) Parked(provider string) string { return n.name("parked." + provider) }

// Hold is where events wait for consent.
func (n Names) Hold() string { return n.name("hold") }

// DeadEvents holds input records that cannot be decided.
func (n Names) DeadEvents() string { return n.name("deadletter.events") }

// DeadDeliveries holds a provider's deliveries that cannot be delivered.
func (n Names) DeadDeliveries(provider string) string { return n.name("deadletter." + provider) }

// Submissions holds requests whose verdict is still to come.
func (n Names) Submissions(provider string) string { return n.name("submissions." + provider) }

// State holds definitions and progress of replays.
func (n Names) State() string { return n.name("state") }

// SubjectKeys is the compacted topic of the keys that sealed letters open with.
func (n Names) SubjectKeys() string { return n.name("subject-keys") }

// Diagnostics is the topic of every decision.
func (n Names) Diagnostics() string { return n.name("diagnostics") }
