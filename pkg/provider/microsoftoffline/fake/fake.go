package fake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

var (
	_ call.Fake         = (*Service)(nil)
	_ call.TokenService = (*Service)(nil)
	_ call.Redacts      = (*Service)(nil)
)

// Open is the fake that takes every account, goal and credential.
func Open() call.Fake { return New(Config{}, ledger.New()) }

// Name implements call.Fake.
func (s *Service) Name() string { return "microsoft-offline" }

// Paths implements call.Fake.
func (s *Service) Paths() []string { return []string{prefix + "/"} }

// Base implements call.Fake.
func (s *Service) Base() string { return prefix }

// Secret implements call.Fake.
func (s *Service) Secret(reference string) map[string]string {
	return map[string]string{"client_id": "sandbox", "client_secret": "sandbox-" + reference, "refresh_token": "sandbox-" + reference, "developer_token": "sandbox"}
}

// Operation implements call.Fake.
func (s *Service) Operation(path string) string {
	switch _, applies := operations[strings.TrimPrefix(path, service)]; {
	case path == tokenPath:
		return call.OpToken
	case applies && strings.HasPrefix(path, service):
		return call.OpEvents
	}
	return call.OpOther
}

// Destination implements call.Fake: the ad account.
func (s *Service) Destination(op string, req *call.Request) string {
	if op != call.OpEvents {
		return ""
	}
	return req.Header.Get("CustomerAccountId")
}

// MaxBody implements call.Fake.
func (s *Service) MaxBody() int { return s.cfg.MaxBody }

// Ledger implements call.Fake.
func (s *Service) Ledger() *ledger.Ledger { return s.ledger }

// Event implements call.Fake: by ad account, goal, and click id (or hashes) with
// the conversion's time, as CLICK@2026-11-21T09:00:00Z.
func (s *Service) Event(account, goal, id string) ledger.Event {
	return ledger.Event{Destination: account, Target: goal, ID: id}
}

// Refuse implements call.Fake.
func (s *Service) Refuse(f call.Fault) call.Answer {
	switch {
	case f.BadToken && f.Operation == call.OpToken:
		return s.invalidGrant()
	case f.BadToken:
		return s.unauthorized(codeExpired)
	case f.Throttle:
		return s.throttled(f.RetryAfter)
	}
	return s.fault(http.StatusServiceUnavailable, codeInternal, names[codeInternal])
}

// WithoutCredentials implements call.Redacts: forms and answers of the token
// endpoint.
func (s *Service) WithoutCredentials(body []byte, contentType string) string {
	if strings.HasPrefix(contentType, "application/x-www-form-urlencoded") || bytes.Contains(body, []byte(`"access_token"`)) {
		return "[credentials]"
	}
	return string(body)
}

// Accounts implements call.Fake.
func (s *Service) Accounts(text json.RawMessage) error {
	var f struct {
		DeveloperToken string `json:"developer_token"`
		Accounts       map[string]struct {
			Customer      string   `json:"customer"`
			RefreshTokens []string `json:"refresh_tokens"`
			NotEnabled    bool     `json:"not_enabled"`
			Goals         map[string]struct {
				Created       time.Time `json:"created"`
				NoAdjustments bool      `json:"no_adjustments"`
			} `json:"goals"`
		} `json:"accounts"`
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return fmt.Errorf("reading microsoft-offline: %w", err)
	}
	cfg := Config{DeveloperToken: f.DeveloperToken, Accounts: map[string]Account{}}
	for id, a := range f.Accounts {
		goals := map[string]Goal{}
		for name, g := range a.Goals {
			goals[name] = Goal{Created: g.Created, NoAdjustments: g.NoAdjustments}
		}
		cfg.Accounts[id] = Account{Customer: a.Customer, RefreshTokens: a.RefreshTokens, NotEnabled: a.NotEnabled, Goals: goals}
	}
	s.cfg = cfg.withDefaults()
	s.Reset()
	return nil
}
