package demo_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/cmd/sluice/demo"
	"github.com/sluicehq/sluice/test/patience"
)

// Every metric that is declared is fed by a running pipeline: one that is not
// would stand empty on a dashboard, and its alert would never fire.
func TestEveryMetricIsFed(t *testing.T) {
	ctx, cancel := patience.Context(t)
	defer cancel()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())
	var served string
	_, err = demo.Run(ctx, demo.Options{
		Events: 2000, Seed: 7, Version: "test", Faults: "poison,bad-token", Admin: address, Log: testLog{t},
		Serve: func(demo.Addresses) {
			served = scrape(t, "http://"+address+"/metrics")
			cancel()
		},
	})
	require.NoError(t, err)
	promised, err := os.ReadFile(filepath.Join("..", "..", "..", "pkg", "edge", "telemetry", "testdata", "metrics.txt"))
	require.NoError(t, err)
	names := regexp.MustCompile(`(?m)^# HELP (sluice_\S+) `).FindAllStringSubmatch(string(promised), -1)
	require.Greater(t, len(names), 25)
	for _, name := range names {
		require.Regexp(t, `(?m)^`+name[1]+`(_count)?(\{|\s)`, served, "nothing feeds it")
	}
	for _, series := range []string{
		`sluice_oldest_age_seconds\{.*provider="google".*stage="sender"\}`, `sluice_oldest_age_seconds\{.*stage="parked"\}`,
		`sluice_input_lost_total\{.*stage="sender"\} 0`, `sluice_claims_window_seconds 777600`, `sluice_claims_lost_total 0`, `sluice_input_oversized_batches_total 0`, `sluice_role_restarts_total\{role="monitor"\} 0`,
		`sluice_delivery_moved_total\{.*place="parked".*\} [1-9]`, `sluice_delivery_moved_total\{.*place="deadletter".*\} [1-9]`,
		`sluice_quota_requests_total\{.*provider="google"\} [1-9]`, `sluice_quota_limit\{period="day".*\} 100000`,
	} {
		require.Regexp(t, series, served)
	}
}

func scrape(t *testing.T, url string) string {
	t.Helper()
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(text)
}
