// Package fake is a strict receiver of signed conversions, as
// docs/providers/webhook.md describes one. It judges requests by code of its
// own and shares none with the sender.
package fake

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
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

// Prefix is the path below which the sandbox receives webhooks; the endpoint's
// own host and path follow.
const Prefix = "/webhook/"

// Key is the signing key that the receiver takes where no endpoints are
// registered. It is public, so it proves nothing.
const Key = "whsec_c2x1aWNlIHNhbmRib3gga2V5LCBub3QgYSBzZWNyZXQ="

// Config are the receiver's settings. The zero value takes every endpoint,
// with Key.
type Config struct {
	// Endpoints are signing keys by host and path, such as
	// hooks.acme.example/conversions. When not empty, other endpoints do not
	// exist.
	Endpoints map[string][]string
	// MaxBody is the largest accepted body in bytes. Default 1 MiB.
	MaxBody int
	// Tolerance is how far a request's timestamp may be from the clock.
	// Default 5 minutes, as the scheme's own libraries have it.
	Tolerance time.Duration
}

// Service is the receiver. It is safe for concurrent use.
type Service struct {
	cfg    Config
	ledger *ledger.Ledger

	mu sync.Mutex
	// bodies is the body of each message id, ids the id of each body at an
	// endpoint: a repeat must have the same bytes and the same id.
	bodies map[digest]digest
	ids    map[digest]digest
}

type digest [16]byte

func sum(parts ...string) digest {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(strconv.Itoa(len(p)) + ":" + p))
	}
	return digest(h.Sum(nil)[:16])
}

// New makes the receiver that records in l.
func New(cfg Config, l *ledger.Ledger) *Service {
	s := &Service{cfg: cfg.withDefaults(), ledger: l}
	s.Reset()
	return s
}

func (cfg Config) withDefaults() Config {
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 1 << 20
	}
	if cfg.Tolerance == 0 {
		cfg.Tolerance = 5 * time.Minute
	}
	return cfg
}

// Reset forgets which ids were seen.
func (s *Service) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies, s.ids = map[digest]digest{}, map[digest]digest{}
}

// MaxBody is the largest body the service reads.
func (s *Service) MaxBody() int { return s.cfg.MaxBody }

// Destination is the endpoint in a path, host and path, or empty.
func Destination(path string) string {
	rest, ok := strings.CutPrefix(path, Prefix)
	if !ok {
		return ""
	}
	return rest
}

// Event gives the ledger's name of an event by its parts.
func Event(endpoint, name, id string) ledger.Event {
	return ledger.Event{Destination: endpoint, Target: name, ID: id}
}

// Refusal is an answer that is no success.
type Refusal struct {
	Status int
	// Code names the reason for counters and people.
	Code    string
	Message string
	// Events are the refused events of a request that is otherwise sound.
	Events     []EventError
	RetryAfter int // seconds, zero: not said
}

// EventError is what is wrong with one event.
type EventError struct {
	Index   int    `json:"index"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Serve answers one request.
func (s *Service) Serve(req call.Request) call.Answer {
	endpoint := Destination(req.Path)
	in, refusal := s.admit(endpoint, req)
	if refusal == nil {
		refusal = s.judge(endpoint, req, in.events)
	}
	if refusal != nil {
		return s.Reply(refusal)
	}
	if !in.test {
		for _, e := range in.events {
			s.ledger.Accept(identify(endpoint, e))
		}
	}
	return reply(http.StatusOK, nil, map[string]any{"received": len(in.events)})
}

// Reply answers with the refusal, as the faults do.
func (s *Service) Reply(r *Refusal) call.Answer {
	body := map[string]any{"code": r.Code, "message": r.Message}
	if r.Events != nil {
		body["errors"] = r.Events
	}
	var header http.Header
	if r.RetryAfter > 0 {
		header = http.Header{"Retry-After": {strconv.Itoa(r.RetryAfter)}}
	}
	return reply(r.Status, header, body)
}

func reply(status int, header http.Header, body any) call.Answer {
	raw, err := json.Marshal(body)
	if err != nil { // only strings and numbers come here
		status, raw = http.StatusInternalServerError, nil
	}
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", "application/json")
	return call.Answer{Status: status, Header: header, Body: raw}
}

// input is a request whose form is sound.
type input struct {
	events []jsontree.Node
	test   bool // to be checked, not to be counted
}

// admit is everything before the single events: form, signature, ids.
func (s *Service) admit(endpoint string, req call.Request) (*input, *Refusal) {
	keys, known := s.keys(endpoint)
	media, _, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	switch {
	case !known:
		return nil, &Refusal{Status: http.StatusNotFound, Code: "unknown_endpoint", Message: "no such endpoint"}
	case req.Method != http.MethodPost:
		return nil, &Refusal{Status: http.StatusMethodNotAllowed, Code: "method", Message: "only POST is taken"}
	case err != nil || media != "application/json" || req.Header.Get("Content-Encoding") != "":
		return nil, &Refusal{Status: http.StatusUnsupportedMediaType, Code: "content_type", Message: "only plain application/json is taken"}
	case len(req.Body) > s.cfg.MaxBody:
		return nil, &Refusal{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Message: "the body is too large"}
	}
	id := req.Header.Get("Webhook-Id")
	if refusal := s.authenticate(keys, id, req); refusal != nil {
		return nil, refusal
	}
	if refusal := s.stable(endpoint, id, req.Body); refusal != nil {
		return nil, refusal
	}
	root, err := jsontree.Parse(req.Body)
	if err != nil {
		return nil, malformed(err.Error())
	}
	return read(root)
}

func malformed(message string) *Refusal {
	return &Refusal{Status: http.StatusBadRequest, Code: "malformed", Message: message}
}

func (s *Service) keys(endpoint string) ([]string, bool) {
	if endpoint == "" {
		return nil, false
	}
	if len(s.cfg.Endpoints) == 0 {
		return []string{Key}, true
	}
	keys, known := s.cfg.Endpoints[endpoint]
	return keys, known
}

// stable holds repeats to what they promise: one id, one body.
func (s *Service) stable(endpoint, id string, body []byte) *Refusal {
	name, content := sum(endpoint, id), sum(endpoint, string(body))
	s.mu.Lock()
	defer s.mu.Unlock()
	if before, seen := s.bodies[name]; seen && before != content {
		return &Refusal{Status: http.StatusBadRequest, Code: "id_reused", Message: "this webhook-id came with another body before"}
	}
	if before, seen := s.ids[content]; seen && before != name {
		return &Refusal{Status: http.StatusBadRequest, Code: "id_unstable", Message: "this body came with another webhook-id before"}
	}
	s.bodies[name], s.ids[content] = content, name
	return nil
}

// maxEvents is what one request may carry.
const maxEvents = 500

// read checks what stands around the events.
func read(root jsontree.Node) (*input, *Refusal) {
	for _, m := range root.Members {
		switch m.Name {
		case "version", "events", "test":
		default:
			return nil, malformed("unknown member " + strconv.Quote(short(m.Name)))
		}
	}
	events := root.Get("events")
	version, _ := root.Get("version").Int()
	switch {
	case root.Kind != jsontree.Object:
		return nil, malformed("the body is not an object")
	case version != 1:
		return nil, malformed("version must be 1")
	case events.Kind != jsontree.Array || len(events.Items) == 0 || len(events.Items) > maxEvents:
		return nil, malformed(fmt.Sprintf("events must be an array of 1 to %d", maxEvents))
	case root.Has("test") && root.Get("test").Kind != jsontree.Bool:
		return nil, malformed("test must be true or false")
	}
	return &input{events: events.Items, test: root.Get("test").Bool}, nil
}

// judge names every event that is wrong; the request is refused as a whole.
func (s *Service) judge(endpoint string, req call.Request, events []jsontree.Node) *Refusal {
	var wrong []EventError
	seen := make(map[ledger.Event]bool, len(events))
	for i, e := range events {
		c := check{now: req.Now}
		c.event(e)
		id := identify(endpoint, e)
		switch {
		case c.problem != "":
		case seen[id]:
			c.refuse("twice", "event_id", "came twice in this request")
		case req.Poison != nil && req.Poison(id.ID):
			c.refuse("poison", "event", "is not acceptable")
		}
		seen[id] = true
		if c.problem != "" {
			wrong = append(wrong, EventError{Index: i, Code: c.code, Message: c.problem})
			s.ledger.Refuse(id, c.code)
		}
	}
	if wrong == nil {
		return nil
	}
	return &Refusal{Status: http.StatusUnprocessableEntity, Code: "invalid_events", Message: "nothing was taken, because of single events", Events: wrong}
}

func identify(endpoint string, e jsontree.Node) ledger.Event {
	return Event(endpoint, e.Get("event_name").Text, e.Get("event_id").Text)
}

// short bounds what of a request is repeated in an answer.
func short(s string) string {
	if len(s) > 64 {
		return s[:64]
	}
	return s
}
