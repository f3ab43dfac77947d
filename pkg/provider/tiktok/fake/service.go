// Package fake is a strict stand-in for /event/track/ of TikTok's Business API
// (Events API 2.0). It judges requests by code of its own and shares none with
// the sender.
package fake

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

// Prefix is what all paths of the Business API begin with.
const Prefix = "/open_api/"

// Source is one registered event source.
type Source struct {
	Kind       string   // web, app, offline or crm
	Tokens     []string // access tokens that may send to it
	Expired    []string // tokens that were good once
	NotAllowed bool     // an app that is not on the allow-list
}

// Config are the stand-in's settings. The zero value is an open service that
// takes any event source and any token.
type Config struct {
	// Sources by id. When not empty, other sources and tokens are refused.
	Sources map[string]Source
	// Versions of the Business API with the day they end; the zero day: no end is
	// announced. Default: v1.3 without an end.
	Versions map[string]time.Time
	// Partners are the partner names that are known. None is by default.
	Partners []string
	// AppEventIDs takes event_id of app events, about which sources disagree.
	AppEventIDs bool
	// MaxAge and MaxAgeOffline are the oldest events. Default 7 and 28 days; the
	// real limits are not documented.
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
		cfg.Versions = map[string]time.Time{"v1.3": {}}
	}
	if cfg.MaxAge == 0 {
		cfg.MaxAge = 7 * 24 * time.Hour
	}
	if cfg.MaxAgeOffline == 0 {
		cfg.MaxAgeOffline = 28 * 24 * time.Hour
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
	cfg      Config
	ledger   *ledger.Ledger
	requests atomic.Uint64
	tests    atomic.Int64
}

// New makes the stand-in that records in l.
func New(cfg Config, l *ledger.Ledger) *Service {
	return &Service{cfg: cfg.withDefaults(), ledger: l}
}

// MaxBody is the largest body that it reads.
func (s *Service) MaxBody() int { return s.cfg.MaxBody }

// requestID makes a new request id: digits, the same in every run.
func (s *Service) requestID() string {
	return "20261121" + fmt.Sprintf("%012d", s.requests.Add(1))
}

// version is the API's version in the path of the call; the slash at its end is
// part of it.
func version(path string) (string, bool) {
	v, ok := strings.CutPrefix(path, Prefix)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(v, "/event/track/")
}

// input is a request after its form was understood.
type input struct {
	kind, source string
	test         bool
	events       []jsontree.Node
}

// Serve answers one request.
func (s *Service) Serve(req call.Request) call.Answer {
	if len(req.Body) > s.cfg.MaxBody {
		return edge(http.StatusRequestEntityTooLarge, 0)
	}
	in, refusal := s.admit(&req)
	if refusal == nil {
		refusal = s.judge(&req, in)
	}
	if refusal == nil {
		s.record(in)
	}
	return s.answer(refusal)
}

// admit is everything before the events: path, version, token, envelope.
func (s *Service) admit(req *call.Request) (*input, *Refusal) {
	v, ok := version(req.Path)
	if !ok || req.Method != http.MethodPost {
		return nil, &Refusal{Code: codeRoute, Message: "Route not found"}
	}
	last, known := s.cfg.Versions[v]
	switch {
	case !known:
		return nil, &Refusal{Code: codeVersion, Message: "Invalid API version"}
	case !last.IsZero() && !req.Now.Before(last.AddDate(0, 0, 1)):
		return nil, &Refusal{Code: codeOffline, Message: "This interface is offline"}
	}
	token := req.Header.Get("Access-Token")
	if r := s.token(token); r != nil {
		return nil, r
	}
	mediaType, params, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	charset := params["charset"]
	if err != nil || mediaType != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") || req.Header.Get("Content-Encoding") != "" {
		return nil, wrong("body", "The Content-Type must be application/json, not compressed.")
	}
	root, err := jsontree.Parse(req.Body)
	if err != nil || root.Kind != jsontree.Object {
		return nil, wrong("body", "Not a valid JSON object.")
	}
	in, refusal := s.envelope(root)
	if refusal != nil {
		return nil, refusal
	}
	return in, s.permitted(in, token)
}

// token judges the access token alone. Real ones never carry a scheme.
func (s *Service) token(token string) *Refusal {
	bad := &Refusal{Code: codeTokenWrong, Message: "Access token is incorrect or has been revoked."}
	switch {
	case token == "":
		return &Refusal{Code: codeTokenEmpty, Message: "Access token is empty."}
	case strings.ContainsAny(token, " \t"):
		return bad
	case len(s.cfg.Sources) == 0:
		return nil
	}
	for _, source := range s.cfg.Sources {
		if slices.Contains(source.Tokens, token) {
			return nil
		}
		if slices.Contains(source.Expired, token) {
			bad = &Refusal{Code: codeTokenExpired, Message: "Access token has expired."}
		}
	}
	return bad
}

// permitted holds the event source against what is registered.
func (s *Service) permitted(in *input, token string) *Refusal {
	source, known := s.cfg.Sources[in.source]
	switch {
	case len(s.cfg.Sources) == 0:
		return nil
	case !known, source.Kind != in.kind, !slices.Contains(source.Tokens, token):
		return &Refusal{Code: codePermission, Message: "No permission to operate this event source. You must be an admin or operator of this advertiser account."}
	case source.NotAllowed:
		return &Refusal{Code: codeNotAllowed, Message: "The app is not on the allow-list."}
	}
	return nil
}

// judge checks all events and refuses the whole request for the first bad one.
func (s *Service) judge(req *call.Request, in *input) *Refusal {
	for i, event := range in.events {
		c := check{event: event, path: "data." + strconv.Itoa(i), now: req.Now, cfg: &s.cfg, kind: in.kind}
		refusal := c.run()
		e := s.identify(in.source, event)
		if refusal == nil && req.Poison != nil && req.Poison(e.ID) {
			refusal = poison(i, e.ID)
		}
		if refusal != nil {
			s.ledger.Refuse(e, refusal.Reason())
			return refusal
		}
	}
	return nil
}

func (s *Service) record(in *input) {
	for _, event := range in.events {
		s.ledger.Accept(s.identify(in.source, event))
		if in.test {
			s.tests.Add(1)
		}
	}
}

// identify names the event as TikTok does: by event source, event name and event
// id. Without an id the content stands in.
func (s *Service) identify(source string, event jsontree.Node) ledger.Event {
	id := event.Get("event_id").Text
	if id == "" {
		sum := sha256.Sum256(fmt.Appendf(nil, "%v", event))
		id = "content:" + hex.EncodeToString(sum[:])
	}
	return s.Event(source, event.Get("event").Text, id)
}
