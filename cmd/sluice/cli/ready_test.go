package cli_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestReady: the exit code tells a container's health check, the text a person.
func TestReady(t *testing.T) {
	t.Parallel()
	answer := func(code int, body string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/readyz" {
				http.NotFound(w, r)
				return
			}
			w.WriteHeader(code)
			_, err := w.Write([]byte(body))
			assert.NoError(t, err)
		}))
		t.Cleanup(server.Close)
		return strings.TrimPrefix(server.URL, "http://")
	}
	port := func(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }
	yes := answer(http.StatusOK, `{"ready": true, "checks": []}`)
	no := answer(http.StatusServiceUnavailable, `{"ready": false, "checks": [{"name": "redis", "ok": true}, {"name": "table/consent", "ok": false, "detail": "reading"}]}`)
	for name, c := range map[string]struct {
		args   []string
		listen string
		code   int
		says   string
	}{
		"ready":                   {nil, yes, 0, "ready\n"},
		"listens everywhere":      {nil, "0.0.0.0:" + port(yes), 0, "ready\n"},
		"listens everywhere, v6":  {nil, "[::]:" + port(yes), 0, "ready\n"},
		"not ready":               {nil, no, 3, "not ready: 503 Service Unavailable; table/consent reading\n"},
		"nobody listens":          {nil, closedPort(t), 3, "nobody answers"},
		"something else":          {[]string{"--url", "http://" + yes + "/elsewhere"}, "off", 3, "not ready: 404 Not Found"},
		"another address":         {[]string{"--url", "http://" + yes + "/readyz"}, "off", 0, "ready\n"},
		"no endpoint":             {nil, "off", 2, "admin.listen is off"},
		"an address that is none": {[]string{"--url", "http://a b/"}, yes, 2, "reading --url"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := runWith(t, t.Context(), strings.NewReader(""), []string{"SLUICE_ADMIN_LISTEN=" + c.listen}, append([]string{"ready"}, c.args...)...)
			require.Equal(t, c.code, got.code, got.stderr)
			require.Contains(t, got.stdout+got.stderr, c.says)
		})
	}
}
