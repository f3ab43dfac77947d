package services

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// state is what the state file of a set says.
type state struct {
	Config    Config    `json:"config"`
	Addresses Addresses `json:"addresses"`
	Processes []started `json:"processes"`
}

type started struct {
	Spec spec   `json:"spec"`
	PID  int    `json:"pid"`
	Born string `json:"born"`
}

const stateFile = "state.json"

// add enters a process that is to be started.
func (s *Set) add(sp spec) {
	s.all = append(s.all, &Process{spec: sp, set: s})
}

// save writes the state file, so that a set can be found and stopped by
// another process, also while it is still starting.
func (s *Set) save() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Processes = s.state.Processes[:0]
	for _, p := range s.all {
		pid, born := p.identity()
		s.state.Processes = append(s.state.Processes, started{Spec: p.spec, PID: pid, Born: born})
	}
	text, err := json.MarshalIndent(s.state, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the state of services: %w", err)
	}
	path := filepath.Join(s.Dir(), stateFile)
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing the state of services: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("writing the state of services: %w", err)
	}
	return nil
}

// Open finds a set that was started before, by this process or another one.
// It fails with [os.ErrNotExist] where there is none.
func Open(root, name string) (*Set, error) {
	path := filepath.Join(root, "run", name, stateFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the state of services: %w", err)
	}
	s := &Set{root: root}
	if err := json.Unmarshal(text, &s.state); err != nil {
		return nil, fmt.Errorf("reading the state of services: %s: %w", path, err)
	}
	for _, p := range s.state.Processes {
		s.all = append(s.all, &Process{spec: p.Spec, set: s, pid: p.PID, born: p.Born})
	}
	return s, nil
}

// List finds every set below a root.
func List(root string) ([]*Set, error) {
	entries, err := os.ReadDir(filepath.Join(root, "run"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing services: %w", err)
	}
	var all []*Set
	for _, e := range entries {
		s, err := Open(root, e.Name())
		if errors.Is(err, os.ErrNotExist) {
			continue // stopped: only its logs are left
		}
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// forget removes the state and the data of a stopped set. Logs stay.
func (s *Set) forget() error {
	entries, err := os.ReadDir(s.Dir())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("removing the data of services: %w", err)
	}
	var failed []error
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".log" {
			failed = append(failed, os.RemoveAll(filepath.Join(s.Dir(), e.Name())))
		}
	}
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("removing the data of services: %w", err)
	}
	return nil
}
