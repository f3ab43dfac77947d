package fake

import (
	"net/http"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

var (
	_ call.Fake         = (*Service)(nil)
	_ call.TokenService = (*Service)(nil)
	_ call.Judges       = (*Service)(nil)
)

// Open is the fake that takes every account.
func Open() call.Fake { return New(Config{}, ledger.New()) }

// Name implements call.Fake.
func (s *Service) Name() string { return "google" }

// Paths implements call.Fake.
func (s *Service) Paths() []string { return []string{TokenPath, "/v1/"} }

// Base implements call.Fake.
func (s *Service) Base() string { return "" }

// TokenPath implements call.TokenService.
func (s *Service) TokenPath() string { return TokenPath }

// ProcessFor implements call.Judges.
func (s *Service) ProcessFor(d time.Duration) { s.cfg.ProcessingTime = d }

// Secret implements call.Fake.
func (s *Service) Secret(reference string) map[string]string {
	return map[string]string{"client_id": "sandbox", "client_secret": "sandbox", "refresh_token": "sandbox-" + reference}
}

// Operation implements call.Fake.
func (s *Service) Operation(path string) string {
	switch path {
	case TokenPath:
		return call.OpToken
	case IngestPath:
		return call.OpIngest
	case StatusPath:
		return call.OpStatus
	}
	return call.OpOther
}

// Destination implements call.Fake: the first of an ingest request, as account
// id, slash, conversion action.
func (s *Service) Destination(op string, req *call.Request) string {
	if op != call.OpIngest {
		return ""
	}
	return destinationOf(req.Body)
}

// Ledger implements call.Fake.
func (s *Service) Ledger() *ledger.Ledger { return s.ledger }

// Event implements call.Fake: by customer, conversion action and transaction.
func (s *Service) Event(customer, action, transactionID string) ledger.Event {
	return Event(customer, action, transactionID)
}

// Refuse implements call.Fake. The token endpoint speaks OAuth.
func (s *Service) Refuse(f call.Fault) call.Answer {
	r := Unavailable()
	switch {
	case f.Throttle:
		r = Throttled(f.RetryAfter)
	case f.BadToken && f.Operation == call.OpToken:
		return InvalidGrant()
	case f.BadToken:
		r = Unauthenticated()
	}
	a := s.Reply(r)
	if f.In200 {
		a.Status = http.StatusOK
	}
	return a
}
