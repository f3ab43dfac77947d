package sandbox_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/sluicehq/sluice/pkg/fake/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is the time of the tests; it moves only when told.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// rig is a running sandbox with a client.
type rig struct {
	t     *testing.T
	box   *sandbox.Sandbox
	urls  sandbox.URLs
	clock *clock
	seen  []sandbox.Exchange
	mu    sync.Mutex
}

func start(t *testing.T, cfg sandbox.Config) *rig {
	t.Helper()
	r := &rig{t: t, clock: newClock()}
	box, err := sandbox.New(cfg, sandbox.Deps{
		Now: r.clock.Now,
		After: func(d time.Duration) <-chan time.Time { // waiting is instant here, and moves the clock
			r.clock.Add(d)
			c := make(chan time.Time, 1)
			c <- r.clock.Now()
			return c
		},
		OnExchange: func(e sandbox.Exchange) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.seen = append(r.seen, e)
		},
	})
	require.NoError(t, err)
	server := httptest.NewServer(box.Handler())
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		server.Close()
	})
	r.box, r.urls = box, sandbox.URLsAt(server.URL)
	return r
}

// exchanges are those captured so far.
func (r *rig) exchanges() []sandbox.Exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen)
}

type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
	err    error
}

func (r *rig) do(method, url, body string, headers ...string) answer {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, url, strings.NewReader(body))
	require.NoError(r.t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer token-1")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{err: err}
	}
	raw, err := io.ReadAll(resp.Body)
	require.NoError(r.t, resp.Body.Close())
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(raw), err: err}
	if json.Unmarshal(raw, &a.body) != nil {
		a.body = nil
	}
	return a
}

func (r *rig) meta(body string, headers ...string) answer {
	r.t.Helper()
	return r.do(http.MethodPost, r.urls["meta"]+"/v25.0/1234567890/events", body, headers...)
}

func (r *rig) google(body string, headers ...string) answer {
	r.t.Helper()
	return r.do(http.MethodPost, r.urls["google"]+"/v1/events:ingest", body, headers...)
}

// merge applies a JSON merge patch (RFC 7396).
func merge(base, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	out := map[string]any{}
	if b, ok := base.(map[string]any); ok {
		for k, v := range b {
			out[k] = v
		}
	}
	for k, v := range p {
		if v == nil {
			delete(out, k)
			continue
		}
		out[k] = merge(out[k], v)
	}
	return out
}

func parse(t testing.TB, text string) any {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	require.NoError(t, dec.Decode(&v), text)
	return v
}

func format(t testing.TB, v any) string {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	require.NoError(t, enc.Encode(v))
	return b.String()
}

// rules reads a table of three columns, with the line number of each row.
func rules(t *testing.T, file string) map[int][3]string {
	t.Helper()
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	out := map[int][3]string{}
	for i, line := range strings.Split(string(raw), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.SplitN(line, " | ", 3)
		require.Len(t, cells, 3, "line %d", i+1)
		out[i+1] = [3]string{strings.TrimSpace(cells[0]), strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2])}
	}
	return out
}
