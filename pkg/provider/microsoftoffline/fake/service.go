// Package fake is a strict stand-in for the offline conversions of Microsoft
// Advertising's Campaign Management API (REST) and for its token endpoint. It
// judges requests by code of its own and shares none with the sender.
package fake

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

// The paths. The real hosts are campaign.api.bingads.microsoft.com and
// login.microsoftonline.com.
const (
	prefix    = "/bingads"
	service   = prefix + "/CampaignManagement/v13/"
	goalsPath = service + "ConversionGoals/QueryByIds"
	tokenPath = prefix + "/common/oauth2/v2.0/token"
)

// maxItems is the documented limit of one request.
const maxItems = 1000

// Goal is an offline conversion goal.
type Goal struct {
	Created       time.Time // it takes conversions two hours later
	NoAdjustments bool
}

// Account is one ad account.
type Account struct {
	Customer      string   // the customer that it belongs to
	RefreshTokens []string // that may be exchanged for access tokens to it
	NotEnabled    bool     // its customer may not use offline conversions
	Goals         map[string]Goal
}

// Config are the stand-in's settings. The zero value takes every account, goal and
// credential.
type Config struct {
	// Accounts by id. When not empty, others, tokens that were not issued here and
	// other goals are refused.
	Accounts map[string]Account
	// DeveloperToken is the one that is taken where accounts are registered.
	DeveloperToken string
	// MaxBody is the largest accepted body in bytes. Default 1 MiB; the real limit
	// is not documented.
	MaxBody int
	// TokenLifetime is how long an access token lives. Default one hour.
	TokenLifetime time.Duration
}

// Service is the stand-in. It is safe for concurrent use.
type Service struct {
	cfg    Config
	ledger *ledger.Ledger
	ids    atomic.Uint64

	mu      sync.Mutex
	tokens  map[string]grant
	refresh map[string]chain
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
	if cfg.TokenLifetime == 0 {
		cfg.TokenLifetime = time.Hour
	}
	return cfg
}

// Reset forgets the tokens that were issued.
func (s *Service) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens, s.refresh = map[string]grant{}, map[string]chain{}
	for id, a := range s.cfg.Accounts {
		for _, t := range a.RefreshTokens {
			s.refresh[t] = chain{account: id}
		}
	}
}

// next makes letters and digits that were not made before, the same in every run.
func (s *Service) next(what string) string {
	sum := sha256.Sum256([]byte(what + " " + strconv.FormatUint(s.ids.Add(1), 10)))
	return hex.EncodeToString(sum[:])
}

// Serve answers one request.
func (s *Service) Serve(req call.Request) call.Answer {
	if req.Path == tokenPath {
		return s.exchange(&req)
	}
	op := operations[strings.TrimPrefix(req.Path, service)]
	if (op == nil || !strings.HasPrefix(req.Path, service)) && req.Path != goalsPath {
		return call.Answer{Status: http.StatusNotFound, Header: http.Header{}}
	}
	if req.Method != http.MethodPost {
		return call.Answer{Status: http.StatusMethodNotAllowed, Header: http.Header{}}
	}
	media, _, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	switch {
	case err != nil || media != "application/json":
		return call.Answer{Status: http.StatusUnsupportedMediaType, Header: http.Header{}}
	case len(req.Body) > s.cfg.MaxBody:
		return call.Answer{Status: http.StatusRequestEntityTooLarge, Header: http.Header{}}
	}
	if code := s.authenticate(&req); code != 0 {
		return s.unauthorized(code)
	}
	root, err := jsontree.Parse(req.Body)
	if err != nil || root.Kind != jsontree.Object {
		return s.unreadable()
	}
	if op == nil {
		return s.goals(req.Header.Get("CustomerAccountId"), root)
	}
	return s.apply(&req, op, root)
}

// goals answers what a probe asks.
func (s *Service) goals(account string, root jsontree.Node) call.Answer {
	for _, m := range root.Members {
		switch m.Name {
		case "ConversionGoalIds", "ConversionGoalTypes", "ReturnAdditionalFields":
		default:
			return s.unreadable()
		}
	}
	type goal struct {
		Name string `json:"Name"`
		Type string `json:"Type"`
	}
	list := []goal{}
	for name := range s.cfg.Accounts[account].Goals {
		list = append(list, goal{name, "OfflineConversion"})
	}
	return s.reply(http.StatusOK, map[string]any{"ConversionGoals": list, "PartialErrors": []int{}})
}

// apply takes the items that are in order, and names the others.
func (s *Service) apply(req *call.Request, op *operation, root jsontree.Node) call.Answer {
	list := root.Get(op.list)
	switch {
	case len(root.Members) != 1 || list.Present() && list.Kind != jsontree.Array:
		return s.unreadable()
	case len(list.Items) == 0:
		return s.fault(http.StatusBadRequest, codeEmpty, names[codeEmpty])
	case len(list.Items) > maxItems:
		return s.fault(http.StatusBadRequest, codeLimit, names[codeLimit])
	}
	for _, item := range list.Items {
		if item.Kind != jsontree.Null && op.item.Check(item, op.list) != nil {
			return s.unreadable() // one such item refuses all, and nobody says which
		}
	}
	id := req.Header.Get("CustomerAccountId")
	account := s.cfg.Accounts[id]
	errors := []partial{}
	for i, item := range list.Items {
		c := check{op: op, item: item, goals: account.Goals, now: req.Now}
		e, code := c.identify(id), codeNull
		if item.Kind != jsontree.Null {
			code = c.run()
		}
		switch {
		case account.NotEnabled:
			code = codePilot
		case code == 0 && req.Poison != nil && req.Poison(e.ID):
			code = codeClickInvalid
		}
		if code == 0 {
			s.ledger.Accept(e)
			continue
		}
		s.ledger.Refuse(e, names[code])
		errors = append(errors, partial{Code: code, ErrorCode: names[code], Message: "The item is refused.", Index: i, Type: "BatchError"})
	}
	return s.reply(http.StatusOK, map[string]any{"PartialErrors": errors})
}

// partial is a refused item, with the members of the real service.
type partial struct {
	Code      int     `json:"Code"`
	Details   *string `json:"Details"`
	ErrorCode string  `json:"ErrorCode"`
	FieldPath *string `json:"FieldPath"`
	Index     int     `json:"Index"`
	Message   string  `json:"Message"`
	Type      string  `json:"Type"`
}

// unreadable is the refusal of a request in which something cannot be read.
func (s *Service) unreadable() call.Answer {
	return s.fault(http.StatusBadRequest, codeInternal, "InvalidRequest")
}

// fault is an ApiFaultDetail.
func (s *Service) fault(status, code int, name string) call.Answer {
	return s.reply(status, map[string]any{
		"TrackingId": s.next("tracking")[:32], "Type": "ApiFaultDetail", "BatchErrors": []int{},
		"OperationErrors": []any{map[string]any{"Code": code, "ErrorCode": name, "Message": "The request is refused."}},
	})
}

// unauthorized is an AdApiFaultDetail.
func (s *Service) unauthorized(code int) call.Answer {
	return s.reply(http.StatusUnauthorized, map[string]any{
		"TrackingId": s.next("tracking")[:32], "Type": "AdApiFaultDetail",
		"Errors": []any{map[string]any{"Code": code, "Detail": nil, "ErrorCode": names[code], "Message": "The credentials are refused."}},
	})
}

func (s *Service) throttled(seconds int) call.Answer {
	a := s.fault(http.StatusTooManyRequests, codeRate, names[codeRate])
	if seconds > 0 {
		a.Header.Set("Retry-After", strconv.Itoa(seconds))
	}
	return a
}

func (s *Service) reply(status int, body any) call.Answer {
	raw, err := json.Marshal(body)
	if err != nil { // only strings and numbers come here
		return call.Answer{Status: http.StatusInternalServerError, Header: http.Header{}}
	}
	h := http.Header{"Content-Type": {"application/json; charset=utf-8"}, "Trackingid": {s.next("tracking")[:32]}}
	return call.Answer{Status: status, Header: h, Body: raw}
}
