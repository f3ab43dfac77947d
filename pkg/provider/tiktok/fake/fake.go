package fake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

var (
	_ call.Fake      = (*Service)(nil)
	_ call.Throttles = (*Service)(nil)
	_ call.Counts    = (*Service)(nil)
)

// Open is the fake that takes every account.
func Open() call.Fake { return New(Config{}, ledger.New()) }

// Name implements call.Fake.
func (s *Service) Name() string { return "tiktok" }

// Paths implements call.Fake.
func (s *Service) Paths() []string { return []string{Prefix} }

// Base implements call.Fake: the provider's base URL has no path.
func (s *Service) Base() string { return "" }

// Secret implements call.Fake.
func (s *Service) Secret(reference string) map[string]string {
	return map[string]string{"access_token": "sandbox-" + reference}
}

// Operation implements call.Fake.
func (s *Service) Operation(path string) string {
	if _, ok := version(path); ok {
		return call.OpEvents
	}
	return call.OpOther
}

// Destination implements call.Fake: the event source's id, which stands in the
// body.
func (s *Service) Destination(op string, req *call.Request) string {
	if op != call.OpEvents {
		return ""
	}
	var body struct {
		ID string `json:"event_source_id"`
	}
	if json.Unmarshal(req.Body, &body) != nil {
		return ""
	}
	return body.ID
}

// Ledger implements call.Fake.
func (s *Service) Ledger() *ledger.Ledger { return s.ledger }

// Event implements call.Fake: by event source, event name and event_id.
func (s *Service) Event(source, name, id string) ledger.Event {
	return ledger.Event{Destination: source, Target: name, ID: id}
}

// Stats implements call.Counts: accepted events that came with a test code.
func (s *Service) Stats() map[string]int64 {
	return map[string]int64{"test_events": s.tests.Load()}
}

// Reset implements call.Fake.
func (s *Service) Reset() { s.tests.Store(0) }

// Throttles implements call.Throttles: by a code under status 200, the same from
// the block list, and by an edge that answers without JSON.
func (s *Service) Throttles() []call.Fault {
	return []call.Fault{
		{Code: codeTooFrequent, Status: http.StatusOK}, {Code: codeBlockList, Status: http.StatusOK}, {Status: http.StatusTooManyRequests},
	}
}

// Refuse implements call.Fake.
func (s *Service) Refuse(f call.Fault) call.Answer {
	switch {
	case f.BadToken:
		return s.answer(&Refusal{Code: codeTokenWrong, Message: "Access token is incorrect or has been revoked."})
	case f.Throttle && f.Status == http.StatusTooManyRequests:
		return edge(f.Status, max(f.RetryAfter, 1))
	case f.Throttle:
		code := f.Code
		if code == 0 {
			code = codeTooFrequent
		}
		return s.answer(&Refusal{Code: code, Message: "Too many requests. Please retry in some time.", RetryAfter: f.RetryAfter})
	case f.In200:
		return s.answer(&Refusal{Code: codeSystem, Message: "System error"})
	}
	return edge(http.StatusBadGateway, 0)
}

// Accounts implements call.Fake.
func (s *Service) Accounts(text json.RawMessage) error {
	var f struct {
		Sources map[string]struct {
			Kind       string   `json:"kind"`
			Tokens     []string `json:"tokens"`
			Expired    []string `json:"expired_tokens"`
			NotAllowed bool     `json:"not_on_allow_list"`
		} `json:"sources"`
		Versions    map[string]string `json:"versions"`
		Partners    []string          `json:"partners"`
		AppEventIDs bool              `json:"app_event_ids"`
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return fmt.Errorf("reading tiktok: %w", err)
	}
	cfg := Config{Sources: map[string]Source{}, Partners: f.Partners, AppEventIDs: f.AppEventIDs}
	for id, v := range f.Sources {
		if !in(kinds, v.Kind) {
			return fmt.Errorf("reading tiktok: source %s: kind must be web, app, offline or crm", id)
		}
		cfg.Sources[id] = Source{Kind: v.Kind, Tokens: v.Tokens, Expired: v.Expired, NotAllowed: v.NotAllowed}
	}
	if len(f.Versions) > 0 {
		cfg.Versions = map[string]time.Time{}
	}
	for v, day := range f.Versions {
		last, err := time.Parse(time.DateOnly, day)
		if err != nil {
			return fmt.Errorf("reading tiktok: version %s: want a day such as 2027-12-31: %w", v, err)
		}
		cfg.Versions[v] = last
	}
	s.cfg = cfg.withDefaults()
	return nil
}
