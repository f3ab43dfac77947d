package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
)

const controlPath = "/_sandbox/"

// control adds the sandbox's own endpoints, for tests in other processes:
//
//	GET  /_sandbox/report                          the Report
//	POST /_sandbox/reset                           forget everything
//	GET  /_sandbox/event?provider=&destination=&target=&id=   counts of one id
//	GET  /_sandbox/faults                          the rules in force
//	POST /_sandbox/faults                          {"faults": "throttle,poison", "rules": [...], "verdicts": [...]}
//	POST /_sandbox/revoke-tokens                   issued tokens end
func (s *Sandbox) control(mux *http.ServeMux) {
	mux.HandleFunc("GET "+controlPath+"report", func(w http.ResponseWriter, _ *http.Request) { s.json(w, http.StatusOK, s.Report()) })
	mux.HandleFunc("GET "+controlPath+"faults", func(w http.ResponseWriter, _ *http.Request) {
		s.json(w, http.StatusOK, map[string]any{"rules": s.script.list(), "poison": s.poison.Load()})
	})
	mux.HandleFunc("GET "+controlPath+"event", s.controlEvent)
	mux.HandleFunc("POST "+controlPath+"faults", s.controlFaults)
	mux.HandleFunc("POST "+controlPath+"reset", func(w http.ResponseWriter, _ *http.Request) {
		s.Reset()
		s.json(w, http.StatusOK, map[string]bool{"ok": true})
	})
	mux.HandleFunc("POST "+controlPath+"revoke-tokens", func(w http.ResponseWriter, _ *http.Request) {
		s.RevokeTokens()
		s.json(w, http.StatusOK, map[string]bool{"ok": true})
	})
}

func (s *Sandbox) json(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if err := enc.Encode(body); err != nil {
		s.deps.Logger.Warn("sandbox control answer not written")
	}
}

func (s *Sandbox) refuseControl(w http.ResponseWriter, err error) {
	s.json(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
}

func (s *Sandbox) controlEvent(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	provider := q.Get("provider")
	if s.fake(provider) == nil {
		s.refuseControl(w, fmt.Errorf("reading query: provider must be one of %s", strings.Join(Providers(), ", ")))
		return
	}
	s.json(w, http.StatusOK, s.Event(provider, q.Get("destination"), q.Get("target"), q.Get("id")))
}

type faultsBody struct {
	Faults   *string        `json:"faults"` // replaces all rules; empty: none
	Rules    []Rule         `json:"rules"`  // added after those
	Verdicts []call.Verdict `json:"verdicts"`
}

func (s *Sandbox) controlFaults(w http.ResponseWriter, r *http.Request) {
	var body faultsBody
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&body); err != nil {
		s.refuseControl(w, fmt.Errorf("reading faults: %w", err))
		return
	}
	for _, rule := range body.Rules {
		if err := rule.valid(); err != nil {
			s.refuseControl(w, err)
			return
		}
	}
	if body.Faults != nil {
		if err := s.SetFaults(*body.Faults); err != nil {
			s.refuseControl(w, err)
			return
		}
	}
	s.script.add(body.Rules...)
	if body.Verdicts != nil {
		s.ScriptVerdicts(body.Verdicts...)
	}
	s.json(w, http.StatusOK, map[string]any{"rules": s.script.list(), "poison": s.poison.Load()})
}
