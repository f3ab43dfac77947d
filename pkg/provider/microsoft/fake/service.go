// Package fake is a strict stand-in for Microsoft's UET Conversions API. It judges
// requests by code of its own and shares none with the sender.
package fake

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/shape"
)

// maxEvents is the documented limit of one request.
const maxEvents = 1000

// Tag is one registered UET tag.
type Tag struct {
	Tokens      []string // tokens that may send to it
	NotEnrolled bool     // its account has no access to the API
}

// Config are the stand-in's settings. The zero value is an open service that takes
// every tag and any token.
type Config struct {
	// Tags by id. When not empty, other tags and tokens are refused.
	Tags map[string]Tag
	// MaxBody is the largest accepted body in bytes. Default 1 MiB; the real limit
	// is not documented.
	MaxBody int
	// FutureTolerance is how far ahead an event may be, one minute by default; the
	// real limit is not documented.
	FutureTolerance time.Duration
}

// Service is the stand-in. It is safe for concurrent use.
type Service struct {
	cfg    Config
	ledger *ledger.Ledger
}

// New makes the stand-in that records in l.
func New(cfg Config, l *ledger.Ledger) *Service {
	return &Service{cfg: cfg.withDefaults(), ledger: l}
}

func (cfg Config) withDefaults() Config {
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 1 << 20
	}
	if cfg.FutureTolerance == 0 {
		cfg.FutureTolerance = time.Minute
	}
	return cfg
}

// tagOf is the tag in a path, empty where it is another path.
func tagOf(path string) string {
	parts := strings.Split(strings.Trim(strings.TrimPrefix(path, "/uet"), "/"), "/")
	if len(parts) == 3 && parts[0] == "v1" && parts[2] == "events" {
		return parts[1]
	}
	return ""
}

// Serve answers one request.
func (s *Service) Serve(req call.Request) call.Answer {
	tag := tagOf(req.Path)
	if tag == "" || req.Method != http.MethodPost {
		return failure(http.StatusNotFound, "NotFound", "There is no such resource.")
	}
	if a, ok := s.authenticate(tag, req.Header.Get("Authorization")); !ok {
		return a
	}
	media, _, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	switch {
	case err != nil || media != "application/json":
		return failure(http.StatusUnsupportedMediaType, "UnsupportedMediaType", "The body must be application/json.")
	case len(req.Body) > s.cfg.MaxBody:
		return failure(http.StatusRequestEntityTooLarge, "RequestTooLarge", "The body is too large.")
	}
	root, err := jsontree.Parse(req.Body)
	if err != nil {
		return invalid(detail{Property: "data", Message: err.Error()})
	}
	if d := envelope(root); d != nil {
		return invalid(*d)
	}
	return s.judge(tag, &req, root.Get("data").Items)
}

func (s *Service) authenticate(tag, header string) (call.Answer, bool) {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(token) == "" {
		return unauthorized(), false
	}
	if len(s.cfg.Tags) == 0 {
		return call.Answer{}, true
	}
	known, registered := s.cfg.Tags[tag]
	switch {
	case !registered || !slices.Contains(known.Tokens, token):
		return unauthorized(), false
	case known.NotEnrolled:
		return call.Answer{Status: http.StatusForbidden}, false
	}
	return call.Answer{}, true
}

// envelope judges everything but the events.
func envelope(root jsontree.Node) *detail {
	if root.Kind != jsontree.Object {
		return &detail{Property: "data", Message: "The body must be an object."}
	}
	for _, m := range root.Members {
		switch m.Name {
		case "data", "dataProvider", "continueOnValidationError":
		default:
			return &detail{Property: shape.Short(m.Name), Message: "Unknown property."}
		}
	}
	data := root.Get("data")
	if data.Kind != jsontree.Array || len(data.Items) == 0 || len(data.Items) > maxEvents {
		return &detail{Property: "data", Message: fmt.Sprintf("data must have 1 to %d events.", maxEvents)}
	}
	if p := root.Get("dataProvider"); p.Present() && p.Kind != jsontree.String {
		return &detail{Property: "dataProvider", Message: "dataProvider must be a string."}
	}
	if c := root.Get("continueOnValidationError"); c.Present() && c.Text != "false" {
		return &detail{Property: "continueOnValidationError", Message: "This stand-in knows the default only."}
	}
	return nil
}

// judge refuses the whole request where one event is bad, and names every bad one.
func (s *Service) judge(tag string, req *call.Request, events []jsontree.Node) call.Answer {
	var details []detail
	for i, e := range events {
		c := check{event: e, path: fmt.Sprintf("data[%d]", i), now: req.Now, future: s.cfg.FutureTolerance}
		problem := c.run()
		id := Event(tag, name(e), e.Get("eventId").Text)
		if problem == nil && req.Poison != nil && req.Poison(id.ID) {
			problem = &shape.Problem{Path: c.path, Must: "cannot be processed"}
		}
		if problem != nil {
			s.ledger.Refuse(id, "ValidationError")
			details = append(details, detail{Index: &i, Property: problem.Path, Message: problem.Must})
		}
	}
	if len(details) > 0 {
		return invalid(details...)
	}
	for _, e := range events {
		s.ledger.Accept(Event(tag, name(e), e.Get("eventId").Text))
	}
	return reply(http.StatusOK, nil, map[string]any{"eventsReceived": len(events)})
}

// name is what the tag's goals listen to.
func name(e jsontree.Node) string {
	if n := e.Get("eventName").Text; n != "" {
		return n
	}
	return e.Get("eventType").Text
}

// Event gives the ledger's name of an event by its parts.
func Event(tag, name, id string) ledger.Event {
	return ledger.Event{Destination: tag, Target: name, ID: id}
}

// detail has its members in the order of the real service.
type detail struct {
	Index    *int   `json:"index,omitempty"`
	Property string `json:"propertyName"`
	Message  string `json:"errorMessage"`
}

func invalid(details ...detail) call.Answer {
	return reply(http.StatusBadRequest, nil, map[string]any{"error": map[string]any{
		"code": "ValidationError", "message": "One or more validation errors occurred.", "details": details,
	}})
}

func failure(status int, code, message string) call.Answer {
	return reply(status, nil, map[string]any{"error": map[string]any{"code": code, "message": message}})
}

func unauthorized() call.Answer {
	return failure(http.StatusUnauthorized, "Unauthorized", "The token is not valid for this tag.")
}

func unavailable() call.Answer {
	return reply(http.StatusServiceUnavailable, nil, map[string]any{"traceId": "00-sandbox"})
}

func throttled(seconds int) call.Answer {
	return reply(http.StatusTooManyRequests, http.Header{"Retry-After": {strconv.Itoa(seconds)}}, map[string]any{"error": map[string]any{"code": "TooManyRequests", "message": "Too many requests."}})
}

func reply(status int, header http.Header, body any) call.Answer {
	raw, err := json.Marshal(body)
	if err != nil { // only strings and numbers come here
		status, raw = http.StatusInternalServerError, nil
	}
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("X-Ms-Request-Id", "sandbox")
	return call.Answer{Status: status, Header: header, Body: raw}
}
