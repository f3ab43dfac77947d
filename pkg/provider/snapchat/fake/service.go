// Package fake is a strict stand-in for Snapchat's Conversions API v3. It judges
// requests by code of its own and shares none with the sender.
package fake

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

// Asset is one registered pixel or app.
type Asset struct {
	App     bool
	Tokens  []string // access tokens of its organisation
	Revoked []string // tokens that were good once
}

// Config are the stand-in's settings. The zero value is an open service that takes
// any asset and any token.
type Config struct {
	// Assets by id. When not empty, other assets and tokens are refused.
	Assets map[string]Asset
	// Versions of the API with the day they end; the zero day: no end is announced.
	// Default: v3 without an end.
	Versions map[string]time.Time
	// Integrations are the partners' names that are known. None is by default.
	Integrations []string
	// MaxAge and MaxAgeOffline are the oldest events. Default 7 and 37 days.
	MaxAge, MaxAgeOffline time.Duration
	// FutureTolerance is how far ahead event_time may be. Default one minute;
	// the real tolerance is not documented.
	FutureTolerance time.Duration
	// MaxBody is the largest accepted body in bytes. Default 1 MiB; the real
	// limit is not documented.
	MaxBody int
}

func (cfg Config) withDefaults() Config {
	if cfg.Versions == nil {
		cfg.Versions = map[string]time.Time{"v3": {}}
	}
	if cfg.MaxAge == 0 {
		cfg.MaxAge = 7 * 24 * time.Hour
	}
	if cfg.MaxAgeOffline == 0 {
		cfg.MaxAgeOffline = 37 * 24 * time.Hour
	}
	if cfg.FutureTolerance == 0 {
		cfg.FutureTolerance = time.Minute
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 1 << 20
	}
	return cfg
}

// Service is the stand-in. It is safe for concurrent use.
type Service struct {
	cfg       Config
	ledger    *ledger.Ledger
	requests  atomic.Uint64
	validated atomic.Int64
}

// New makes the stand-in that records in l.
func New(cfg Config, l *ledger.Ledger) *Service {
	return &Service{cfg: cfg.withDefaults(), ledger: l}
}

// MaxBody is the largest body that it reads.
func (s *Service) MaxBody() int { return s.cfg.MaxBody }

var assetID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Serve answers one request.
func (s *Service) Serve(req call.Request) call.Answer {
	if len(req.Body) > s.cfg.MaxBody {
		return edge(http.StatusRequestEntityTooLarge, 0)
	}
	p := parse(req.Path)
	if refusal := s.admit(&req, p); refusal != nil {
		return s.answer(refusal)
	}
	if p.stats {
		return s.reply(http.StatusOK, map[string]any{"status": "VALID", "stats": map[string]any{
			"test": map[string]int{"event_count_past_hour": 0}, "live": map[string]int{"event_count_past_hour": 0},
		}}, 0)
	}
	events, refusal := s.read(&req)
	if refusal == nil {
		refusal = s.judge(&req, p, events)
	}
	if refusal == nil {
		s.record(p, events)
	}
	return s.answer(refusal)
}

// admit judges path, method and token.
func (s *Service) admit(req *call.Request, p parts) *Refusal {
	last, known := s.cfg.Versions[p.version]
	method := http.MethodPost
	if p.stats {
		method = http.MethodGet
	}
	if !known || !assetID.MatchString(p.asset) || req.Method != method || !last.IsZero() && !req.Now.Before(last.AddDate(0, 0, 1)) {
		return &Refusal{Status: http.StatusNotFound, Reason: "No such path"}
	}
	// Production documents the query; a header alone is not known to do.
	token := req.Query.Get("access_token")
	if token == "" || strings.ContainsAny(token, " \t") {
		return unauthorised()
	}
	if len(s.cfg.Assets) == 0 {
		return nil
	}
	asset, registered := s.cfg.Assets[p.asset]
	switch {
	case registered && slices.Contains(asset.Tokens, token):
		return nil
	case registered && slices.Contains(asset.Revoked, token):
		return unauthorised()
	case !registered && s.knows(token):
		return &Refusal{Status: http.StatusNotFound, Reason: "No such asset"}
	case s.knows(token):
		return &Refusal{Status: http.StatusForbidden, Reason: "The asset belongs to another organisation"}
	}
	return unauthorised()
}

func (s *Service) knows(token string) bool {
	for _, a := range s.cfg.Assets {
		if slices.Contains(a.Tokens, token) {
			return true
		}
	}
	return false
}

// maxEvents is the documented limit of one request.
const maxEvents = 2000

// read understands the body.
func (s *Service) read(req *call.Request) ([]jsontree.Node, *Refusal) {
	mediaType, params, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	charset := params["charset"]
	if err != nil || mediaType != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") || req.Header.Get("Content-Encoding") != "" {
		return nil, malformed("the Content-Type must be application/json, not compressed")
	}
	root, err := jsontree.Parse(req.Body)
	if err != nil || root.Kind != jsontree.Object {
		return nil, malformed("the body is no JSON object")
	}
	for _, m := range root.Members {
		if m.Name != "data" && m.Name != "test_event_code" {
			return nil, malformed("unknown member " + short(m.Name))
		}
	}
	if code := root.Get("test_event_code"); code.Kind != jsontree.Absent && (code.Kind != jsontree.String || code.Text == "") {
		return nil, malformed("test_event_code must be a string")
	}
	data := root.Get("data")
	if data.Kind != jsontree.Array || len(data.Items) == 0 || len(data.Items) > maxEvents {
		return nil, malformed("data must be an array of 1 to 2000 events")
	}
	return data.Items, nil
}

// judge checks all events and refuses the whole request for the first bad one.
func (s *Service) judge(req *call.Request, p parts, events []jsontree.Node) *Refusal {
	asset, registered := s.cfg.Assets[p.asset]
	for i, event := range events {
		c := check{event: event, now: req.Now, cfg: &s.cfg}
		refusal := c.run()
		if refusal == nil && registered && asset.App != (c.source == sourceApp) {
			refusal = bad(codeValue, "action_source", "does not fit the asset")
		}
		e := s.identify(p.asset, event)
		if refusal == nil && req.Poison != nil && req.Poison(e.ID) {
			refusal = poison(e.ID)
		}
		if refusal != nil {
			refusal.Event = i + 1
			refusal.logs = refusal.logs || p.validate
			s.ledger.Refuse(e, refusal.Word())
			return refusal
		}
	}
	return nil
}

func (s *Service) record(p parts, events []jsontree.Node) {
	if p.validate {
		s.validated.Add(int64(len(events)))
		return
	}
	for _, event := range events {
		s.ledger.Accept(s.identify(p.asset, event))
	}
}

// identify names the event as Snapchat does: by asset, event name and event id.
// Without an id the content stands in.
func (s *Service) identify(asset string, event jsontree.Node) ledger.Event {
	id := event.Get("event_id").Text
	if id == "" {
		sum := sha256.Sum256(fmt.Appendf(nil, "%v", event))
		id = "content:" + hex.EncodeToString(sum[:])
	}
	return s.Event(asset, event.Get("event_name").Text, id)
}
