// Package fake is a strict stand-in for the Measurement Protocol of Google Analytics 4.
// It judges requests by code of its own and shares none with the sender. Like the real
// service it answers 204 whatever it is sent; what it would have lost in silence its
// ledger names as refused.
package fake

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

const (
	collectPath = "/mp/collect"
	debugPath   = "/debug/mp/collect"
)

// Stream is one registered data stream.
type Stream struct {
	Secrets []string // up to ten that may send to it
}

// Config are the stand-in's settings. The zero value is an open service that takes
// every data stream and any secret.
type Config struct {
	// Streams by measurement id or Firebase app id. When not empty, what comes for
	// others or with other secrets is lost, which nobody is told.
	Streams map[string]Stream
	// MaxBody is the largest accepted body in bytes. Default 130 kB.
	MaxBody int
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
		cfg.MaxBody = 130_000
	}
	return cfg
}

var (
	streamForm = regexp.MustCompile(`^G-[A-Z0-9]{4,20}$`)
	appIDForm  = regexp.MustCompile(`^[0-9]+:[0-9]+:(android|ios):[0-9a-f]+$`)
)

// stream is the data stream that a request names; false where it is none.
func stream(req *call.Request) (id string, app, ok bool) {
	web, mobile := req.Query.Get("measurement_id"), req.Query.Get("firebase_app_id")
	if mobile != "" {
		return mobile, true, web == "" && appIDForm.MatchString(mobile)
	}
	return web, false, streamForm.MatchString(web)
}

// Serve answers one request.
func (s *Service) Serve(req call.Request) call.Answer {
	debug := req.Path == debugPath
	switch {
	case req.Path != collectPath && !debug:
		return call.Answer{Status: http.StatusNotFound, Header: http.Header{}}
	case req.Method != http.MethodPost:
		return call.Answer{Status: http.StatusMethodNotAllowed, Header: http.Header{}}
	case len(req.Body) >= s.cfg.MaxBody:
		return call.Answer{Status: http.StatusRequestEntityTooLarge, Header: http.Header{}}
	}
	id, app, known := stream(&req)
	c := check{now: req.Now, app: app}
	root, err := jsontree.Parse(req.Body)
	if err != nil {
		c.refuse("VALUE_INVALID", "", "%s", err)
	} else {
		c.request(root)
	}
	own := s.identify(id, root, req.Body)
	if req.Poison != nil && req.Poison(own.ID) {
		c.refuse("VALUE_INVALID", "events", "Event at index: [0] cannot be processed.")
	}
	if debug { // neither secret nor data stream is looked at
		return judged(c.messages)
	}
	switch {
	case !known || !s.admits(id, req.Query.Get("api_secret")):
		s.ledger.Refuse(own, "secret or data stream")
	case len(c.messages) > 0:
		s.ledger.Refuse(own, c.messages[0].Code)
	default:
		s.ledger.Accept(own)
	}
	return call.Answer{Status: http.StatusNoContent, Header: http.Header{}}
}

// request judges a whole body.
func (c *check) request(root jsontree.Node) {
	c.object("", root, requestMembers)
	id, other := "client_id", "app_instance_id"
	if c.app {
		id, other = other, id
	}
	if !root.Has(id) {
		c.refuse("VALUE_REQUIRED", id, "Measurement requires a %s.", id)
	}
	if root.Has(other) {
		c.refuse("VALUE_INVALID", other, "The data stream has no %s.", other)
	}
	if !root.Has("events") {
		c.refuse("VALUE_REQUIRED", "events", "Measurement requires events.")
	}
}

func (s *Service) admits(id, secret string) bool {
	if secret == "" {
		return false
	}
	known, registered := s.cfg.Streams[id]
	return len(s.cfg.Streams) == 0 || registered && slices.Contains(known.Secrets, secret)
}

// identify names a request by what the service could count it once by: the
// transaction, else its whole content.
func (s *Service) identify(id string, root jsontree.Node, body []byte) ledger.Event {
	var first jsontree.Node
	if list := root.Get("events").Items; len(list) > 0 {
		first = list[0]
	}
	name, own := first.Get("name").Text, first.Get("params").Get("transaction_id").Text
	if name != "purchase" || own == "" {
		sum := sha256.Sum256(body)
		own = hex.EncodeToString(sum[:])
	}
	return s.Event(id, name, own)
}

// judged is an answer of the debug path.
func judged(messages []message) call.Answer {
	if messages == nil {
		messages = []message{}
	}
	body, err := json.Marshal(map[string]any{"validationMessages": messages})
	if err != nil { // only strings come here
		return call.Answer{Status: http.StatusInternalServerError, Header: http.Header{}}
	}
	return call.Answer{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: body}
}

// throttled is documented nowhere.
func throttled(seconds int) call.Answer {
	a := call.Answer{Status: http.StatusTooManyRequests, Header: http.Header{}}
	if seconds > 0 {
		a.Header.Set("Retry-After", strconv.Itoa(seconds))
	}
	return a
}
