package deadletter

import (
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/history"
)

// State is what has become of a dead letter since.
type State string

// The states.
const (
	Open      State = "open"
	Pending   State = "pending"   // on its way again
	Delivered State = "delivered" // sent again with success
	// Closed: it was tried again, and the person's consent or choice forbids it.
	// Nobody can do anything about it; a replay after a new grant still sends it.
	Closed    State = "closed"
	Discarded State = "discarded"
)

// since is what the diagnostics say about dead letters: what became of them, and
// what the provider said when they were given up.
type since struct {
	history  history.Fold
	messages map[history.Key]string
	// replayed are the events at mappings that became of an input record when it
	// was replayed. The router's letters name none themselves.
	replayed map[event.Coordinates][]history.Key
}

func (s *since) add(d *decision.Decision) {
	s.history.Add(d)
	if d.DestinationID == "" || d.Mapping == "" || d.EventID == "" {
		return
	}
	key := history.KeyOf(d.DestinationID, d.Mapping, d.EventID)
	if d.Status == decision.DeadLettered && d.ProviderMessage != "" {
		if s.messages == nil {
			s.messages = map[history.Key]string{}
		}
		s.messages[key] = strings.Clone(d.ProviderMessage)
	}
	if d.Stage != decision.StageReplay {
		return
	}
	if s.replayed == nil {
		s.replayed = map[event.Coordinates][]history.Key{}
	}
	if at := place(d.Source); !slices.Contains(s.replayed[at], key) {
		s.replayed[at] = append(s.replayed[at], key)
	}
}

// place names an input record: without the time at which it was stored, which
// is a fact about it.
func place(c event.Coordinates) event.Coordinates {
	return event.Coordinates{Topic: strings.Clone(c.Topic), TopicID: c.TopicID, Partition: c.Partition, Offset: c.Offset}
}

// delivery is the state of a delivery that was given up.
func (s *since) delivery(key history.Key) State {
	outcome := s.history.Of(key)
	switch outcome.State {
	case history.Delivered:
		return Delivered
	case history.Pending:
		return Pending
	case history.Never, history.Failed:
	}
	gate := outcome.Reason.Info().Gate
	if outcome.Status == decision.Revoked || gate == decision.ConsentDenied.Info().Gate || gate == decision.ChoiceGPC.Info().Gate {
		return Closed
	}
	return Open
}

// original is the state of a record that the router gave up: of all that became
// of it in replays, what still needs a person counts first.
func (s *since) original(source event.Coordinates) State {
	var states []State
	for _, key := range s.replayed[place(source)] {
		states = append(states, s.delivery(key))
	}
	for _, worst := range [...]State{Open, Pending, Delivered, Closed} {
		if slices.Contains(states, worst) {
			return worst
		}
	}
	return Open
}
