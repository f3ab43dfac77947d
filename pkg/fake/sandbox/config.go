package sandbox

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/fakes"
)

// Providers are the names of the providers that have a fake, in the order in
// which they are reported.
func Providers() []string {
	var names []string
	for _, f := range fakes.All() {
		names = append(names, f.Name())
	}
	return names
}

// The operations that requests are counted and scripted by.
const (
	OpEvents = call.OpEvents
	OpIngest = call.OpIngest
	OpToken  = call.OpToken
	OpStatus = call.OpStatus
	OpOther  = call.OpOther
)

// Config are the sandbox's settings. The zero value is an open sandbox without
// faults: it takes every account and every token, and refuses only what is
// wrong in itself.
type Config struct {
	// Fakes replace those of the same providers; the others take every account.
	Fakes []call.Fake
	// ProcessingTime until what became of a request is known, at the providers
	// that say it later. Default: the provider's own.
	ProcessingTime time.Duration
	// Faults names what goes wrong: throttle, outage, slow, bad-token, poison,
	// lost-answer, comma-separated, or all. All but poison end within 30 s of
	// their first hit.
	Faults string
	// PoisonPerMille is the share of events that the poison fault refuses for
	// ever, chosen by a hash of their id. Default 10; at most 1000.
	PoisonPerMille int
	// ThrottleMinutes is the estimated_time_to_regain_access of the throttle
	// fault, in minutes as Meta has it. Default 0, so that the fault heals in
	// time.
	ThrottleMinutes int
	// RetryAfter is the Retry-After of the throttle fault of Google and of
	// webhooks, in seconds.
	// Default 1.
	RetryAfter int
}

// Deps are what the sandbox needs from outside. All have defaults.
type Deps struct {
	Now    func() time.Time                       // default time.Now
	After  func(d time.Duration) <-chan time.Time // default time.After
	Logger *slog.Logger                           // default: discard
	// OnExchange is called once per request, after the answer was made and
	// before it is written; it must be safe for concurrent use.
	OnExchange func(Exchange)
}

// Exchange is one request with its answer, free of credentials: the
// Authorization header, access tokens, proofs and the bodies of the token
// endpoint are taken out.
type Exchange struct {
	Provider  string      `json:"provider"`
	Operation string      `json:"operation"`
	Method    string      `json:"method"`
	URL       string      `json:"url"`
	Header    http.Header `json:"headers"`
	Body      string      `json:"body"`
	Status    int         `json:"status"` // 0: the connection was cut without an answer
	Response  string      `json:"response"`
	Fault     string      `json:"fault,omitempty"` // name of the scripted rule, if any
}

func (d Deps) withDefaults() Deps {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.After == nil {
		d.After = time.After
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	return d
}
