package fake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

var (
	_ call.Fake   = (*Service)(nil)
	_ call.Signed = (*Service)(nil)
)

// Open is the fake that takes every endpoint.
func Open() call.Fake { return New(Config{}, ledger.New()) }

// Name implements call.Fake.
func (s *Service) Name() string { return "webhook" }

// Paths implements call.Fake.
func (s *Service) Paths() []string { return []string{Prefix} }

// Base implements call.Fake: host and path of the endpoint follow.
func (s *Service) Base() string { return strings.TrimSuffix(Prefix, "/") }

// SigningKey implements call.Signed.
func (s *Service) SigningKey() string { return Key }

// Secret implements call.Fake.
func (s *Service) Secret(string) map[string]string { return map[string]string{"signing_key": Key} }

// Operation implements call.Fake.
func (s *Service) Operation(string) string { return call.OpEvents }

// Destination implements call.Fake: host and path of the endpoint.
func (s *Service) Destination(_ string, req *call.Request) string { return Destination(req.Path) }

// Ledger implements call.Fake.
func (s *Service) Ledger() *ledger.Ledger { return s.ledger }

// Event implements call.Fake: by endpoint, event name and id.
func (s *Service) Event(endpoint, name, id string) ledger.Event { return Event(endpoint, name, id) }

// Refuse implements call.Fake. An error under status 200 does not exist: that
// status says that everything was taken.
func (s *Service) Refuse(f call.Fault) call.Answer {
	switch {
	case f.Throttle:
		return s.Reply(Throttled(f.RetryAfter))
	case f.BadToken:
		return s.Reply(BadSignature())
	}
	return s.Reply(Unavailable())
}

// Accounts implements call.Fake.
func (s *Service) Accounts(text json.RawMessage) error {
	var f struct {
		Endpoints map[string][]string `json:"endpoints"`
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return fmt.Errorf("reading webhook: %w", err)
	}
	s.cfg = Config{Endpoints: f.Endpoints}.withDefaults()
	return nil
}
