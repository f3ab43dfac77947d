package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/test/patience"
)

// TestDemoServesOtherTerminals uses a demo's services as its last lines say:
// a router and senders of other processes take their share of the work, emit,
// tail, export and explain are commands of others.
func TestDemoServesOtherTerminals(t *testing.T) {
	t.Parallel()
	demo := start(t, nil, "demo", "--serve", "--events", "200", "--output", "json")
	demo.says("From another terminal")
	printed := demo.err.String()
	config := []string{"--config", printedAfter(t, printed, "configuration")}
	brokers := printedAfter(t, printed, "Kafka")

	settings := []string{"SLUICE_ROUTER_INSTANCE=other", "SLUICE_ADMIN_LISTEN=127.0.0.1:0", "SLUICE_TELEMETRY_LOG_LEVEL=info"}
	router := start(t, settings, append([]string{"router"}, config...)...)
	sender := start(t, settings, append([]string{"sender"}, config...)...)
	ready(t, router)
	ready(t, sender)
	shared(t, brokers, "sluice-router", 4)
	shared(t, brokers, "sluice-sender.meta", 2)
	shared(t, brokers, "sluice-sender.google", 2)

	const n = 90
	dir := t.TempDir()
	var events []string
	for i := range n {
		events = append(events, purchase("northwind", fmt.Sprintf("terminal-%03d", i), fmt.Sprintf("subject-%d", i), time.Now()))
	}
	file := filepath.Join(dir, "events.ndjson")
	writeFile(t, file, lines(events...))
	follow := start(t, nil, append([]string{"tail", "--output", "json", "--from-start", "--status", "delivered", "--event", "transaction.purchase"}, config...)...)
	emitted := succeed(t, nil, append([]string{"emit", "--file", file, "--output", "json"}, config...)...)
	require.EqualValues(t, n, object(t, emitted.stdout)["events"])

	var delivered map[string]int
	patience.Until(t, "tail to show every delivery", func() bool {
		delivered = map[string]int{}
		for _, d := range objects(t, follow.out.String()) {
			if id := d["event_id"].(string); strings.HasPrefix(id, "terminal-") {
				delivered[d["destination_id"].(string)]++
			}
		}
		return delivered["northwind-meta"] >= n && delivered["northwind-google"] >= n
	})
	require.Equal(t, map[string]int{"northwind-meta": n, "northwind-google": n}, delivered, "every delivery is told once")

	require.Positive(t, metric(t, router, "sluice_decisions_total"), "the other router decided about a share of the events")
	require.Positive(t, metric(t, sender, "sluice_delivery_requests_total"), "the other senders sent a share of the deliveries")

	exported := filepath.Join(dir, "exported.yaml")
	writeFile(t, exported, succeed(t, nil, append([]string{"export"}, config...)...).stdout)
	explained := objects(t, succeed(t, nil, "explain", "--resources", exported, "--events", file, "--output", "json").stdout)
	require.Len(t, explained, 2*n)
	for _, line := range explained {
		require.Equal(t, "queued", line["status"], "%v", line)
	}

	for _, p := range []*process{router, sender, follow, demo} {
		p.signal(syscall.SIGTERM)
		require.Zero(t, p.wait(), "sluice %s: %s", p.name, p.err.String())
	}
	require.Equal(t, true, object(t, demo.out.String())["ok"], demo.out.String())
}

// TestDemoServesOtherResources applies destinations that are not the demo's
// own: its senders look for their secrets where it says, its topics agree with
// the declaration as it says, and its accounting counts what others wrote.
func TestDemoServesOtherResources(t *testing.T) {
	t.Parallel()
	hangUp := make(chan os.Signal, 1)
	signal.Notify(hangUp, syscall.SIGHUP) // which programs do not inherit as ignored then, as they do below nohup
	defer signal.Stop(hangUp)
	demo := start(t, nil, "demo", "--serve", "--events", "20", "--output", "json")
	demo.says("From another terminal")
	printed := demo.err.String()
	config := []string{"--config", printedAfter(t, printed, "configuration")}
	partitions := regexp.MustCompile(`topology diff .*--partitions (\d+)`).FindStringSubmatch(printed)
	require.NotNil(t, partitions, printed)
	plan := object(t, succeed(t, nil, append([]string{"topology", "diff", "--output", "json", "--partitions", partitions[1]}, config...)...).stdout)
	require.Equal(t, false, plan["pending"], "%v", plan)

	// One of the two secrets is there.
	writeFile(t, filepath.Join(printedAfter(t, printed, "secrets"), "acme-google.json"), `{"client_id": "a", "client_secret": "b", "refresh_token": "c"}`)
	examples := filepath.Join("..", "..", "examples")
	succeed(t, nil, append([]string{"apply", "-f", filepath.Join(examples, "resources.yaml")}, config...)...)
	file := filepath.Join(t.TempDir(), "events.ndjson")
	follow := start(t, nil, append([]string{"tail", "--output", "json", "--from-start", "--customer", "acme"}, config...)...)
	ends, emitted := map[string]string{}, 0
	patience.Until(t, "both deliveries to end", func() bool {
		// Mappings count a moment after they were applied: send until they do.
		id := fmt.Sprintf("other-%d", emitted)
		writeFile(t, file, lines(purchase("acme", id, id, time.Now())))
		succeed(t, nil, append([]string{"emit", "--file", file}, config...)...)
		emitted++
		for _, d := range objects(t, follow.out.String()) {
			if d["status"] == "parked" || d["status"] == "delivered" {
				ends[d["destination_id"].(string)] = d["status"].(string) + " " + d["reason"].(string)
			}
		}
		return len(ends) == 2
	})
	require.Equal(t, "parked credentials.missing", ends["acme-meta"])
	require.Contains(t, ends["acme-google"], "delivered ")

	for _, p := range []*process{follow, demo} {
		p.signal(syscall.SIGHUP) // what a closed terminal sends
		require.Zero(t, p.wait(), "sluice %s: %s", p.name, p.err.String())
	}
	answer := object(t, demo.out.String())
	require.Equal(t, true, answer["ok"], demo.out.String())
	require.EqualValues(t, 20+emitted, answer["events_read"])
	require.NoDirExists(t, printedAfter(t, printed, "secrets"), "nothing of the secrets stays behind")
}

// purchase is a complete event with consent, as JSON.
func purchase(customer, id, subject string, at time.Time) string {
	text := fmt.Sprintf(`{"customer_id": %q, "event_name": "transaction.purchase", "event_time": %q, "event_id": %q, "subject_id": %q, "source": "web",
 "page": {"url": "https://shop.example/checkout"}, "device": {"ip": "81.2.69.160", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)"}, "location": {"country": "DE"},
 "identity": {"emails": ["somebody-%s@example.com"]}, "consent": {"ad_storage": "granted", "ad_user_data": "granted", "ad_personalization": "granted", "analytics_storage": "granted", "captured_at": %q},
 "commerce": {"transaction_id": %q, "value": 12.5, "currency": "EUR", "items": [{"id": "sku-1", "quantity": 1, "price": 12.5}]}}`,
		customer, at.UTC().Format(time.RFC3339), id, subject, subject, at.Add(-time.Minute).UTC().Format(time.RFC3339), "T-"+id)
	return strings.ReplaceAll(text, "\n", "") // one event, one line
}

// printedAfter finds what stands behind a label of a listing.
func printedAfter(t testing.TB, text, label string) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^\s+` + label + `\s{2,}(\S+)$`).FindStringSubmatch(text)
	require.NotNil(t, found, "%s in %s", label, text)
	return found[1]
}

// shared waits until every member of a group has a share.
func shared(t testing.TB, brokers, group string, members int) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers))
	require.NoError(t, err)
	defer client.Close()
	var last kadm.DescribedGroups
	defer func() {
		if t.Failed() {
			t.Logf("%s: %+v", group, last)
		}
	}()
	patience.Until(t, group+" to share its partitions", func() bool {
		last, err = kadm.NewClient(client).DescribeGroups(t.Context(), group)
		require.NoError(t, err)
		g := last[group]
		if g.State != "Stable" || len(g.Members) != members {
			return false
		}
		for _, m := range g.Members {
			assigned, ok := m.Assigned.AsConsumer()
			if !ok || len(assigned.Topics) == 0 {
				return false
			}
		}
		return true
	})
}

// adminAddress is where a role that logs JSON serves its operators.
func adminAddress(t testing.TB, p *process) string {
	t.Helper()
	p.says("the admin endpoint listens")
	for line := range strings.Lines(p.err.String()) {
		if strings.Contains(line, "the admin endpoint listens") {
			return object(t, line)["address"].(string)
		}
	}
	return ""
}

// get asks the admin endpoint.
func get(t testing.TB, p *process, path string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+adminAddress(t, p)+path, nil)
	require.NoError(t, err)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(body)
}

// ready waits for /readyz.
func ready(t testing.TB, p *process) {
	t.Helper()
	patience.Until(t, "sluice "+p.name+" to be ready", func() bool {
		code, _ := get(t, p, "/readyz")
		return code == http.StatusOK
	})
}

// metric sums the series of one metric.
func metric(t testing.TB, p *process, name string) float64 {
	t.Helper()
	_, body := get(t, p, "/metrics")
	sum := 0.0
	for line := range strings.Lines(body) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), name)
		if !ok || rest == "" || rest[0] != '{' && rest[0] != ' ' {
			continue
		}
		v, err := strconv.ParseFloat(strings.Fields(rest[strings.LastIndexByte(rest, '}')+1:])[0], 64)
		require.NoError(t, err, line)
		sum += v
	}
	return sum
}

// object reads one JSON object.
func object(t testing.TB, text string) map[string]any {
	t.Helper()
	var o map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &o), text)
	return o
}

// objects reads NDJSON up to the last complete line.
func objects(t testing.TB, text string) []map[string]any {
	t.Helper()
	text = text[:strings.LastIndexByte(text, '\n')+1]
	var all []map[string]any
	scan := bufio.NewScanner(strings.NewReader(text))
	scan.Buffer(nil, 16<<20)
	for scan.Scan() {
		all = append(all, object(t, scan.Text()))
	}
	require.NoError(t, scan.Err())
	return all
}
