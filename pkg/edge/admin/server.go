// Package admin serves what operators and orchestrators ask a process: is it
// alive, is it ready, what is it doing, and its metrics. The endpoint has no
// authentication; it listens on loopback unless it is told otherwise, answers
// GET only and shows no personal data.
package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/sluicehq/sluice/pkg/edge/telemetry"
)

// Off is the address that means no endpoint.
const Off = "off"

// Config says where to listen.
type Config struct {
	// Listen is host:port. Port 0 takes a free one.
	Listen string
	// StopWithin is how long requests that are being answered may take when
	// the server stops. Default 2 s.
	StopWithin time.Duration
}

// Check is one condition of being ready.
type Check struct {
	// Name is what is checked, such as table/consent or redis.
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Detail says what is missing, or how it stands.
	Detail string `json:"detail,omitempty"`
}

// Deps are what the endpoint asks.
type Deps struct {
	// Logger receives what goes wrong while serving. Required.
	Logger *slog.Logger
	// Metrics answers /metrics. Required.
	Metrics http.Handler
	// Ready gives the checks of /readyz; the process is ready when all hold.
	// It must answer quickly from what is known and ask nobody: an
	// orchestrator calls it every few seconds. Required.
	Ready func() []Check
	// Status gives what /statusz shows, as JSON. Required.
	Status func() any
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Server is the endpoint. New binds its address, so that a port in use is an
// error at start; Run serves.
type Server struct {
	cfg      Config
	deps     Deps
	started  time.Time
	listener net.Listener
	http     *http.Server
}

// New binds the address.
func New(ctx context.Context, cfg Config, deps Deps) (*Server, error) {
	if deps.Logger == nil || deps.Metrics == nil || deps.Ready == nil || deps.Status == nil {
		return nil, errors.New("making the admin endpoint: logger, metrics, ready and status are needed")
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if cfg.StopWithin == 0 {
		cfg.StopWithin = 2 * time.Second
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("making the admin endpoint on %s: %w", cfg.Listen, err)
	}
	s := &Server{cfg: cfg, deps: deps, started: deps.Now(), listener: listener}
	s.http = &http.Server{
		Handler: s.handler(),
		// A client that is slow on purpose must not hold connections.
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(deps.Logger.Handler(), slog.LevelWarn),
	}
	return s, nil
}

// Addr gives the address that was bound, host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Run serves until ctx ends, then finishes the requests that are being
// answered and returns nil. It owns the listener, so it must be called, or
// Close instead.
func (s *Server) Run(ctx context.Context) error {
	failed := make(chan error, 1)
	go func() { failed <- s.http.Serve(s.listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving the admin endpoint: %w", err)
	case <-ctx.Done():
	}
	// The context of Run is over; stopping has a limit of its own.
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.StopWithin)
	defer cancel()
	err := s.http.Shutdown(stop)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	// Once Serve has returned its goroutine is gone.
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	if err != nil {
		return fmt.Errorf("stopping the admin endpoint: %w", err)
	}
	return nil
}

// Close frees the address of a server that was never run.
func (s *Server) Close() error { return s.listener.Close() }

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", s.live)
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /statusz", s.status)
	mux.Handle("GET /metrics", s.deps.Metrics)
	mux.HandleFunc("GET /{$}", s.index)
	return mux
}

// live answers as long as the process can answer at all. It checks nothing
// else on purpose: restarting a process because Redis is down helps nobody.
func (s *Server) live(w http.ResponseWriter, _ *http.Request) {
	s.answer(w, http.StatusOK, struct {
		Alive         bool    `json:"alive"`
		UptimeSeconds float64 `json:"uptime_seconds"`
	}{true, s.deps.Now().Sub(s.started).Seconds()})
}

func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	checks := s.deps.Ready()
	if checks == nil {
		checks = []Check{}
	}
	ready, code := true, http.StatusOK
	for _, c := range checks {
		ready = ready && c.OK
	}
	if !ready {
		code = http.StatusServiceUnavailable
	}
	s.answer(w, code, struct {
		Ready  bool    `json:"ready"`
		Checks []Check `json:"checks"`
	}{ready, checks})
}

func (s *Server) status(w http.ResponseWriter, _ *http.Request) {
	s.answer(w, http.StatusOK, s.deps.Status())
}

func (s *Server) index(w http.ResponseWriter, _ *http.Request) {
	s.answer(w, http.StatusOK, map[string]string{
		"/livez": "the process answers", "/readyz": "it can do its work, and what is missing",
		"/statusz": "assignments, lag, tables, destinations", "/metrics": "Prometheus metrics",
	})
}

// answer writes JSON. The whole text is made before the first byte is sent,
// so that a status never breaks off in the middle.
func (s *Server) answer(w http.ResponseWriter, code int, content any) {
	text, err := json.MarshalIndent(content, "", "  ")
	if err != nil {
		s.deps.Logger.Error("admin answer cannot be written as JSON", telemetry.KeyError, err)
		http.Error(w, "the answer cannot be written as JSON", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	if _, err := w.Write(append(text, '\n')); err != nil {
		s.deps.Logger.Debug("admin client went away", telemetry.KeyError, err)
	}
}
