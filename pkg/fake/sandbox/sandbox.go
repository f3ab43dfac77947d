package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/fakes"
)

// Sandbox stands in for every provider that has a fake. Make one with New; it
// is safe for concurrent use.
type Sandbox struct {
	cfg    Config
	deps   Deps
	fakes  []call.Fake
	script script
	poison atomic.Bool
	busy   sync.RWMutex // read-locked by every request, so that Close can wait for them

	mu      sync.Mutex
	start   time.Time
	seen    map[string]*traffic
	server  *http.Server
	serving chan error
}

// traffic counts the requests of one provider.
type traffic struct {
	requests   int
	operations map[string]int
	statuses   map[string]int
}

// URLs are where the fakes answer: a provider's base URL by its name, its token
// endpoint by name and _token, the key that requests are signed with by name and
// _key, and the sandbox's own endpoints by Control.
type URLs map[string]string

// What follows a provider's name, and the name of the sandbox's own endpoints.
const (
	Token   = "_token"
	Key     = "_key"
	Control = "control"
)

// New makes a sandbox; it fails for an unknown fault name only.
func New(cfg Config, deps Deps) (*Sandbox, error) {
	if cfg.PoisonPerMille == 0 {
		cfg.PoisonPerMille = 10
	}
	if cfg.RetryAfter == 0 {
		cfg.RetryAfter = 1
	}
	s := &Sandbox{
		cfg: cfg, deps: deps.withDefaults(), fakes: fakes.All(),
		seen: map[string]*traffic{},
	}
	for i, open := range s.fakes {
		for _, own := range cfg.Fakes {
			if own.Name() == open.Name() {
				s.fakes[i] = own
			}
		}
		if judge, ok := s.fakes[i].(call.Judges); ok && cfg.ProcessingTime > 0 {
			judge.ProcessFor(cfg.ProcessingTime)
		}
	}
	s.start = s.deps.Now()
	return s, s.SetFaults(cfg.Faults)
}

// SetFaults replaces all rules by those of the named faults, and counts their
// times from now on.
func (s *Sandbox) SetFaults(names string) error {
	list, err := parseFaults(names)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.start = s.deps.Now()
	s.mu.Unlock()
	s.poison.Store(slices.Contains(list, "poison"))
	s.script.set(s.faultRules(list))
	return nil
}

// Script adds rules after those that are there.
func (s *Sandbox) Script(rules ...Rule) error {
	for _, r := range rules {
		if err := r.valid(); err != nil {
			return err
		}
	}
	s.script.add(rules...)
	return nil
}

// ScriptVerdicts sets what processing refuses from now on, at the providers that
// say so later.
func (s *Sandbox) ScriptVerdicts(v ...call.Verdict) {
	for _, f := range s.fakes {
		if judge, ok := f.(call.Judges); ok {
			judge.Script(v...)
		}
	}
}

// RevokeTokens makes every access token that a token endpoint issued invalid.
func (s *Sandbox) RevokeTokens() {
	for _, f := range s.fakes {
		if tokens, ok := f.(call.TokenService); ok {
			tokens.RevokeTokens()
		}
	}
}

// Secret is a secret in the form that a provider reads, which its open fake
// takes; nil where the provider has no fake.
func (s *Sandbox) Secret(provider, reference string) map[string]string {
	f := s.fake(provider)
	if f == nil {
		return nil
	}
	return f.Secret(reference)
}

// fake is a provider's fake; nil: it has none.
func (s *Sandbox) fake(provider string) call.Fake {
	for _, f := range s.fakes {
		if f.Name() == provider {
			return f
		}
	}
	return nil
}

// Reset forgets all records, tokens, statuses, rules and faults, and starts the
// clock of rules anew.
func (s *Sandbox) Reset() {
	for _, f := range s.fakes {
		f.Ledger().Reset()
		f.Reset()
	}
	s.script.reset()
	s.poison.Store(false)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = map[string]*traffic{}
	s.start = s.deps.Now()
}

// Handler gives the HTTP handler of all stand-ins and the control endpoints.
// A fault that cuts the connection panics with http.ErrAbortHandler, as
// net/http has it; call the handler through a server.
func (s *Sandbox) Handler() http.Handler {
	mux := http.NewServeMux()
	s.control(mux)
	// Providers' paths stay out of the mux: it cleans paths by redirecting.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.busy.RLock()
		defer s.busy.RUnlock()
		if strings.HasPrefix(r.URL.Path, controlPath) {
			mux.ServeHTTP(w, r)
			return
		}
		s.serve(w, r)
	})
}

// Start listens on addr (host:port, port 0 for any) and serves until Close.
func (s *Sandbox) Start(ctx context.Context, addr string) (URLs, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening for the sandbox on %s: %w", addr, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		return nil, errors.Join(errors.New("starting the sandbox: it is running already"), listener.Close())
	}
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second}
	serving := make(chan error, 1)
	s.server, s.serving = server, serving
	go func() { serving <- server.Serve(listener) }()
	base := "http://" + listener.Addr().String()
	s.deps.Logger.InfoContext(ctx, "sandbox listening", "url", base)
	return URLsAt(base), nil
}

// URLsAt gives the endpoints of a sandbox whose handler is served at base.
func URLsAt(base string) URLs {
	urls := URLs{Control: base + "/_sandbox"}
	for _, f := range fakes.All() {
		urls[f.Name()] = base + f.Base()
		if tokens, ok := f.(call.TokenService); ok {
			urls[f.Name()+Token] = base + tokens.TokenPath()
		}
		if signed, ok := f.(call.Signed); ok {
			urls[f.Name()+Key] = signed.SigningKey()
		}
	}
	return urls
}

// Close cuts open connections and waits until the server and its requests have
// ended.
func (s *Sandbox) Close() error {
	s.mu.Lock()
	server, serving := s.server, s.serving
	s.server, s.serving = nil, nil
	s.mu.Unlock()
	if server == nil {
		return nil
	}
	closing := server.Close()
	s.busy.Lock()
	defer s.busy.Unlock()
	if err := <-serving; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the sandbox: %w", err)
	}
	if closing != nil {
		return fmt.Errorf("closing the sandbox: %w", closing)
	}
	return nil
}

func (s *Sandbox) since(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return now.Sub(s.start)
}

func (s *Sandbox) count(provider, op string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.traffic(provider)
	t.requests++
	t.operations[op]++
}

func (s *Sandbox) countStatus(provider string, status int) {
	name := "cut"
	if status != 0 {
		name = strconv.Itoa(status)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.traffic(provider).statuses[name]++
}

// traffic must be called under the lock.
func (s *Sandbox) traffic(provider string) *traffic {
	t := s.seen[provider]
	if t == nil {
		t = &traffic{operations: map[string]int{}, statuses: map[string]int{}}
		s.seen[provider] = t
	}
	return t
}
