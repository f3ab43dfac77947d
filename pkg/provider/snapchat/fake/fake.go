package fake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

var (
	_ call.Fake      = (*Service)(nil)
	_ call.Throttles = (*Service)(nil)
	_ call.Counts    = (*Service)(nil)
)

// Open is the fake that takes every account.
func Open() call.Fake { return New(Config{}, ledger.New()) }

// Name implements call.Fake.
func (s *Service) Name() string { return "snapchat" }

// Paths implements call.Fake. What ends has its paths too, so that an old version
// is refused as one.
func (s *Service) Paths() []string { return []string{"/v2/conversion", "/v3/"} }

// Base implements call.Fake: the provider's base URL has no path.
func (s *Service) Base() string { return "" }

// Secret implements call.Fake.
func (s *Service) Secret(reference string) map[string]string {
	return map[string]string{"access_token": "sandbox-" + reference}
}

// Operation implements call.Fake.
func (s *Service) Operation(path string) string {
	switch p := parse(path); {
	case p.asset == "":
		return call.OpOther
	case p.stats:
		return call.OpStatus
	default:
		return call.OpEvents
	}
}

// Destination implements call.Fake: the pixel or app.
func (s *Service) Destination(_ string, req *call.Request) string { return parse(req.Path).asset }

// Ledger implements call.Fake.
func (s *Service) Ledger() *ledger.Ledger { return s.ledger }

// Event implements call.Fake: by asset, event name and event_id.
func (s *Service) Event(asset, name, id string) ledger.Event {
	return ledger.Event{Destination: asset, Target: name, ID: id}
}

// Stats implements call.Counts: events that were only checked.
func (s *Service) Stats() map[string]int64 {
	return map[string]int64{"validated_events": s.validated.Load()}
}

// Reset implements call.Fake.
func (s *Service) Reset() { s.validated.Store(0) }

// Throttles implements call.Throttles: with a body of the service's, and by an edge.
func (s *Service) Throttles() []call.Fault {
	return []call.Fault{{Status: http.StatusTooManyRequests}, {Status: http.StatusTooManyRequests, Code: edgeCode}}
}

// edgeCode asks Refuse for the answer of an edge.
const edgeCode = 1

// Refuse implements call.Fake.
func (s *Service) Refuse(f call.Fault) call.Answer {
	switch {
	case f.BadToken:
		return s.answer(unauthorised())
	case f.Throttle && f.Code == edgeCode:
		return edge(http.StatusTooManyRequests, max(f.RetryAfter, 1))
	case f.Throttle:
		return s.answer(&Refusal{Status: http.StatusTooManyRequests, Reason: "Rate limit exceeded", RetryAfter: f.RetryAfter})
	}
	// The service has no temporary error under status 200.
	return edge(http.StatusServiceUnavailable, 0)
}

// Accounts implements call.Fake.
func (s *Service) Accounts(text json.RawMessage) error {
	var f struct {
		Assets map[string]struct {
			App     bool     `json:"app"`
			Tokens  []string `json:"tokens"`
			Revoked []string `json:"revoked_tokens"`
		} `json:"assets"`
		Versions     map[string]string `json:"versions"`
		Integrations []string          `json:"integrations"`
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return fmt.Errorf("reading snapchat: %w", err)
	}
	cfg := Config{Assets: map[string]Asset{}, Integrations: f.Integrations}
	for id, a := range f.Assets {
		if !assetID.MatchString(id) {
			return fmt.Errorf("reading snapchat: asset %s: want letters, digits, - and _", short(id))
		}
		cfg.Assets[id] = Asset{App: a.App, Tokens: a.Tokens, Revoked: a.Revoked}
	}
	if len(f.Versions) > 0 {
		cfg.Versions = map[string]time.Time{}
	}
	for v, day := range f.Versions {
		last, err := time.Parse(time.DateOnly, day)
		if err != nil {
			return fmt.Errorf("reading snapchat: version %s: want a day such as 2027-12-31: %w", v, err)
		}
		cfg.Versions[v] = last
	}
	s.cfg = cfg.withDefaults()
	return nil
}

// parts are those of a path.
type parts struct {
	version, asset  string
	validate, stats bool
}

// parse takes a path apart; the zero value where it is none of the service's.
func parse(path string) parts {
	p := strings.Split(strings.Trim(path, "/"), "/")
	out := parts{}
	switch {
	case len(p) == 3 && p[2] == "events":
	case len(p) == 4 && p[2] == "events" && p[3] == "validate":
		out.validate = true
	case len(p) == 5 && p[2] == "events" && p[3] == "validate" && p[4] == "stats":
		out.stats = true
	default:
		return out
	}
	out.version, out.asset = p[0], p[1]
	return out
}
