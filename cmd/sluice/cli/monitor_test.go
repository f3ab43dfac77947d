package cli_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/test/patience"
)

// TestMonitorMakesAlertsMetrics: what `health` says about alerts stands in the
// metrics, with owner and runbook, and the process ends when it is told to.
func TestMonitorMakesAlertsMetrics(t *testing.T) {
	t.Parallel()
	s := watched(t)
	s.ok("apply", "-f", s.file("old.yaml", strings.NewReplacer("file:acme-meta.json", "file:acme-old.json", "acme-meta", "old-meta", "1234567890", "1234567899", "  objectives:", "  meta: {api_version: v20.0}\n  objectives:").Replace(strings.Split(ownedShop, "---")[0])))
	listen := closedPort(t)
	ctx, stop := withCancel(t)
	ended := make(chan result, 1)
	environ := append(s.services.Environ(), "SLUICE_ADMIN_LISTEN="+listen, "SLUICE_PRIVACY_KEY="+privacyKey, "SLUICE_PRIVACY_KEY_ID=k1")
	go func() {
		ended <- runTo(t, ctx, io.Discard, environ, append([]string{"run", "monitor"}, s.flags()...)...)
	}()
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	var last string
	found := func() bool {
		last = scrape(t.Context(), client, "http://"+listen+"/metrics")
		return strings.Contains(last, `alert="credentials",customer="acme",destination="acme-meta",`) && line(last, `alert="credentials"`, "acme-meta") == "1"
	}
	patience.Until(t, "the alert of acme-meta", found)
	for alert, want := range map[string]string{"coverage_drop": "0", "silent_failure": "0", "match_quality_drop": "0", "verdict_refusals": "0", "sla_missed": "0", "error_budget": "0"} {
		require.Equal(t, want, line(last, `alert="`+alert+`"`, "acme-meta"), alert)
		require.Equal(t, "0", line(last, `alert="`+alert+`"`, "globex-meta"), "it is not active")
	}
	require.Equal(t, "0", line(last, `alert="api_version"`, "acme-meta"))
	require.Equal(t, "1", line(last, `alert="api_version"`, "old-meta"), "v20.0 ended in September 2026")
	require.Equal(t, "0", line(last, `alert="consent_table_stale"`, ""))
	require.Contains(t, last, `owner="growth@acme.example",provider="meta",runbook="https://wiki.acme.example/meta"`)
	stop()
	got := <-ended
	require.Equal(t, 0, got.code, got.stderr)
}

func scrape(ctx context.Context, client *http.Client, url string) string {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return ""
	}
	response, err := client.Do(request)
	if err != nil {
		return "" // it does not listen yet
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return ""
	}
	return string(body)
}

// line is the value of the alert's series for a destination.
func line(metrics, alert, destination string) string {
	for l := range strings.Lines(metrics) {
		if strings.HasPrefix(l, "sluice_alert{") && strings.Contains(l, alert) && strings.Contains(l, `destination="`+destination+`"`) {
			return l[strings.LastIndex(l, " ")+1 : len(l)-1]
		}
	}
	return "none"
}
