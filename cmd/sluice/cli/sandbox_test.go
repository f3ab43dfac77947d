package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/cmd/sluice/cli"
)

func writeFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "accounts.json")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}

func TestSandbox(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	reader, writer := io.Pipe()
	done := make(chan int, 1)
	go func() {
		args := []string{"sandbox", "--listen", "127.0.0.1:0", "--output", "json"}
		done <- cli.Main(ctx, cli.Streams{In: strings.NewReader(""), Out: writer, Err: &bytes.Buffer{}}, "test", args, nil)
		_ = writer.Close() // never fails
	}()
	out := json.NewDecoder(reader)
	var urls struct{ Meta, Google, Control string }
	require.NoError(t, out.Decode(&urls))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, urls.Meta+"/v25.0/1/events", strings.NewReader("{}"))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusBadRequest, resp.StatusCode, "it refuses what Meta refuses")
	stop()
	var report struct {
		Providers map[string]struct{ Requests int }
	}
	require.NoError(t, out.Decode(&report))
	require.Equal(t, 1, report.Providers["meta"].Requests)
	require.Equal(t, 0, <-done)

	for file, want := range map[string]string{"/not/there.json": "reading accounts", writeFile(t, `{"meta":{"tokens":[]}}`): "unknown field"} {
		bad := run(t, "sandbox", "--listen", "127.0.0.1:0", "--accounts", file)
		require.Equal(t, 2, bad.code)
		require.Contains(t, bad.stderr, want)
	}

	for _, open := range []string{"0.0.0.0:0", "[::]:0", ":0", "192.0.2.7:0", "sandbox.acme:0"} {
		refused := run(t, "sandbox", "--listen", open)
		require.Equal(t, 2, refused.code, open)
		require.Contains(t, refused.stderr, "--expose")
	}

	registry, err := url.Parse(newStage(t).services.RegistryURL())
	require.NoError(t, err)
	taken := run(t, "sandbox", "--listen", registry.Host)
	require.Equal(t, 1, taken.code, "the port is taken: it started and failed")
}
