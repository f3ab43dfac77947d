// Package fake is a strict stand-in for the conversion events call of Reddit's
// Ads API, version 3. It judges requests by code of its own and shares none with
// the sender.
package fake

import (
	"mime"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

// Prefix is the path below which the sandbox answers as Reddit; version 3 of the
// API has its own in front.
const Prefix = "/api/v3/"

// Pixel is one registered pixel.
type Pixel struct {
	Tokens []string // conversion access tokens that may send to it
	Tests  []string // test ids of its Event Testing page; empty: any
}

// Config are the stand-in's settings. The zero value is an open service that
// takes every pixel and any token.
type Config struct {
	// Pixels by id. When not empty, other pixels and tokens are refused.
	Pixels map[string]Pixel
	// MaxBody is the largest accepted body in bytes. Default 1 MiB; the real
	// limit is not documented.
	MaxBody int
	// FutureTolerance is how far ahead event_at may be. Default one minute; the
	// real tolerance is not documented.
	FutureTolerance time.Duration
	// OldRefusals answers refused events in the form of version 2, which echoes
	// them without an index.
	OldRefusals bool
}

// Service is the stand-in. It is safe for concurrent use.
type Service struct {
	cfg    Config
	ledger *ledger.Ledger
	tests  atomic.Int64
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

// pixel is the pixel in a path, empty where it is another path.
func pixel(path string) string {
	parts := strings.Split(strings.TrimPrefix(path, Prefix), "/")
	if strings.HasPrefix(path, Prefix) && len(parts) == 3 && parts[0] == "pixels" && parts[2] == "conversion_events" {
		return parts[1]
	}
	return ""
}

// Serve answers one request: all of its events are taken, or none.
func (s *Service) Serve(req call.Request) call.Answer {
	at := pixel(req.Path)
	in, refusal := s.admit(at, req)
	if refusal == nil {
		refusal = s.judge(at, req, in)
	}
	if refusal != nil {
		return refusal.answer(s.cfg.OldRefusals)
	}
	for _, e := range in.events {
		if in.test {
			s.tests.Add(1)
			continue
		}
		s.ledger.Accept(identify(at, e))
	}
	return success(len(in.events))
}

// input is a request whose form is sound.
type input struct {
	events []jsontree.Node
	test   bool
}

var pixelForm = regexp.MustCompile(`^(t2|a2|p2)_[A-Za-z0-9]{1,40}$`)

// admit is everything before the single events: address, credentials, form.
func (s *Service) admit(at string, req call.Request) (*input, *Refusal) {
	switch {
	case at == "" || !pixelForm.MatchString(at):
		return nil, &Refusal{Status: http.StatusNotFound, Message: "not found"}
	case req.Method != http.MethodPost:
		return nil, &Refusal{Status: http.StatusMethodNotAllowed, Message: "method not allowed"}
	case len(req.Query) > 0:
		return nil, &Refusal{Status: http.StatusBadRequest, Message: "unknown query parameter"}
	}
	if refusal := s.authenticate(at, req.Header.Get("Authorization")); refusal != nil {
		return nil, refusal
	}
	media, _, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	switch {
	case err != nil || media != "application/json" || req.Header.Get("Content-Encoding") != "":
		return nil, &Refusal{Status: http.StatusBadRequest, Message: "the body must be application/json"}
	case len(req.Body) > s.cfg.MaxBody:
		return nil, &Refusal{Status: http.StatusRequestEntityTooLarge, Message: "request too large"}
	}
	root, err := jsontree.Parse(req.Body)
	if err != nil {
		return nil, &Refusal{Status: http.StatusBadRequest, Message: "JSON error " + err.Error()}
	}
	in, err := read(root)
	if err != nil {
		return nil, &Refusal{Status: http.StatusBadRequest, Message: "JSON error " + err.Error()}
	}
	if tests := s.cfg.Pixels[at].Tests; in.test && len(tests) > 0 && !contains(tests, root.Get("data").Get("test_id").Text) {
		return nil, &Refusal{Status: http.StatusBadRequest, Message: "test_id is not known"}
	}
	return in, nil
}

// authenticate checks token and pixel.
func (s *Service) authenticate(at, header string) *Refusal {
	scheme, token, _ := strings.Cut(header, " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") || token == "" {
		return &Refusal{Status: http.StatusUnauthorized, Message: "No bearer token provided."}
	}
	if len(s.cfg.Pixels) == 0 {
		return nil
	}
	known := false
	for _, p := range s.cfg.Pixels {
		known = known || contains(p.Tokens, token)
	}
	p, registered := s.cfg.Pixels[at]
	switch {
	case !known:
		return badToken()
	case !registered:
		return &Refusal{Status: http.StatusNotFound, Message: "pixel not found"}
	case !contains(p.Tokens, token):
		return &Refusal{Status: http.StatusForbidden, Message: "no access to this pixel"}
	}
	return nil
}

// judge checks all events and refuses the whole request for the bad ones.
func (s *Service) judge(at string, req call.Request, in *input) *Refusal {
	var bad []badEvent
	for _, e := range in.events {
		c := check{event: e, now: req.Now, cfg: &s.cfg}
		c.run()
		id := identify(at, e)
		if c.problem == "" && req.Poison != nil && req.Poison(id.ID) {
			c.fail("poison", "event cannot be processed")
		}
		if c.problem != "" {
			s.ledger.Refuse(id, c.reason)
			bad = append(bad, badEvent{Message: c.problem})
		}
	}
	if bad == nil {
		return nil
	}
	return invalidEvents(bad)
}

// identify names an event as Reddit does: by pixel, kind and conversion id, and
// for custom events by their name.
func identify(at string, e jsontree.Node) ledger.Event {
	kind := e.Get("type")
	name := kind.Get("tracking_type").Text
	if own := kind.Get("custom_event_name").Text; own != "" {
		name = own
	}
	return Event(at, name, e.Get("metadata").Get("conversion_id").Text)
}

// Event gives the ledger's name of an event by its parts.
func Event(pixel, name, id string) ledger.Event {
	return ledger.Event{Destination: pixel, Target: name, ID: id}
}

func contains(list []string, s string) bool {
	for _, one := range list {
		if one == s {
			return true
		}
	}
	return false
}
