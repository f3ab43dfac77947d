package fake

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

var (
	_ call.Fake      = (*Service)(nil)
	_ call.Throttles = (*Service)(nil)
	_ call.Counts    = (*Service)(nil)
)

// Open is the fake that takes every ad account.
func Open() call.Fake { return New(Config{}, ledger.New()) }

// Name implements call.Fake.
func (s *Service) Name() string { return "pinterest" }

// Paths implements call.Fake.
func (s *Service) Paths() []string { return []string{"/v5/"} }

// Base implements call.Fake.
func (s *Service) Base() string { return "" }

// Secret implements call.Fake.
func (s *Service) Secret(reference string) map[string]string {
	return map[string]string{"access_token": "sandbox-" + reference}
}

// Operation implements call.Fake.
func (s *Service) Operation(path string) string {
	if adAccount(path) == "" {
		return call.OpOther
	}
	return call.OpEvents
}

// Destination implements call.Fake: the ad account.
func (s *Service) Destination(_ string, req *call.Request) string { return adAccount(req.Path) }

// MaxBody implements call.Fake.
func (s *Service) MaxBody() int { return s.cfg.MaxBody }

// Ledger implements call.Fake.
func (s *Service) Ledger() *ledger.Ledger { return s.ledger }

// Event implements call.Fake: by ad account, event name and event_id.
func (s *Service) Event(account, name, id string) ledger.Event { return Event(account, name, id) }

// Stats implements call.Counts: events that were only tested.
func (s *Service) Stats() map[string]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]int64{"test_events": s.tests}
}

// Reset implements call.Fake.
func (s *Service) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kinds, s.tests = map[string]map[string]bool{}, 0
}

// Refuse implements call.Fake. An error under status 200 does not exist: that
// status has an answer for each event.
func (s *Service) Refuse(f call.Fault) call.Answer {
	switch {
	case f.Throttle:
		return throttled(max(f.RetryAfter, 1), f.Code == standardWait).answer()
	case f.BadToken:
		return badToken().answer()
	}
	return unavailable().answer()
}

// standardWait as a fault's code asks for the standard header of a wait.
const standardWait = 1

// Throttles implements call.Throttles: one form for each header that a wait may
// stand in.
func (s *Service) Throttles() []call.Fault { return []call.Fault{{}, {Code: standardWait}} }

// Accounts implements call.Fake.
func (s *Service) Accounts(text json.RawMessage) error {
	var f struct {
		Accounts map[string]struct {
			Tokens       []string `json:"tokens"`
			WithoutScope []string `json:"without_scope"`
		} `json:"ad_accounts"`
		PartialIn200  bool `json:"partial_in_200"`
		SilentPartial bool `json:"silent_partial"`
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return fmt.Errorf("reading pinterest: %w", err)
	}
	cfg := Config{PartialIn200: f.PartialIn200, SilentPartial: f.SilentPartial, Accounts: map[string]Account{}}
	for id, a := range f.Accounts {
		cfg.Accounts[id] = Account{Tokens: a.Tokens, WithoutScope: a.WithoutScope}
	}
	s.cfg = cfg.withDefaults()
	return nil
}
