package bench

import (
	"bytes"
	"context"
	"fmt"
	"hash/maphash"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// sink is a provider that takes everything at once and counts it. The sandbox
// judges every byte, which costs many times what sending does and would only
// slow the figures down, not change them.
type sink struct {
	url    string
	server *http.Server
	served sync.WaitGroup
	seed   maphash.Seed

	mu       sync.Mutex
	requests int64
	events   int64
	bytes    int64
	ids      map[uint64]struct{}
	took     latencies // of events that say when they were due
}

// providerSummary is what a sink has received.
type providerSummary struct {
	Requests int64 `json:"requests"`
	Events   int64 `json:"events"`
	Distinct int64 `json:"distinct"` // by event id
	Bytes    int64 `json:"bytes"`
	// Of the events that said when they were due, from then to the answer.
	P50  time.Duration `json:"p50"`
	P99  time.Duration `json:"p99"`
	P999 time.Duration `json:"p999"`
}

func startSink(ctx context.Context) (*sink, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the provider: %w", err)
	}
	s := &sink{url: "http://" + ln.Addr().String(), seed: maphash.MakeSeed(), ids: map[uint64]struct{}{}}
	s.server = &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: 10 * time.Second}
	s.served.Go(func() {
		_ = s.server.Serve(ln) // always http.ErrServerClosed, after close
	})
	return s, nil
}

func (s *sink) close() error {
	err := s.server.Close()
	s.served.Wait()
	return err
}

// idMark is how the id of an event begins in a body of Meta's.
var idMark = []byte(`"event_id":"`)

// serve answers as Meta does when it takes everything.
func (s *sink) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away; there is nobody to answer
	}
	var events int64
	now := time.Now()
	s.mu.Lock()
	for rest := body; ; events++ {
		at := bytes.Index(rest, idMark)
		if at < 0 {
			break
		}
		rest = rest[at+len(idMark):]
		end := bytes.IndexByte(rest, '"')
		if end < 0 {
			break
		}
		s.ids[maphash.Bytes(s.seed, rest[:end])] = struct{}{}
		if due, ok := dueOf(string(rest[:end])); ok {
			s.took = append(s.took, now.Sub(due))
		}
		rest = rest[end:]
	}
	s.requests++
	s.events += events
	s.bytes += int64(len(body))
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"events_received":`+strconv.FormatInt(events, 10)+`,"messages":[],"fbtrace_id":"bench"}`)
}

func (s *sink) summary() providerSummary {
	s.mu.Lock()
	defer s.mu.Unlock()
	return providerSummary{
		Requests: s.requests, Events: s.events, Distinct: int64(len(s.ids)), Bytes: s.bytes,
		P50: s.took.quantile(0.5), P99: s.took.quantile(0.99), P999: s.took.quantile(0.999),
	}
}
