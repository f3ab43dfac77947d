// Package fake is a strict stand-in for LinkedIn's Conversions API
// (rest/conversionEvents), for what it needs of rest/conversions, and for the
// exchange of refresh tokens. It judges requests by code of its own and shares
// none with the sender.
package fake

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

// The paths of the stand-in. The real hosts are api.linkedin.com and, for
// tokens, www.linkedin.com.
const (
	prefix     = "/linkedin"
	eventsPath = prefix + "/rest/conversionEvents"
	rulesPath  = prefix + "/rest/conversions/"
	tokenPath  = prefix + "/oauth/v2/accessToken"
)

// maxEvents is what one request may carry.
const maxEvents = 5000

// Rule is one conversion rule.
type Rule struct {
	Account  string // ad account that it belongs to, digits
	Method   string // conversionMethod; empty: CONVERSIONS_API
	Type     string // PURCHASE, LEAD, ...; empty: OTHER
	Disabled bool
}

// Account is one ad account.
type Account struct {
	Tokens []string // access tokens that may send to it
	// RefreshTokens may be exchanged for access tokens to it.
	RefreshTokens []string
}

// Config are the stand-in's settings. The zero value takes every rule and token.
type Config struct {
	// Accounts by id. When not empty, other tokens, and rules that are not in
	// Rules, are refused.
	Accounts map[string]Account
	// Rules by id.
	Rules map[string]Rule
	// Versions that live, with the first moment at which each does no longer.
	// Nil: every month that has begun lives until the 15th of the same month of
	// the next year.
	Versions map[string]time.Time
	// MaxBody is the largest accepted body in bytes. Default 1 MiB; the real
	// limit is not documented.
	MaxBody int
	// TokenLifetime is how long an issued access token lives. Default 60 days.
	TokenLifetime time.Duration
	// RefreshLifetime is how long refresh tokens still live. Default 365 days.
	RefreshLifetime time.Duration
}

// Service is the stand-in. It is safe for concurrent use.
type Service struct {
	cfg    Config
	ledger *ledger.Ledger
	ids    atomic.Uint64

	mu     sync.Mutex
	tokens map[string]grant // issued access tokens
}

// grant is an issued access token.
type grant struct {
	account string // empty: every account
	expires time.Time
}

// New makes the stand-in that records in l.
func New(cfg Config, l *ledger.Ledger) *Service {
	s := &Service{cfg: cfg.withDefaults(), ledger: l}
	s.Reset()
	return s
}

const day = 24 * time.Hour

func (cfg Config) withDefaults() Config {
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 1 << 20
	}
	if cfg.TokenLifetime == 0 {
		cfg.TokenLifetime = 60 * day
	}
	if cfg.RefreshLifetime == 0 {
		cfg.RefreshLifetime = 365 * day
	}
	return cfg
}

// Reset forgets the tokens that were issued.
func (s *Service) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = map[string]grant{}
}

// MaxBody is the largest body the service reads.
func (s *Service) MaxBody() int { return s.cfg.MaxBody }

// next makes letters and digits that were not made before, the same in every
// run.
func (s *Service) next(what string) string {
	sum := sha256.Sum256([]byte(what + " " + strconv.FormatUint(s.ids.Add(1), 10)))
	return hex.EncodeToString(sum[:])
}

// Serve answers one request.
func (s *Service) Serve(req call.Request) call.Answer {
	if req.Path == tokenPath {
		return s.exchange(req)
	}
	account, version, refusal := s.admit(req)
	if refusal != nil {
		return s.reply(refusal)
	}
	if id, ok := strings.CutPrefix(req.Path, rulesPath); ok {
		return s.rule(req, account, id)
	}
	events, batch, refusal := s.read(req)
	if refusal == nil {
		refusal = s.judge(req, account, version, events, batch)
	}
	if refusal != nil {
		return s.reply(refusal)
	}
	for _, e := range events {
		s.ledger.Accept(s.identify(e))
	}
	if !batch {
		return s.answer(http.StatusCreated, nil)
	}
	type element struct {
		Status int `json:"status"`
	}
	taken := struct {
		Elements []element `json:"elements"`
	}{make([]element, len(events))}
	for i := range taken.Elements {
		taken.Elements[i].Status = http.StatusCreated
	}
	return s.answer(http.StatusOK, taken)
}

// admit is everything before the body: path, headers, version, token.
func (s *Service) admit(req call.Request) (account string, version int, r *Refusal) {
	_, isRule := strings.CutPrefix(req.Path, rulesPath)
	switch {
	case req.Path != eventsPath && !isRule:
		return "", 0, &Refusal{Status: http.StatusNotFound, Code: "RESOURCE_NOT_FOUND", Message: "No virtual resource found"}
	case isRule && req.Method != http.MethodGet, !isRule && req.Method != http.MethodPost:
		return "", 0, &Refusal{Status: http.StatusMethodNotAllowed, Code: "METHOD_NOT_ALLOWED", Message: "the method is not allowed here"}
	}
	if r := s.version(req); r != nil {
		return "", 0, r
	}
	version, err := strconv.Atoi(req.Header.Get("LinkedIn-Version"))
	if err != nil {
		return "", 0, nonexistent(req.Header.Get("LinkedIn-Version"))
	}
	if req.Header.Get("X-Restli-Protocol-Version") != "2.0.0" {
		return "", 0, &Refusal{Status: http.StatusBadRequest, Code: "INVALID_PROTOCOL", Message: "X-Restli-Protocol-Version must be 2.0.0"}
	}
	account, r = s.authenticate(req)
	return account, version, r
}

// version refuses what is missing, never existed, or has ended.
func (s *Service) version(req call.Request) *Refusal {
	name := req.Header.Get("LinkedIn-Version")
	if name == "" {
		return &Refusal{
			Status: http.StatusBadRequest, Code: "VERSION_MISSING",
			Message: "A version must be present. Please specify a version by adding the LinkedIn-Version header.",
			Header:  http.Header{"X-Restli-Gateway-Error": {"true"}},
		}
	}
	if s.cfg.Versions != nil {
		if ends, known := s.cfg.Versions[name]; !known || !req.Now.Before(ends) {
			return nonexistent(name)
		}
		return nil
	}
	month, err := time.Parse("200601", name)
	if err != nil || month.After(req.Now) || !req.Now.Before(month.AddDate(1, 0, 14)) {
		return nonexistent(name)
	}
	return nil
}

func nonexistent(name string) *Refusal {
	return &Refusal{Status: http.StatusUpgradeRequired, Code: "NONEXISTENT_VERSION", Message: "Requested version " + short(name) + " is not active"}
}

// authenticate gives the ad account that a token may use, empty where it may use
// every one.
func (s *Service) authenticate(req call.Request) (account string, r *Refusal) {
	scheme, token, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", &Refusal{Status: http.StatusUnauthorized, Code: "EMPTY_ACCESS_TOKEN", Service: 65604, Message: "Empty oauth2 access token"}
	}
	s.mu.Lock()
	g, issued := s.tokens[token]
	s.mu.Unlock()
	switch {
	case issued && g.expires.IsZero():
		return "", RevokedToken()
	case issued && !req.Now.Before(g.expires):
		return "", &Refusal{Status: http.StatusUnauthorized, Code: "EXPIRED_ACCESS_TOKEN", Service: 65602, Message: "The token used in the request has expired"}
	case issued:
		return g.account, nil
	case len(s.cfg.Accounts) == 0:
		return "", nil
	}
	for id, a := range s.cfg.Accounts {
		if slices.Contains(a.Tokens, token) {
			return id, nil
		}
	}
	return "", &Refusal{Status: http.StatusUnauthorized, Code: "INVALID_ACCESS_TOKEN", Service: 65600, Message: "Invalid access token"}
}

// read understands a single event or a batch.
func (s *Service) read(req call.Request) (events []jsontree.Node, batch bool, r *Refusal) {
	if len(req.Body) > s.cfg.MaxBody {
		return nil, false, &Refusal{Status: http.StatusRequestEntityTooLarge, Code: "REQUEST_ENTITY_TOO_LARGE", Message: "Request entity too large"}
	}
	media, _, _ := strings.Cut(req.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(media), "application/json") || req.Header.Get("Content-Encoding") != "" {
		return nil, false, &Refusal{Status: http.StatusUnsupportedMediaType, Code: "UNSUPPORTED_MEDIA_TYPE", Message: "only plain application/json is taken"}
	}
	root, err := jsontree.Parse(req.Body)
	if err != nil || root.Kind != jsontree.Object {
		return nil, false, &Refusal{Status: http.StatusBadRequest, Code: "ILLEGAL_ARGUMENT", Message: "Could not parse JSON in request"}
	}
	switch method := req.Header.Get("X-RestLi-Method"); {
	case method == "" || strings.EqualFold(method, "CREATE"):
		return []jsontree.Node{root}, false, nil
	case !strings.EqualFold(method, "BATCH_CREATE"):
		return nil, false, &Refusal{Status: http.StatusBadRequest, Code: "ILLEGAL_ARGUMENT", Message: "X-RestLi-Method must be CREATE or BATCH_CREATE"}
	}
	elements := root.Get("elements")
	switch {
	case len(root.Members) != 1 || elements.Kind != jsontree.Array:
		return nil, true, &Refusal{Status: http.StatusUnprocessableEntity, Message: "ERROR :: /elements :: field is required but not found and has no default value\n"}
	case len(elements.Items) == 0 || len(elements.Items) > maxEvents:
		return nil, true, &Refusal{Status: http.StatusBadRequest, Code: "ILLEGAL_ARGUMENT", Message: "the number of elements must be from 1 to " + strconv.Itoa(maxEvents)}
	}
	return elements.Items, true, nil
}

// answer writes a body, nil where there is none.
func (s *Service) answer(status int, body any) call.Answer {
	h := http.Header{"X-Li-Uuid": {s.next("request")[:24]}, "X-Restli-Protocol-Version": {"2.0.0"}}
	if body == nil {
		return call.Answer{Status: status, Header: h}
	}
	raw, err := json.Marshal(body)
	if err != nil { // only strings and numbers come here
		return call.Answer{Status: http.StatusInternalServerError, Header: h}
	}
	h.Set("Content-Type", "application/json")
	return call.Answer{Status: status, Header: h, Body: raw}
}
