package registry_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/registry"
	"github.com/sluicehq/sluice/schemas"
)

// TestASlowRegistryIsAskedAgain: the first requests are not answered within the
// client's timeout; one that refuses is believed at once.
func TestASlowRegistryIsAskedAgain(t *testing.T) {
	t.Parallel()
	fake := srfake.NewRegistry()
	t.Cleanup(fake.Close)
	var asked atomic.Int32
	var refuse atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		switch n := asked.Add(1); {
		case refuse.Load():
			http.Error(w, `{"error_code":403,"message":"no"}`, http.StatusForbidden)
		case n <= 2:
			_, _ = io.Copy(io.Discard, q.Body) // the end of a request is seen once its body is read
			<-q.Context().Done()               // until the client gives up
		default:
			fake.Handler().ServeHTTP(w, q)
		}
	}))
	t.Cleanup(server.Close)
	made := func() *registry.Registry {
		return registry.New(registry.Config{URL: server.URL, Now: time.Now, Timeout: time.Minute, Connect: func() (*sr.Client, error) {
			return sr.NewClient(sr.URLs(server.URL), sr.HTTPClient(&http.Client{Timeout: 500 * time.Millisecond}))
		}})
	}
	topics := codec.Topics{schemas.Diagnostic: {"sluice.diagnostics"}}
	_, err := made().IDs(t.Context(), topics)
	require.NoError(t, err)
	require.Greater(t, asked.Load(), int32(2))

	refuse.Store(true)
	before := asked.Load()
	_, err = made().IDs(t.Context(), topics)
	require.ErrorContains(t, err, "does not register our schemas")
	require.LessOrEqual(t, asked.Load()-before, int32(2))
}
