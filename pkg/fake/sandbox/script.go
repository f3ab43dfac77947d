package sandbox

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
)

// Kind is what a scripted fault does to a request.
type Kind string

// The kinds of faults. Those marked "stored" process the request first, so that
// the provider has the events although the client cannot know.
const (
	Throttle    Kind = "throttle"     // refuse for too many requests
	Unavailable Kind = "unavailable"  // 503 with the provider's own error body
	HTML        Kind = "html"         // 502 with an HTML page, as from a proxy
	Reset       Kind = "reset"        // cut the connection before reading
	BadToken    Kind = "bad-token"    // refuse the credential
	Slow        Kind = "slow"         // wait Delay, then go on
	Raw         Kind = "raw"          // answer Status with Body
	ErrorIn200  Kind = "error-in-200" // an error envelope under status 200; webhooks have none: as unavailable
	LostAnswer  Kind = "lost-answer"  // stored, then the connection is cut
	EmptyBody   Kind = "empty-body"   // stored, then a 200 without body
	Truncated   Kind = "truncated"    // stored, then half of the answer's body
	FewerEvents Kind = "fewer-events" // stored, then a 200 that counts one event less (Meta)
)

var kinds = []Kind{Throttle, Unavailable, HTML, Reset, BadToken, Slow, Raw, ErrorIn200, LostAnswer, EmptyBody, Truncated, FewerEvents}

// Duration is a time.Duration that JSON writes as text, such as "1.5s".
type Duration = call.Duration

// Rule is one scripted fault: which requests it is for, and what happens.
// Empty fields match everything.
type Rule struct {
	Name        string `json:"name,omitempty"`
	Provider    string `json:"provider,omitempty"`
	Operation   string `json:"operation,omitempty"` // empty: events and ingest
	Destination string `json:"destination,omitempty"`
	// FirstDestination binds the rule to the first destination that it sees.
	FirstDestination bool     `json:"first_destination,omitempty"`
	From             Duration `json:"from,omitempty"`  // since the sandbox's start (or reset)
	Until            Duration `json:"until,omitempty"` // exclusive; 0: for ever
	Lasts            Duration `json:"lasts,omitempty"` // since its first hit, exclusive; 0: for ever
	Skip             int      `json:"skip,omitempty"`  // so many matching requests pass first
	Every            int      `json:"every,omitempty"` // then every n-th is hit; 0: each
	Times            int      `json:"times,omitempty"` // at most so many hits; 0: no limit

	Do         Kind     `json:"do"`
	Delay      Duration `json:"delay,omitempty"`       // Slow
	Status     int      `json:"status,omitempty"`      // Raw, Throttle (Meta); 0: usual
	Code       int      `json:"code,omitempty"`        // Throttle at Meta: 4 (default), 17, 613, 80004 ...
	Minutes    int      `json:"minutes,omitempty"`     // Throttle at Meta: estimated_time_to_regain_access
	RetryAfter int      `json:"retry_after,omitempty"` // Throttle at Google and webhooks, seconds
	Body       string   `json:"body,omitempty"`        // Raw
}

// maxDelay bounds how long a fault may hold a connection.
const maxDelay = 10 * time.Minute

func (r Rule) valid() error {
	if d := toDuration(r.Delay); d < 0 || d > maxDelay {
		return fmt.Errorf("reading rule %q: delay %s is not between 0 and %s", r.Do, d, maxDelay)
	}
	for _, k := range kinds {
		if r.Do == k {
			return nil
		}
	}
	return fmt.Errorf("reading rule %q: unknown fault %q", r.Name, r.Do)
}

type armed struct {
	Rule
	matched, hits int
	// begun: it has hit, or would have if no rule before it had; began is when,
	// since the start.
	begun bool
	began time.Duration
}

// script holds the rules in order; the first that hits decides.
type script struct {
	mu    sync.Mutex
	rules []*armed
	done  map[string]int // hits by name, kept when rules are replaced
}

func (s *script) set(rules []Rule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
	for _, r := range rules {
		s.rules = append(s.rules, &armed{Rule: r})
	}
	if s.done == nil {
		s.done = map[string]int{}
	}
}

func (s *script) add(rules ...Rule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range rules {
		s.rules = append(s.rules, &armed{Rule: r})
	}
}

func (s *script) list() []Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Rule, 0, len(s.rules))
	for _, r := range s.rules {
		out = append(out, r.Rule)
	}
	return out
}

func (s *script) hits() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string]int, len(s.done))
	for k, v := range s.done {
		out[k] = v
	}
	return out
}

func (s *script) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules, s.done = nil, map[string]int{}
}

// next finds the rule that hits this request, or nil.
func (s *script) next(provider, op, dest string, since time.Duration) *Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	var winner *Rule
	for _, a := range s.rules {
		if !a.matches(provider, op, dest, since) {
			continue
		}
		a.matched++
		n := a.matched - 1 - a.Skip
		if n < 0 || (a.Every > 1 && n%a.Every != 0) || (a.Times > 0 && a.hits >= a.Times) {
			continue
		}
		if !a.begun {
			a.begun, a.began = true, since
		}
		if winner != nil {
			continue
		}
		a.hits++
		name := a.Name
		if name == "" {
			name = string(a.Do)
		}
		s.done[name]++
		rule := a.Rule
		rule.Name = name
		winner = &rule
	}
	return winner
}

func (a *armed) matches(provider, op, dest string, since time.Duration) bool {
	if a.Provider != "" && a.Provider != provider {
		return false
	}
	if a.Operation != op && !(a.Operation == "" && (op == OpEvents || op == OpIngest)) {
		return false
	}
	if since < time.Duration(a.From) || (a.Until > 0 && since >= time.Duration(a.Until)) || a.over(since) {
		return false
	}
	if a.FirstDestination && a.Destination == "" && dest != "" {
		a.Destination = dest
	}
	return a.Destination == "" || sameDestination(a.Destination, dest)
}

// over tells whether the rule has lasted its time.
func (a *armed) over(since time.Duration) bool {
	return a.begun && a.Lasts > 0 && since >= a.began+time.Duration(a.Lasts)
}

// sameDestination takes a dataset, an account, an action, or account/action.
func sameDestination(want, dest string) bool {
	account, action, _ := strings.Cut(dest, "/")
	return want == dest || want == account || (action != "" && want == action)
}

func toDuration(d Duration) time.Duration { return time.Duration(d) }
