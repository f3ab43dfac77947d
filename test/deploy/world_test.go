package deploy_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// world is an installation of plain processes with the shop of examples/:
// services, sandbox, a router, a sender and a monitor.
type world struct {
	services services
	config   string
	dir      string
	events   []string
	emitted  int
	last     string // the file that emit wrote last
	roles    []*process
}

// startWorld starts one; arguments go to the sandbox.
func startWorld(t *testing.T, sandbox ...string) *world {
	t.Helper()
	w := &world{services: startServices(t), dir: t.TempDir()}
	w.services.startSandbox(t, append([]string{"sandbox", "--listen", "127.0.0.1:0"}, sandbox...)...)
	text, err := os.ReadFile(filepath.Join(root, "deploy", "compose", "sluice.yaml"))
	require.NoError(t, err)
	secrets, err := filepath.Abs(filepath.Join(root, "deploy", "compose", "sandbox-secrets"))
	require.NoError(t, err)
	w.config = filepath.Join(w.dir, "sluice.yaml")
	require.NoError(t, os.WriteFile(w.config, []byte(strings.NewReplacer(
		"kafka:19092", w.services.Kafka, "http://registry:8081", w.services.Registry, "redis:6379", w.services.Redis,
		"http://sandbox:9999", w.services.Sandbox, "/etc/sluice/secrets", secrets, "batch: 5s", "batch: 1s",
	).Replace(string(text))), 0o600))
	for _, command := range [][]string{{"schemas", "register"}, {"topology", "apply", "--replication", "1"}, {"apply", "-f", filepath.Join(root, "examples")}} {
		start(t, w.environ(), binary(t), command...).succeeds()
	}
	events, err := os.ReadFile(filepath.Join(root, "examples", "events.ndjson"))
	require.NoError(t, err)
	for line := range strings.Lines(string(events)) {
		w.events = append(w.events, strings.TrimSpace(line))
	}
	w.roles = []*process{w.role(t, "router-0", "router"), w.role(t, "sender-0", "sender"), w.role(t, "monitor-0", "run", "monitor")}
	for _, r := range w.roles {
		r.ready()
	}
	return w
}

func (w *world) environ(more ...string) []string {
	return append([]string{"SLUICE_CONFIG=" + w.config, "SLUICE_ADMIN_LISTEN=127.0.0.1:0"}, more...)
}

// role starts a long-running role under a stable name.
func (w *world) role(t *testing.T, instance string, args ...string) *process {
	t.Helper()
	return start(t, w.environ("SLUICE_ROUTER_INSTANCE="+instance), binary(t), args...)
}

// emit writes n events that nobody has seen before, each with the time at which
// it is written. With further arguments it does not wait for the end.
func (w *world) emit(t *testing.T, n int, more ...string) *process {
	t.Helper()
	w.emitted++
	batch := fmt.Sprintf("batch%d-%d", w.emitted, time.Now().UnixNano())
	var lines []string
	for i := range n {
		line := strings.ReplaceAll(w.events[i%len(w.events)], `"event_id":"`, fmt.Sprintf(`"event_id":"%s-%d-`, batch, i))
		line = strings.ReplaceAll(line, `"transaction_id":"`, fmt.Sprintf(`"transaction_id":"%s-%d-`, batch, i))
		lines = append(lines, strings.ReplaceAll(line, `"subject_id":"`, fmt.Sprintf(`"subject_id":"%d-`, i)))
	}
	path := filepath.Join(w.dir, batch+".ndjson")
	w.last = path
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	p := start(t, w.environ(), binary(t), slices.Concat([]string{"emit", "--file", path, "--now"}, more)...)
	if len(more) == 0 {
		p.succeeds()
	}
	return p
}

// block lets a provider refuse every credential from now on.
func (w *world) block(t *testing.T, provider string) {
	t.Helper()
	body := strings.NewReader(fmt.Sprintf(`{"rules": [{"provider": %q, "do": "bad-token"}]}`, provider))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.services.Sandbox+"/_sandbox/faults", body)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusOK, resp.StatusCode)
}

// expected is how many decisions the events of the last emit lead to, as
// `sluice explain` tells without any service: one for each event and mapping.
func (w *world) expected(t *testing.T) int {
	t.Helper()
	p := start(t, nil, binary(t), "explain", "--resources", filepath.Join(root, "examples"), "--events", w.last, "--output", "json")
	p.succeeds()
	n := 0
	for line := range strings.Lines(p.out.String()) {
		if !strings.Contains(line, `"mapping.none"`) {
			n++
		}
	}
	require.Positive(t, n)
	return n
}
