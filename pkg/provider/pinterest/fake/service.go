// Package fake is a strict stand-in for the events call of Pinterest's
// Conversions API, version 5. It judges requests by code of its own and shares
// none with the sender.
package fake

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

// Limits of the real service: what its OpenAPI file and its guides say.
const (
	maxEvents = 1000
	// maxTested is how many events of a test request are looked at.
	maxTested = 20
	// maxKinds is how many names of its own an advertiser may use.
	maxKinds = 15
)

// Account is one registered ad account.
type Account struct {
	Tokens []string // tokens that may send to it
	// WithoutScope are tokens that exist and lack ads:write.
	WithoutScope []string
}

// Config are the stand-in's settings. The zero value is an open service that
// takes every numeric ad account and any token.
type Config struct {
	// Accounts by id. When not empty, other accounts and tokens are refused.
	Accounts map[string]Account
	// MaxBody is the largest accepted body in bytes. Default 1 MiB; the real
	// limit is not documented.
	MaxBody int
	// MaxAge is how old an event may be, default 7 days, and FutureTolerance
	// how far ahead, default one minute; the real limits are not documented.
	MaxAge, FutureTolerance time.Duration
	// PartialIn200 answers failed events under status 200. Default: under 422,
	// inside details. Both are documented.
	PartialIn200 bool
	// SilentPartial answers failed events with 422 that names none of them.
	SilentPartial bool
}

// Service is the stand-in. It is safe for concurrent use.
type Service struct {
	cfg    Config
	ledger *ledger.Ledger

	mu    sync.Mutex
	kinds map[string]map[string]bool // names of its own by ad account
	tests int64
}

// New makes the stand-in that records in l.
func New(cfg Config, l *ledger.Ledger) *Service {
	s := &Service{cfg: cfg.withDefaults(), ledger: l}
	s.Reset()
	return s
}

func (cfg Config) withDefaults() Config {
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 1 << 20
	}
	if cfg.MaxAge == 0 {
		cfg.MaxAge = 7 * 24 * time.Hour
	}
	if cfg.FutureTolerance == 0 {
		cfg.FutureTolerance = time.Minute
	}
	return cfg
}

// adAccount is the account in a path, empty where it is another path.
func adAccount(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if len(parts) == 4 && parts[0] == "v5" && parts[1] == "ad_accounts" && parts[3] == "events" {
		return parts[2]
	}
	return ""
}

// Serve answers one request.
func (s *Service) Serve(req call.Request) call.Answer {
	account := adAccount(req.Path)
	in, refusal := s.admit(account, req)
	if refusal != nil {
		return refusal.answer()
	}
	verdicts := s.judge(account, req, in)
	return s.tell(verdicts)
}

// input is a request whose form is sound.
type input struct {
	events []jsontree.Node
	test   bool
}

// admit is everything that refuses a request as a whole: address, credentials,
// form and the types of all members.
func (s *Service) admit(account string, req call.Request) (*input, *Refusal) {
	if account == "" {
		return nil, &Refusal{Status: http.StatusNotFound, Code: codeInvalidToken, Message: "Route not found."}
	}
	if req.Method != http.MethodPost {
		return nil, &Refusal{Status: http.StatusMethodNotAllowed, Code: codeInvalid, Message: "Method not allowed."}
	}
	if refusal := s.authenticate(account, req.Header.Get("Authorization")); refusal != nil {
		return nil, refusal
	}
	media, _, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	switch {
	case err != nil || media != "application/json" || req.Header.Get("Content-Encoding") != "":
		return nil, invalid("The body must be application/json, not compressed.")
	case len(req.Body) > s.cfg.MaxBody:
		return nil, &Refusal{Status: http.StatusRequestEntityTooLarge, Code: codeInvalid, Message: "Request is too large."}
	}
	in := &input{}
	for name, values := range req.Query {
		if name != "test" || len(values) != 1 || values[0] != "true" && values[0] != "false" {
			return nil, invalid("Unknown query parameter " + strconv.Quote(short(name)) + ".")
		}
		in.test = values[0] == "true"
	}
	root, err := jsontree.Parse(req.Body)
	if err != nil {
		return nil, invalid(err.Error())
	}
	if in.events, err = readEvents(root); err != nil {
		return nil, invalid(err.Error())
	}
	return in, nil
}

// authenticate checks token and account, in the order of the real service.
func (s *Service) authenticate(account, header string) *Refusal {
	scheme, token, _ := strings.Cut(header, " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") || token == "" {
		return badToken()
	}
	if len(s.cfg.Accounts) == 0 {
		if !digits(account) {
			return noAccount()
		}
		return nil
	}
	known, scoped := false, false
	for _, a := range s.cfg.Accounts {
		known = known || contains(a.Tokens, token)
		scoped = scoped || contains(a.WithoutScope, token)
	}
	at, registered := s.cfg.Accounts[account]
	switch {
	case scoped && !known:
		return &Refusal{Status: http.StatusUnauthorized, Code: codeScope, Message: "Your token does not have sufficient permissions to perform this operation."}
	case !known:
		return badToken()
	case !registered:
		return noAccount()
	case !contains(at.Tokens, token):
		return &Refusal{Status: http.StatusForbidden, Code: codePermission, Message: "You are not permitted to access that resource."}
	}
	return nil
}

// verdict is what became of one event.
type verdict struct{ err, warning string }

// judge looks at each event for itself: what is wrong with one does not touch
// the others.
func (s *Service) judge(account string, req call.Request, in *input) []verdict {
	events := in.events
	if in.test && len(events) > maxTested {
		events = events[:maxTested]
	}
	out := make([]verdict, len(events))
	for i, e := range events {
		c := check{event: e, now: req.Now, cfg: &s.cfg}
		c.run()
		id := Event(account, e.Get("event_name").Text, e.Get("event_id").Text)
		switch {
		case c.problem != "":
		case req.Poison != nil && req.Poison(id.ID):
			c.fail("poison", "This event cannot be processed.")
		case !s.kind(account, e.Get("event_name").Text, in.test):
			c.fail("kinds", "Too many custom event names for this advertiser.")
		}
		out[i] = verdict{err: c.problem, warning: c.warning}
		switch {
		case in.test:
			s.count()
		case c.problem != "":
			s.ledger.Refuse(id, c.reason)
		default:
			s.ledger.Accept(id)
		}
	}
	return out
}

// kind takes in a name; false where the advertiser has too many of its own.
func (s *Service) kind(account, name string, test bool) bool {
	if in(eventNames, name) {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	names := s.kinds[account]
	name = strings.ToLower(name)
	if names[name] {
		return true
	}
	if len(names) >= maxKinds {
		return false
	}
	if test {
		return true
	}
	if names == nil {
		names = map[string]bool{}
		s.kinds[account] = names
	}
	names[name] = true
	return true
}

func (s *Service) count() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tests++
}

// Event gives the ledger's name of an event by its parts.
func Event(account, name, id string) ledger.Event {
	return ledger.Event{Destination: account, Target: name, ID: id}
}

func contains(list []string, s string) bool {
	for _, one := range list {
		if one == s {
			return true
		}
	}
	return false
}

func digits(s string) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != "" && len(s) <= 20
}
