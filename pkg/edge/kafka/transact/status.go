package transact

import (
	"sync"
	"time"
)

// Snapshot is a loop's state for a status page.
type Snapshot struct {
	Group           string     `json:"group"`
	TransactionalID string     `json:"transactional_id"`
	State           string     `json:"state"` // starting, polling, delaying, working, committing, backing off, stopped
	Ready           bool       `json:"ready"`
	Assignment      Assignment `json:"assignment"`
	Commits         uint64     `json:"commits"`
	Aborts          uint64     `json:"aborts"`
	GivenUp         uint64     `json:"given_up"`
	Rebuilds        uint64     `json:"rebuilds"`
	LastCommit      time.Time  `json:"last_commit"`
	// LastError is the newest failure, empty after a commit.
	LastError string `json:"last_error,omitempty"`
}

// The states that a Snapshot shows.
const (
	stateStarting   = "starting"
	statePolling    = "polling"
	stateDelaying   = "delaying"
	stateWorking    = "working"
	stateCommitting = "committing"
	stateBackoff    = "backing off"
	stateStopped    = "stopped"
)

// status is what Run writes and Snapshot reads.
type status struct {
	mu   sync.Mutex
	snap Snapshot
}

func (s *status) update(f func(*Snapshot)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.snap)
}

func (s *status) state(v string) { s.update(func(x *Snapshot) { x.State = v }) }

func (s *status) failed(err error) {
	if err != nil {
		s.update(func(x *Snapshot) { x.LastError = err.Error() })
	}
}

func (s *status) get() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.snap
}
