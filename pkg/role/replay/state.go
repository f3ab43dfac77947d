package replay

import (
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/edge/codec"
)

// Kind is the kind of a replay's records in the state topic.
const Kind = "replay"

// Phase is how far a replay is.
type Phase string

// The phases.
const (
	Running     Phase = "running" // or killed
	Interrupted Phase = "interrupted"
	Complete    Phase = "complete"
)

// State is a replay as it is stored: what it does, how far it is, and what came
// of it. It commits with what the replay writes.
type State struct {
	ID         string
	Definition Definition
	Phase      Phase
	Author     string
	UpdatedAt  int64 // epoch ms
	// Places are what it reads, and how far it is.
	Places []codec.StatePlace
	Report Report
}

// StateOf reads a stored state.
func StateOf(s *codec.State) (State, error) {
	d, err := definitionOf(s)
	state := State{
		ID: strings.Clone(s.Name), Definition: d, Phase: Phase(strings.Clone(s.Phase)), Author: strings.Clone(s.Author),
		UpdatedAt: s.UpdatedAt, Report: reportOf(s),
	}
	for _, p := range s.Places {
		p.Topic = strings.Clone(p.Topic)
		state.Places = append(state.Places, p)
	}
	return state, err
}

// record is the state as a value of the state topic.
func (s *State) record() codec.State {
	return codec.State{
		Kind: Kind, Name: s.ID, UpdatedAt: s.UpdatedAt, Author: s.Author, Phase: string(s.Phase),
		Settings: s.Definition.settings(), Counts: s.Report.counts(), Places: s.Places,
	}
}

// left is how many offsets are still to be read, and of how many.
func (s *State) left() (left, all int64) {
	for _, p := range s.Places {
		left += max(p.End-p.Position, 0)
		all += max(p.End-p.From, 0)
	}
	return left, all
}

// clone is a copy whose places may be changed.
func (s *State) clone() State {
	c := *s
	c.Places = slices.Clone(s.Places)
	c.Report = Report{}
	c.Report.add(&s.Report)
	return c
}
