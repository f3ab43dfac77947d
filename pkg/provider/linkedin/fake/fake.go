package fake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

var (
	_ call.Fake         = (*Service)(nil)
	_ call.TokenService = (*Service)(nil)
)

// Open is the fake that takes every rule and token.
func Open() call.Fake { return New(Config{}, ledger.New()) }

// Name implements call.Fake.
func (s *Service) Name() string { return "linkedin" }

// Paths implements call.Fake.
func (s *Service) Paths() []string { return []string{prefix + "/"} }

// Base implements call.Fake.
func (s *Service) Base() string { return prefix }

// Secret implements call.Fake.
func (s *Service) Secret(reference string) map[string]string {
	return map[string]string{"access_token": "sandbox-" + reference}
}

// Operation implements call.Fake.
func (s *Service) Operation(path string) string {
	switch path {
	case eventsPath:
		return call.OpEvents
	case tokenPath:
		return call.OpToken
	}
	return call.OpOther
}

// Destination implements call.Fake: a request names rules and no account, so it
// is the account of the first rule, or that rule where no accounts are
// registered.
func (s *Service) Destination(op string, req *call.Request) string {
	if op != call.OpEvents {
		return ""
	}
	_, rest, found := bytes.Cut(req.Body, []byte(rulePrefix))
	if !found {
		return ""
	}
	n := bytes.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if n < 0 {
		return ""
	}
	return s.accountOf(string(rest[:n]))
}

// Ledger implements call.Fake.
func (s *Service) Ledger() *ledger.Ledger { return s.ledger }

// Event implements call.Fake: by ad account, rule and event id. Where no accounts
// are registered, the rule stands for its account.
func (s *Service) Event(destination, rule, id string) ledger.Event {
	return ledger.Event{Destination: destination, Target: rule, ID: id}
}

// Refusal is an error of the API.
type Refusal struct {
	Status  int
	Code    string // such as ACCESS_DENIED; empty where validation speaks
	Service int    // serviceErrorCode; zero: none
	Message string
	Header  http.Header
}

// Reply answers with the refusal.
func (s *Service) reply(r *Refusal) call.Answer {
	a := s.answer(r.Status, struct {
		Message string `json:"message"`
		Status  int    `json:"status"`
		Service int    `json:"serviceErrorCode,omitempty"`
		Code    string `json:"code,omitempty"`
	}{r.Message, r.Status, r.Service, r.Code})
	for k, v := range r.Header {
		a.Header[k] = v
	}
	return a
}

// RevokedToken is the refusal of a token that was valid before.
func RevokedToken() *Refusal {
	return &Refusal{Status: http.StatusUnauthorized, Code: "REVOKED_ACCESS_TOKEN", Service: 65601, Message: "The token used in the request has been revoked by the user"}
}

// Throttled refuses for too many requests.
func Throttled(seconds int) *Refusal {
	r := &Refusal{Status: http.StatusTooManyRequests, Code: "TOO_MANY_REQUESTS", Message: "Resource level throttle MEMBER MINUTE limit for calls to this resource is reached."}
	if seconds > 0 {
		r.Header = http.Header{"Retry-After": {strconv.Itoa(seconds)}}
	}
	return r
}

// Refuse implements call.Fake. An error under status 200 is documented nowhere.
func (s *Service) Refuse(f call.Fault) call.Answer {
	switch {
	case f.Throttle:
		return s.reply(Throttled(f.RetryAfter))
	case f.BadToken && f.Operation == call.OpToken:
		return s.InvalidGrant()
	case f.BadToken:
		return s.reply(RevokedToken())
	}
	return s.reply(&Refusal{Status: http.StatusServiceUnavailable, Code: "SERVICE_UNAVAILABLE", Message: "Service unavailable"})
}

// Accounts implements call.Fake.
func (s *Service) Accounts(text json.RawMessage) error {
	var f struct {
		Accounts map[string]struct {
			Tokens        []string `json:"tokens"`
			RefreshTokens []string `json:"refresh_tokens"`
		} `json:"accounts"`
		Rules map[string]struct {
			Account  string `json:"account"`
			Method   string `json:"method"`
			Type     string `json:"type"`
			Disabled bool   `json:"disabled"`
		} `json:"rules"`
		Versions map[string]time.Time `json:"versions"`
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return fmt.Errorf("reading linkedin: %w", err)
	}
	cfg := Config{Accounts: map[string]Account{}, Rules: map[string]Rule{}, Versions: f.Versions}
	for id, a := range f.Accounts {
		cfg.Accounts[id] = Account{Tokens: a.Tokens, RefreshTokens: a.RefreshTokens}
	}
	for id, r := range f.Rules {
		if _, known := f.Accounts[r.Account]; !known {
			return fmt.Errorf("reading linkedin: rule %s is of an account that is not listed", id)
		}
		cfg.Rules[id] = Rule{Account: r.Account, Method: r.Method, Type: r.Type, Disabled: r.Disabled}
	}
	s.cfg = cfg.withDefaults()
	return nil
}

func digits(s string) bool {
	return s != "" && len(s) <= 20 && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

func number(i int) string { return strconv.Itoa(i) }

// short bounds what of a request is repeated in an answer.
func short(s string) string {
	if len(s) > 64 {
		return s[:64]
	}
	return s
}
