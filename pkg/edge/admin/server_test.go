package admin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/sluicehq/sluice/pkg/edge/admin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bundle is a running server.
type bundle struct {
	url    string
	client *http.Client
	stop   func() error
	logs   *bytes.Buffer
}

func setup(t *testing.T, change func(*admin.Deps)) bundle {
	t.Helper()
	logs := &bytes.Buffer{}
	now := time.UnixMilli(1_700_000_000_000)
	deps := admin.Deps{
		Logger:  slog.New(slog.NewTextHandler(logs, nil)),
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "sluice_up 1\n") }),
		Ready:   func() []admin.Check { return nil },
		Status:  func() any { return map[string]int{"lag": 3} },
		Now: func() time.Time {
			now = now.Add(time.Second)
			return now
		},
	}
	if change != nil {
		change(&deps)
	}
	server, err := admin.New(t.Context(), admin.Config{Listen: "127.0.0.1:0", StopWithin: 100 * time.Millisecond}, deps)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	var once sync.Once
	var result error
	stop := func() error {
		once.Do(func() {
			cancel()
			result = <-ended
		})
		return result
	}
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		require.NoError(t, stop())
	})
	return bundle{url: "http://" + server.Addr(), client: &http.Client{Transport: transport}, stop: stop, logs: logs}
}

func (b bundle) get(t *testing.T, path string) (code int, text string) {
	t.Helper()
	response, err := b.client.Get(b.url + path)
	require.NoError(t, err)
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode, string(content)
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for path, want := range map[string]string{
		"/livez":   `{"alive": true, "uptime_seconds": 1}`,
		"/readyz":  `{"ready": true, "checks": []}`,
		"/statusz": `{"lag": 3}`,
	} {
		code, text := b.get(t, path)
		assert.Equal(t, 200, code, path)
		assert.JSONEq(t, want, text, path)
	}
	_, text := b.get(t, "/metrics")
	assert.Equal(t, "sluice_up 1\n", text)
	_, text = b.get(t, "/")
	assert.Contains(t, text, "/readyz")
	code, _ := b.get(t, "/debug/pprof/")
	assert.Equal(t, 404, code)

	response, err := b.client.Post(b.url+"/livez", "text/plain", strings.NewReader("x"))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, http.StatusMethodNotAllowed, response.StatusCode)
}

func TestNotReadySaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	b := setup(t, func(d *admin.Deps) {
		d.Ready = func() []admin.Check {
			return []admin.Check{{Name: "redis", OK: true}, {Name: "table/consent", Detail: "12 of 40 partitions read"}}
		}
	})
	code, text := b.get(t, "/readyz")
	assert.Equal(t, 503, code)
	assert.JSONEq(t, `{"ready": false, "checks": [{"name": "redis", "ok": true}, {"name": "table/consent", "ok": false, "detail": "12 of 40 partitions read"}]}`, text)
}

func TestStatusThatIsNoJSON(t *testing.T) {
	t.Parallel()
	b := setup(t, func(d *admin.Deps) { d.Status = func() any { return make(chan int) } })
	code, _ := b.get(t, "/statusz")
	assert.Equal(t, 500, code)
	require.NoError(t, b.stop())
	assert.Contains(t, b.logs.String(), "admin answer cannot be written as JSON")
}

func TestStopFinishesWhatIsBeingAnswered(t *testing.T) {
	t.Parallel()
	asked, release := make(chan struct{}), make(chan struct{})
	b := setup(t, func(d *admin.Deps) {
		d.Status = func() any {
			close(asked)
			<-release
			return map[string]bool{"finished": true}
		}
	})
	answer := make(chan string, 1)
	go func() {
		response, err := b.client.Get(b.url + "/statusz")
		if !assert.NoError(t, err) {
			answer <- ""
			return
		}
		var content map[string]bool
		assert.NoError(t, json.NewDecoder(response.Body).Decode(&content))
		assert.NoError(t, response.Body.Close())
		assert.True(t, content["finished"])
		answer <- "done"
	}()
	<-asked
	stopped := make(chan error, 1)
	go func() { stopped <- b.stop() }()
	close(release)
	assert.Equal(t, "done", <-answer)
	require.NoError(t, <-stopped)
}

// TestStopDoesNotWaitForever: one client that never ends must not hold the
// process.
func TestStopDoesNotWaitForever(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	asked := make(chan struct{})
	b := setup(t, func(d *admin.Deps) {
		d.Status = func() any {
			close(asked)
			<-release
			return nil
		}
	})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		response, err := b.client.Get(b.url + "/statusz")
		if err == nil {
			assert.NoError(t, response.Body.Close())
		}
	}()
	<-asked
	require.NoError(t, b.stop())
	close(release)
	<-ended
}

func TestAddressInUseFailsAtStart(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, taken.Close()) })
	deps := admin.Deps{Logger: slog.New(slog.DiscardHandler), Metrics: http.NotFoundHandler(), Ready: func() []admin.Check { return nil }, Status: func() any { return nil }}
	_, err = admin.New(t.Context(), admin.Config{Listen: taken.Addr().String()}, deps)
	require.ErrorContains(t, err, "address already in use")
	_, err = admin.New(t.Context(), admin.Config{Listen: "127.0.0.1:0"}, admin.Deps{})
	require.ErrorContains(t, err, "are needed")
	server, err := admin.New(t.Context(), admin.Config{Listen: "127.0.0.1:0"}, deps)
	require.NoError(t, err)
	require.NoError(t, server.Close())
}
