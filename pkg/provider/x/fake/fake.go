package fake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

var _ call.Fake = (*Service)(nil)

// Open is the fake that takes every pixel.
func Open() call.Fake { return New(Config{}, ledger.New()) }

// Name implements call.Fake.
func (s *Service) Name() string { return "x" }

// Paths implements call.Fake.
func (s *Service) Paths() []string { return []string{prefix + "/"} }

// Base implements call.Fake.
func (s *Service) Base() string { return prefix }

// Secret implements call.Fake.
func (s *Service) Secret(reference string) map[string]string {
	return map[string]string{"pixel_token": "sandbox-" + reference}
}

// Operation implements call.Fake.
func (s *Service) Operation(path string) string {
	if pixel(path) == "" {
		return call.OpOther
	}
	return call.OpEvents
}

// Destination implements call.Fake: the pixel.
func (s *Service) Destination(_ string, req *call.Request) string { return pixel(req.Path) }

// Ledger implements call.Fake.
func (s *Service) Ledger() *ledger.Ledger { return s.ledger }

// Event implements call.Fake: by pixel, event in either form, and conversion_id.
func (s *Service) Event(pixel, event, id string) ledger.Event {
	return ledger.Event{Destination: pixel, Target: short(pixel, event), ID: id}
}

// Reset implements call.Fake: it keeps nothing but accounts and ledger.
func (s *Service) Reset() {}

// Refusal is an error of the API.
type Refusal struct {
	Status    int
	Code      string
	Message   string
	Parameter string
	Header    http.Header

	list []problem // several errors instead of one
}

func invalid(code, parameter, message string) *Refusal {
	return &Refusal{Status: http.StatusBadRequest, Code: code, Parameter: parameter, Message: message}
}

// BadToken is the refusal of a token that is not known, or was replaced.
func BadToken() *Refusal {
	return &Refusal{Status: http.StatusUnauthorized, Code: "UNAUTHORIZED_ACCESS", Message: "This request is not properly authenticated"}
}

// Throttled refuses for too many requests.
func Throttled(seconds int) *Refusal {
	r := &Refusal{Status: http.StatusTooManyRequests, Code: "TOO_MANY_REQUESTS", Message: "Too many requests", Header: http.Header{
		"X-Account-Rate-Limit-Limit": {"60000"}, "X-Account-Rate-Limit-Remaining": {"0"},
	}}
	if seconds > 0 {
		r.Header.Set("Retry-After", strconv.Itoa(seconds))
	}
	return r
}

func (s *Service) reply(id string, r *Refusal) call.Answer {
	list := r.list
	if list == nil {
		list = []problem{{r.Code, r.Message, r.Parameter}}
	}
	a := s.answer(r.Status, map[string]any{"errors": list, "request": s.request(id)})
	for k, v := range r.Header {
		a.Header[k] = v
	}
	return a
}

// Refuse implements call.Fake. An error under status 200 is documented nowhere.
func (s *Service) Refuse(f call.Fault) call.Answer {
	switch {
	case f.Throttle:
		return s.reply(f.Destination, Throttled(f.RetryAfter))
	case f.BadToken:
		return s.reply(f.Destination, BadToken())
	}
	return s.reply(f.Destination, &Refusal{Status: http.StatusServiceUnavailable, Code: "OVER_CAPACITY", Message: "X is over capacity"})
}

// Accounts implements call.Fake.
func (s *Service) Accounts(text json.RawMessage) error {
	var f struct {
		Pixels map[string]struct {
			Tokens  []string `json:"tokens"`
			Events  []string `json:"events"`
			Account string   `json:"account"`
			Locked  bool     `json:"locked"`
		} `json:"pixels"`
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return fmt.Errorf("reading x: %w", err)
	}
	cfg := Config{Pixels: map[string]Pixel{}}
	for id, p := range f.Pixels {
		if !idForm.MatchString(id) {
			return fmt.Errorf("reading x: %q is no pixel id", id)
		}
		cfg.Pixels[id] = Pixel{Tokens: p.Tokens, Events: p.Events, Account: p.Account, Locked: p.Locked}
	}
	s.cfg = cfg.withDefaults()
	return nil
}
