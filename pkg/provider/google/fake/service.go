// Package fake is a strict stand-in for the Data Manager API (events:ingest,
// requestStatus:retrieve) and for the OAuth token endpoint before it. It judges
// requests by code of its own and shares none with the sender.
package fake

import (
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

// Customer is one registered account.
type Customer struct {
	Actions        map[string]string // conversion action id to type; "": type not known
	Managers       []string          // login accounts with access
	TermsNotSigned bool
	StoreSales     bool // may upload store sales
}

// Client is a registered OAuth client with its refresh tokens.
type Client struct {
	Secret        string
	RefreshTokens []string
}

// Config are the stand-in's settings. The zero value is an open service that
// takes any account, any bearer token, and any well-formed token request.
type Config struct {
	// Customers by account id. When not empty, other accounts are refused.
	Customers map[string]Customer
	// Tokens are access tokens that are valid without the token endpoint. When
	// this, ServiceAccounts or Clients is not empty, others are refused.
	Tokens []string
	// ServiceAccounts are public keys by e-mail (iss).
	ServiceAccounts map[string]*rsa.PublicKey
	// Clients by client id, for refresh tokens.
	Clients map[string]Client
	// Audiences that an assertion may name besides this server's own /token and
	// the real token URL.
	Audiences []string
	// Projects that x-goog-user-project may name; empty: any.
	Projects []string
	// TokenLifetime of issued tokens. Default one hour.
	TokenLifetime time.Duration
	// QuotaPerMinute and QuotaPerDay count ingest and status requests per
	// project. 0: no quota. The real values are 300 and 100,000.
	QuotaPerMinute, QuotaPerDay int
	// CustomVariables that are defined; nil: all.
	CustomVariables []string
	// DefaultConsent is the account's answer where neither event nor request
	// has one: CONSENT_GRANTED (default), CONSENT_DENIED or
	// CONSENT_STATUS_UNSPECIFIED.
	DefaultConsent string
	// ProcessingTime until a request's status is known. Default 30 minutes.
	ProcessingTime time.Duration
	// MaxBody is the largest accepted body in bytes. Default 10 MiB; the real
	// limit is not documented.
	MaxBody int
}

// Service is the stand-in. It is safe for concurrent use.
type Service struct {
	cfg    Config
	ledger *ledger.Ledger

	mu       sync.Mutex
	serial   uint64
	tokens   map[string]grant
	quota    map[string]*bucket
	statuses map[string]*submission
	order    []string // request ids, oldest first
	verdicts []call.Verdict
}

// New makes the stand-in that records in l.
func New(cfg Config, l *ledger.Ledger) *Service {
	return &Service{
		cfg: cfg.withDefaults(), ledger: l,
		tokens: map[string]grant{}, quota: map[string]*bucket{}, statuses: map[string]*submission{},
	}
}

func (cfg Config) withDefaults() Config {
	if cfg.TokenLifetime == 0 {
		cfg.TokenLifetime = time.Hour
	}
	if cfg.ProcessingTime == 0 {
		cfg.ProcessingTime = 30 * time.Minute
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 10 << 20
	}
	if cfg.DefaultConsent == "" {
		cfg.DefaultConsent = "CONSENT_GRANTED"
	}
	return cfg
}

// Paths of the service.
const (
	TokenPath  = "/token"
	IngestPath = "/v1/events:ingest"
	StatusPath = "/v1/requestStatus:retrieve"
)

// MaxBody is the largest body the service reads.
func (s *Service) MaxBody() int { return s.cfg.MaxBody }

// destinationOf is the first destination of an ingest request, as account id,
// slash, conversion action; empty where the body has none.
func destinationOf(body []byte) string {
	root, err := jsontree.Parse(body)
	if err != nil {
		return ""
	}
	if list := root.Get("destinations").Items; len(list) > 0 {
		return list[0].Get("operatingAccount").Get("accountId").Text + "/" + list[0].Get("productDestinationId").Text
	}
	return ""
}

// Serve answers one request.
func (s *Service) Serve(req call.Request) call.Answer {
	switch {
	case req.Path == TokenPath && req.Method == http.MethodPost:
		return s.token(req)
	case req.Path == IngestPath && req.Method == http.MethodPost:
		return s.ingest(req)
	case req.Path == StatusPath && req.Method == http.MethodGet:
		return s.status(req)
	}
	return s.Reply(&Refusal{HTTP: http.StatusNotFound, Status: "NOT_FOUND", Message: "Method not found."})
}

// Reply answers with the refusal and a fresh failure id.
func (s *Service) Reply(r *Refusal) call.Answer { return r.answer("t-" + s.next("failure")[:22]) }

func (s *Service) next(purpose string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", purpose, s.serial))
	return hex.EncodeToString(sum[:])
}

// uuid makes a request id of the form that successes have.
func (s *Service) uuid() string {
	h := s.next("request")
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-9" + h[17:20] + "-" + h[20:32]
}

func (s *Service) ingest(req call.Request) call.Answer {
	if r := s.authorize(req); r != nil {
		return s.Reply(r)
	}
	j, r := s.read(req)
	if r != nil {
		return s.Reply(r)
	}
	if r := j.run(req.Poison); r != nil {
		s.refuse(j)
		return s.Reply(r)
	}
	id := s.uuid()
	if !j.root.Get("validateOnly").Bool {
		s.store(id, req.Now, j)
	}
	body := struct {
		RequestID string    `json:"requestId"`
		Warnings  []warning `json:"fieldWarnings,omitempty"`
	}{id, j.warnings}
	return reply(http.StatusOK, body, nil)
}

// read understands the body: plain JSON only.
func (s *Service) read(req call.Request) (*judge, *Refusal) {
	bad := func(message string) (*judge, *Refusal) {
		return nil, &Refusal{HTTP: http.StatusBadRequest, Status: "INVALID_ARGUMENT", Message: message}
	}
	if req.Header.Get("Content-Encoding") != "" {
		return bad("Compressed request bodies are not supported.")
	}
	if len(req.Body) > s.cfg.MaxBody {
		return nil, &Refusal{HTTP: http.StatusRequestEntityTooLarge, Status: "INVALID_ARGUMENT", Message: "Request payload size exceeds the limit."}
	}
	mediaType, params, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	if charset := params["charset"]; err != nil || mediaType != "application/json" || (charset != "" && !strings.EqualFold(charset, "utf-8")) {
		return bad("The Content-Type must be application/json.")
	}
	root, err := jsontree.Parse(req.Body)
	if err != nil {
		return bad("Invalid JSON payload received. " + err.Error())
	}
	return &judge{cfg: &s.cfg, root: root, now: req.Now}, nil
}

// refuse records the events that the violations name.
func (s *Service) refuse(j *judge) {
	done := map[int]bool{}
	for _, v := range j.violations {
		i := v.event - 1
		if i < 0 || done[i] || i >= len(j.events) {
			continue
		}
		done[i] = true
		reason := v.Reason
		if v.decode {
			reason = "INVALID_JSON"
		}
		// An event is refused once, whatever the number of its destinations.
		d := first(j.root)
		if targets := j.targets(j.events[i], ""); len(targets) > 0 {
			d = targets[0]
		}
		s.ledger.Refuse(record(d, j.events[i]), reason)
	}
}

// first is the first destination as it stands in a request that may be refused
// before its destinations are checked.
func first(root jsontree.Node) destination {
	list := root.Get("destinations").Items
	if len(list) == 0 {
		return destination{}
	}
	account := list[0].Get("operatingAccount")
	return destination{kind: account.Get("accountType").Text, account: account.Get("accountId").Text, target: list[0].Get("productDestinationId").Text}
}

// identify names an event as Google does: by its transaction id, else by click
// id and time, else by its content.
func identify(e jsontree.Node) string {
	if id := e.Get("transactionId").Text; id != "" {
		return id
	}
	if gclid := e.Get("adIdentifiers").Get("gclid").Text; gclid != "" {
		return "gclid:" + gclid + "@" + e.Get("eventTimestamp").Text
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%v", e))
	return "content:" + hex.EncodeToString(sum[:])
}

func record(d destination, e jsontree.Node) ledger.Event {
	version := e.Get("eventTimestamp").Text + " " + e.Get("conversionValue").Text + " " + e.Get("currency").Text
	return ledger.Event{Destination: d.name(), Target: d.target, ID: identify(e), Version: version}
}

// Event gives the ledger's name of an Ads event by its parts.
func Event(customer, action, transactionID string) ledger.Event {
	return ledger.Event{Destination: adsAccount + ":" + customer, Target: action, ID: transactionID}
}
