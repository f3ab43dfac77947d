package fake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

var _ call.Fake = (*Service)(nil)

// Open is the fake that takes every data stream.
func Open() call.Fake { return New(Config{}, ledger.New()) }

// Name implements call.Fake.
func (s *Service) Name() string { return "ga4" }

// Paths implements call.Fake.
func (s *Service) Paths() []string { return []string{collectPath, debugPath} }

// Base implements call.Fake.
func (s *Service) Base() string { return "" }

// Secret implements call.Fake.
func (s *Service) Secret(reference string) map[string]string {
	return map[string]string{"api_secret": "sandbox-" + reference}
}

// Operation implements call.Fake. What the debug path gets is no event.
func (s *Service) Operation(path string) string {
	if path != collectPath {
		return call.OpOther
	}
	return call.OpEvents
}

// Destination implements call.Fake: the data stream.
func (s *Service) Destination(_ string, req *call.Request) string {
	id, _, _ := stream(req)
	return id
}

// MaxBody implements call.Fake.
func (s *Service) MaxBody() int { return s.cfg.MaxBody }

// Ledger implements call.Fake.
func (s *Service) Ledger() *ledger.Ledger { return s.ledger }

// Event implements call.Fake: by data stream, event name and transaction id.
func (s *Service) Event(stream, name, id string) ledger.Event {
	return ledger.Event{Destination: stream, Target: name, ID: id}
}

// Reset implements call.Fake: nothing but the ledger is remembered.
func (s *Service) Reset() {}

// Refuse implements call.Fake. A secret that is not known is answered like any other.
func (s *Service) Refuse(f call.Fault) call.Answer {
	switch {
	case f.Throttle:
		return throttled(f.RetryAfter)
	case f.BadToken:
		return call.Answer{Status: http.StatusNoContent, Header: http.Header{}}
	}
	return call.Answer{Status: http.StatusServiceUnavailable, Header: http.Header{}}
}

// Accounts implements call.Fake.
func (s *Service) Accounts(text json.RawMessage) error {
	var f struct {
		Streams map[string]struct {
			Secrets []string `json:"secrets"`
		} `json:"streams"`
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return fmt.Errorf("reading ga4: %w", err)
	}
	cfg := Config{Streams: map[string]Stream{}}
	for id, stream := range f.Streams {
		if !streamForm.MatchString(id) && !appIDForm.MatchString(id) {
			return fmt.Errorf("reading ga4: %q is neither a measurement id nor a Firebase app id", id)
		}
		cfg.Streams[id] = Stream{Secrets: stream.Secrets}
	}
	s.cfg = cfg.withDefaults()
	return nil
}
