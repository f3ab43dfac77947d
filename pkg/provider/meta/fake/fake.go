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
	_ call.Fake      = (*Service)(nil)
	_ call.Throttles = (*Service)(nil)
	_ call.Counts    = (*Service)(nil)
	_ call.Redacts   = (*Service)(nil)
)

// Open is the fake that takes every account.
func Open() call.Fake { return New(Config{}, ledger.New()) }

// Name implements call.Fake.
func (s *Service) Name() string { return "meta" }

// Paths implements call.Fake: the Graph API has no prefix.
func (s *Service) Paths() []string { return []string{"/"} }

// Base implements call.Fake.
func (s *Service) Base() string { return "" }

// Secret implements call.Fake.
func (s *Service) Secret(reference string) map[string]string {
	return map[string]string{"access_token": "sandbox-" + reference}
}

// Operation implements call.Fake.
func (s *Service) Operation(path string) string {
	if dataset(path) == "" {
		return call.OpOther
	}
	return call.OpEvents
}

// Destination implements call.Fake: the dataset.
func (s *Service) Destination(_ string, req *call.Request) string { return dataset(req.Path) }

// Ledger implements call.Fake.
func (s *Service) Ledger() *ledger.Ledger { return s.ledger }

// Event implements call.Fake: by dataset, event name and event_id.
func (s *Service) Event(dataset, name, id string) ledger.Event { return Event(dataset, name, id) }

// Reset implements call.Fake.
func (s *Service) Reset() {
	s.empty.Store(0)
	s.tests.Store(0)
}

// WithoutCredentials implements call.Redacts.
func (s *Service) WithoutCredentials(body []byte, contentType string) string {
	return WithoutCredentials(body, contentType)
}

// Refuse implements call.Fake.
func (s *Service) Refuse(f call.Fault) call.Answer {
	r := Unavailable()
	switch {
	case f.Throttle:
		code, status := f.Code, f.Status
		if code == 0 {
			code = 4
		}
		if status == 0 {
			status = http.StatusBadRequest
		}
		r = Throttled(f.Destination, code, status, f.Minutes)
	case f.BadToken:
		r = ExpiredToken()
	}
	a := r.answer(s.trace())
	if f.In200 {
		a.Status = http.StatusOK
	}
	return a
}

// Throttles implements call.Throttles: the app's limit, and that of a business
// use case.
func (s *Service) Throttles() []call.Fault {
	return []call.Fault{{Code: 4, Status: http.StatusBadRequest}, {Code: 80004, Status: http.StatusTooManyRequests}}
}

// Accounts implements call.Fake.
func (s *Service) Accounts(text json.RawMessage) error {
	var f struct {
		Datasets map[string]struct {
			Tokens       []string `json:"tokens"`
			AppSecret    string   `json:"app_secret"`
			RequireProof bool     `json:"require_proof"`
			NotLinked    bool     `json:"not_linked"`
		} `json:"datasets"`
		RefuseEmptyHash bool `json:"refuse_empty_hash"`
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return fmt.Errorf("reading meta: %w", err)
	}
	cfg := Config{RefuseEmptyHash: f.RefuseEmptyHash, Datasets: map[string]Dataset{}}
	for id, d := range f.Datasets {
		cfg.Datasets[id] = Dataset{Tokens: d.Tokens, AppSecret: d.AppSecret, RequireProof: d.RequireProof, NotLinked: d.NotLinked}
	}
	s.cfg = cfg.withDefaults()
	return nil
}
