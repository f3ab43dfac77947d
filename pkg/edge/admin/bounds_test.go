package admin_test

import (
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/edge/config"
)

// TestNobodyElseIsServedByDefault: the endpoint has no authentication.
func TestNobodyElseIsServedByDefault(t *testing.T) {
	t.Parallel()
	host, _, err := net.SplitHostPort(config.Default().Admin.Listen)
	require.NoError(t, err)
	require.True(t, net.ParseIP(host).IsLoopback(), host)
}

// TestRequestsAreBounded: neither headers nor a body of any size make the
// process hold memory for a client.
func TestRequestsAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/livez", nil)
	require.NoError(t, err)
	request.Header.Set("X-Large", strings.Repeat("x", 64<<10))
	response, err := b.client.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, response.StatusCode)

	body := &endless{}
	request, err = http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+"/livez", body)
	require.NoError(t, err)
	response, err = b.client.Do(request)
	if err == nil { // or the connection was closed while the body was still being sent
		require.Equal(t, http.StatusMethodNotAllowed, response.StatusCode)
		require.NoError(t, response.Body.Close())
	}
	require.Less(t, body.read.Load(), int64(64<<20), "the body is not read to its end")
}

// endless is a body that a server must not want to the end.
type endless struct{ read atomic.Int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.read.Add(int64(len(p))) > 256<<20 {
		return 0, http.ErrBodyReadAfterClose
	}
	return len(p), nil
}
