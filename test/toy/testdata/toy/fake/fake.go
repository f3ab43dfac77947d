// Package fake is the strict fake of the toy API.
package fake

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

// Service is the fake.
type Service struct{ ledger *ledger.Ledger }

// Open is the fake that takes every shop.
func Open() call.Fake { return &Service{ledger: ledger.New()} }

// Name implements call.Fake.
func (s *Service) Name() string { return "toy" }

// Paths implements call.Fake.
func (s *Service) Paths() []string { return []string{"/toy/"} }

// Base implements call.Fake.
func (s *Service) Base() string { return "/toy" }

// Secret implements call.Fake.
func (s *Service) Secret(reference string) map[string]string {
	return map[string]string{"key": "sandbox-" + reference}
}

// Accounts implements call.Fake: there is nothing to register.
func (s *Service) Accounts(json.RawMessage) error { return nil }

// Operation implements call.Fake.
func (s *Service) Operation(path string) string {
	if strings.HasSuffix(path, "/events") {
		return call.OpEvents
	}
	return call.OpOther
}

// Destination implements call.Fake: the shop.
func (s *Service) Destination(_ string, req *call.Request) string {
	return strings.TrimSuffix(strings.TrimPrefix(req.Path, "/toy/"), "/events")
}

// MaxBody implements call.Fake.
func (s *Service) MaxBody() int { return 1 << 20 }

// Ledger implements call.Fake.
func (s *Service) Ledger() *ledger.Ledger { return s.ledger }

// Event implements call.Fake.
func (s *Service) Event(shop, name, id string) ledger.Event {
	return ledger.Event{Destination: shop, Target: name, ID: id}
}

// Reset implements call.Fake.
func (s *Service) Reset() {}

// Refuse implements call.Fake.
func (s *Service) Refuse(f call.Fault) call.Answer {
	switch {
	case f.Throttle:
		return call.Answer{Status: http.StatusTooManyRequests}
	case f.BadToken:
		return call.Answer{Status: http.StatusUnauthorized}
	}
	return call.Answer{Status: http.StatusServiceUnavailable}
}

var digest = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Serve implements call.Fake.
func (s *Service) Serve(req call.Request) call.Answer {
	var body struct {
		Events []struct{ Event, ID, Email string } `json:"events"`
	}
	if !strings.HasPrefix(req.Header.Get("Authorization"), "Bearer ") {
		return call.Answer{Status: http.StatusUnauthorized}
	}
	if json.Unmarshal(req.Body, &body) != nil {
		return call.Answer{Status: http.StatusBadRequest}
	}
	shop := s.Destination(call.OpEvents, &req)
	for _, e := range body.Events {
		if e.Event == "" || e.ID == "" || !digest.MatchString(e.Email) || (req.Poison != nil && req.Poison(e.ID)) {
			s.ledger.Refuse(s.Event(shop, e.Event, e.ID), "invalid")
			return call.Answer{Status: http.StatusBadRequest}
		}
	}
	for _, e := range body.Events {
		s.ledger.Accept(s.Event(shop, e.Event, e.ID))
	}
	return call.Answer{Status: http.StatusOK, Body: []byte(`{}`)}
}
