package fake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

var (
	_ call.Fake   = (*Service)(nil)
	_ call.Counts = (*Service)(nil)
)

// Open is the fake that takes every pixel.
func Open() call.Fake { return New(Config{}, ledger.New()) }

// Name implements call.Fake.
func (s *Service) Name() string { return "reddit" }

// Paths implements call.Fake.
func (s *Service) Paths() []string { return []string{Prefix} }

// Base implements call.Fake: the address has no path of its own.
func (s *Service) Base() string { return "" }

// Secret implements call.Fake.
func (s *Service) Secret(reference string) map[string]string {
	return map[string]string{"access_token": "sandbox-" + reference}
}

// Operation implements call.Fake.
func (s *Service) Operation(path string) string {
	if pixel(path) == "" {
		return call.OpOther
	}
	return call.OpEvents
}

// Destination implements call.Fake: the pixel.
func (s *Service) Destination(_ string, req *call.Request) string { return pixel(req.Path) }

// MaxBody implements call.Fake.
func (s *Service) MaxBody() int { return s.cfg.MaxBody }

// Ledger implements call.Fake.
func (s *Service) Ledger() *ledger.Ledger { return s.ledger }

// Event implements call.Fake: by pixel, event name and conversion id.
func (s *Service) Event(pixel, name, id string) ledger.Event { return Event(pixel, name, id) }

// Stats implements call.Counts: events with a test id, which are shown and not
// counted.
func (s *Service) Stats() map[string]int64 {
	return map[string]int64{"test_events": s.tests.Load()}
}

// Reset implements call.Fake.
func (s *Service) Reset() { s.tests.Store(0) }

// Refuse implements call.Fake. An error under status 200 does not exist.
func (s *Service) Refuse(f call.Fault) call.Answer {
	r := &Refusal{Status: http.StatusServiceUnavailable, Message: "service unavailable"}
	switch {
	case f.Throttle:
		r = &Refusal{Status: http.StatusTooManyRequests, Message: "too many requests", RetryAfter: max(f.RetryAfter, 1)}
	case f.BadToken:
		r = badToken()
	}
	return r.answer(s.cfg.OldRefusals)
}

// Accounts implements call.Fake.
func (s *Service) Accounts(text json.RawMessage) error {
	var f struct {
		Pixels map[string]struct {
			Tokens []string `json:"tokens"`
			Tests  []string `json:"test_ids"`
		} `json:"pixels"`
		OldRefusals bool `json:"old_refusals"`
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return fmt.Errorf("reading reddit: %w", err)
	}
	cfg := Config{OldRefusals: f.OldRefusals, Pixels: map[string]Pixel{}}
	for id, p := range f.Pixels {
		cfg.Pixels[id] = Pixel{Tokens: p.Tokens, Tests: p.Tests}
	}
	s.cfg = cfg.withDefaults()
	return nil
}
