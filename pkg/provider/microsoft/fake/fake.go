package fake

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

var _ call.Fake = (*Service)(nil)

// Open is the fake that takes every tag.
func Open() call.Fake { return New(Config{}, ledger.New()) }

// Name implements call.Fake.
func (s *Service) Name() string { return "microsoft" }

// Paths implements call.Fake.
func (s *Service) Paths() []string { return []string{"/uet/"} }

// Base implements call.Fake.
func (s *Service) Base() string { return "/uet" }

// Secret implements call.Fake.
func (s *Service) Secret(reference string) map[string]string {
	return map[string]string{"access_token": "sandbox-" + reference}
}

// Operation implements call.Fake.
func (s *Service) Operation(path string) string {
	if tagOf(path) == "" {
		return call.OpOther
	}
	return call.OpEvents
}

// Destination implements call.Fake: the tag.
func (s *Service) Destination(_ string, req *call.Request) string { return tagOf(req.Path) }

// MaxBody implements call.Fake.
func (s *Service) MaxBody() int { return s.cfg.MaxBody }

// Ledger implements call.Fake.
func (s *Service) Ledger() *ledger.Ledger { return s.ledger }

// Event implements call.Fake: by tag, event name and eventId.
func (s *Service) Event(tag, name, id string) ledger.Event { return Event(tag, name, id) }

// Reset implements call.Fake: nothing but the ledger is remembered.
func (s *Service) Reset() {}

// Refuse implements call.Fake.
func (s *Service) Refuse(f call.Fault) call.Answer {
	switch {
	case f.Throttle:
		return throttled(max(f.RetryAfter, 1))
	case f.BadToken:
		return unauthorized()
	}
	return unavailable()
}

// Accounts implements call.Fake.
func (s *Service) Accounts(text json.RawMessage) error {
	var f struct {
		Tags map[string]struct {
			Tokens      []string `json:"tokens"`
			NotEnrolled bool     `json:"not_enrolled"`
		} `json:"tags"`
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return fmt.Errorf("reading microsoft: %w", err)
	}
	cfg := Config{Tags: map[string]Tag{}}
	for id, t := range f.Tags {
		cfg.Tags[id] = Tag{Tokens: t.Tokens, NotEnrolled: t.NotEnrolled}
	}
	s.cfg = cfg.withDefaults()
	return nil
}
