package boot

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/edge/config"
)

func TestClientTLSTrustsTheConfiguredAuthority(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))

	for name, test := range map[string]struct {
		section config.TLS
		wantErr string
	}{
		"the authority of the file": {config.TLS{CAFile: ca}, ""},
		"only the system's":         {config.TLS{}, "certificate"},
		"another server name":       {config.TLS{CAFile: ca, ServerName: "elsewhere.invalid"}, "elsewhere.invalid"},
	} {
		cfg, err := clientTLS("registry.tls", test.section)
		require.NoError(t, err, name)
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: cfg}}
		response, err := client.Get(server.URL)
		if test.wantErr != "" {
			require.ErrorContains(t, err, test.wantErr, name)
			continue
		}
		require.NoError(t, err, name)
		require.NoError(t, response.Body.Close())
		client.CloseIdleConnections()
	}
}

func TestClientTLSNamesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty.pem")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	_, err := clientTLS("registry.tls", config.TLS{CAFile: empty})
	require.ErrorContains(t, err, "registry.tls.ca_file")
	_, err = clientTLS("redis.tls", config.TLS{CertFile: empty, KeyFile: empty})
	require.ErrorContains(t, err, "redis.tls.cert_file")
}
