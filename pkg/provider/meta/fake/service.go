// Package fake is a strict stand-in for the events edge of Meta's Graph API
// (Conversions API). It judges requests by code of its own and shares none
// with the sender.
package fake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

// Dataset is one registered dataset (pixel).
type Dataset struct {
	Tokens       []string // access tokens that may send to it
	AppSecret    string   // where known, an appsecret_proof is verified
	RequireProof bool     // the app has "Require App Secret" on
	NotLinked    bool     // not linked to the WhatsApp Business account of its events
}

// Config are the stand-in's settings. The zero value is an open service that
// takes any numeric dataset and any token.
type Config struct {
	// Datasets by id. When not empty, other datasets and tokens are refused.
	Datasets map[string]Dataset
	// Versions of the Graph API with the day they end. Default: Versions().
	Versions map[string]time.Time
	// MaxBody is the largest accepted body in bytes. Default 1 MiB; the real
	// limit is not documented.
	MaxBody int
	// FutureTolerance is how far ahead event_time may be. Default one minute;
	// the real tolerance is not documented.
	FutureTolerance time.Duration
	// RefuseEmptyHash refuses SHA-256 of nothing as un-hashed. Off by default:
	// the real service takes it, so it is only counted.
	RefuseEmptyHash bool
}

// Versions are the living Graph API versions and their last days.
func Versions() map[string]time.Time {
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	return map[string]time.Time{
		"v20.0": day(2026, 9, 24), "v21.0": day(2027, 1, 21), "v22.0": day(2027, 5, 20), "v23.0": day(2027, 10, 8),
		"v24.0": day(2028, 2, 18), "v25.0": day(2028, 7, 29), "v26.0": day(2028, 12, 31),
	}
}

// Service is the stand-in. It is safe for concurrent use.
type Service struct {
	cfg    Config
	ledger *ledger.Ledger
	traces atomic.Uint64
	empty  atomic.Int64
	tests  atomic.Int64
}

// New makes the stand-in that records in l.
func New(cfg Config, l *ledger.Ledger) *Service {
	return &Service{cfg: cfg.withDefaults(), ledger: l}
}

func (cfg Config) withDefaults() Config {
	if cfg.Versions == nil {
		cfg.Versions = Versions()
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 1 << 20
	}
	if cfg.FutureTolerance == 0 {
		cfg.FutureTolerance = time.Minute
	}
	return cfg
}

// Stats implements call.Counts: accepted hashes of nothing, and accepted events
// with a test_event_code.
func (s *Service) Stats() map[string]int64 {
	return map[string]int64{"empty_hashes": s.empty.Load(), "test_events": s.tests.Load()}
}

// MaxBody is the largest body the service reads.
func (s *Service) MaxBody() int { return s.cfg.MaxBody }

// dataset is the dataset id in the path, or empty.
func dataset(path string) string {
	if parts := strings.Split(strings.Trim(path, "/"), "/"); len(parts) == 3 && parts[2] == "events" {
		return parts[1]
	}
	return ""
}

// Serve answers one request to the Graph API.
func (s *Service) Serve(req call.Request) call.Answer {
	trace := s.trace()
	in, refusal := s.admit(req)
	if refusal == nil {
		refusal = s.judge(req, in)
	}
	if refusal != nil {
		return refusal.answer(trace)
	}
	s.record(in)
	return reply(http.StatusOK, success{Received: len(in.events), Messages: []string{}, Trace: trace}, usage(in.dataset, 1, 0), trace)
}

// success has its members in the order of the real service.
type success struct {
	Received int      `json:"events_received"`
	Messages []string `json:"messages"`
	Trace    string   `json:"fbtrace_id"`
}

// trace makes a new fbtrace_id: letters and digits, the same in every run.
func (s *Service) trace() string {
	sum := sha256.Sum256([]byte("trace " + strconv.FormatUint(s.traces.Add(1), 10)))
	return "A" + hex.EncodeToString(sum[:11])
}

// admit is everything before the events: path, version, token, form.
func (s *Service) admit(req call.Request) (*input, *Refusal) {
	parts := strings.Split(strings.Trim(req.Path, "/"), "/")
	if last, known := s.cfg.Versions[parts[0]]; !known || !req.Now.Before(last.AddDate(0, 0, 1)) {
		return nil, &Refusal{Code: 2500, Message: fmt.Sprintf("Unknown path components: /%s", short(parts[0]))}
	}
	if len(parts) != 3 || parts[2] != "events" || req.Method != http.MethodPost {
		return nil, &Refusal{Code: 2500, Message: "Unsupported request: only POST /{version}/{dataset}/events is known here"}
	}
	in, refusal := s.read(req)
	if refusal != nil {
		return nil, refusal
	}
	in.dataset = parts[1]
	if refusal := s.authenticate(in); refusal != nil {
		return nil, refusal
	}
	return in, in.topLevel()
}

// authenticate checks token, dataset and proof, in that order.
func (s *Service) authenticate(in *input) *Refusal {
	if in.token == "" {
		return badToken(0, "Invalid OAuth 2.0 Access Token: none was sent")
	}
	known := len(s.cfg.Datasets) == 0
	for _, d := range s.cfg.Datasets {
		known = known || allows(d, in.token)
	}
	if !known {
		return badToken(0, "Invalid OAuth access token - Cannot parse access token")
	}
	if !digits(in.dataset) {
		return &Refusal{Status: http.StatusNotFound, Code: 803, Message: "(#803) Some of the aliases you requested do not exist"}
	}
	d, registered := s.cfg.Datasets[in.dataset]
	if len(s.cfg.Datasets) > 0 && (!registered || !allows(d, in.token)) {
		return &Refusal{
			Type: "GraphMethodException", Code: 100, Subcode: 33,
			Message: fmt.Sprintf("Unsupported post request. Object with ID '%s' does not exist, cannot be loaded due to missing permissions, or does not support this operation", in.dataset),
		}
	}
	in.linked = !d.NotLinked
	if in.proof == "" {
		if d.RequireProof {
			return &Refusal{Code: 104, Message: "API calls from the server require an appsecret_proof argument"}
		}
		return nil
	}
	if d.AppSecret == "" {
		return nil // the sandbox cannot judge a proof without the secret
	}
	mac := hmac.New(sha256.New, []byte(d.AppSecret))
	mac.Write([]byte(in.token))
	if !hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(in.proof)) {
		return &Refusal{Type: "GraphMethodException", Code: 100, Message: "Invalid appsecret_proof provided in the API argument"}
	}
	return nil
}

func allows(d Dataset, token string) bool {
	if len(d.Tokens) == 0 {
		return true
	}
	for _, t := range d.Tokens {
		if t == token {
			return true
		}
	}
	return false
}

func digits(s string) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != "" && len(s) <= 20
}

// judge checks all events and refuses the whole request for the first bad one.
func (s *Service) judge(req call.Request, in *input) *Refusal {
	for i, event := range in.events {
		c := check{event: event, path: fmt.Sprintf("$['data'][%d]", i), now: req.Now, cfg: &s.cfg, linked: in.linked}
		refusal := c.run()
		e := identify(in.dataset, event)
		if refusal == nil && req.Poison != nil && req.Poison(e.ID) {
			refusal = poison(e.ID)
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
		s.ledger.Accept(identify(in.dataset, event))
		s.empty.Add(int64(emptyHashes(event)))
		if in.test {
			s.tests.Add(1)
		}
	}
}

// identify names the event as Meta does: by dataset, event name and event id.
// Without an id the content stands in.
func identify(dataset string, event jsontree.Node) ledger.Event {
	id := event.Get("event_id").Text
	if id == "" {
		sum := sha256.Sum256(fmt.Appendf(nil, "%v", event))
		id = "content:" + hex.EncodeToString(sum[:])
	}
	return ledger.Event{Destination: dataset, Target: event.Get("event_name").Text, ID: id}
}

// Event gives the ledger's name of an event by its parts.
func Event(dataset, name, id string) ledger.Event {
	return ledger.Event{Destination: dataset, Target: name, ID: id}
}
