package e2e_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/schemas"
	"github.com/sluicehq/sluice/test/patience"
)

// collector is an OTLP receiver that keeps what it is sent.
type collector struct {
	mu     sync.Mutex
	bodies map[string][]byte // by path
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = unzipped
	}
	text, err := io.ReadAll(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bodies[r.URL.Path] = append(c.bodies[r.URL.Path], text...)
}

func (c *collector) received(path string) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.bodies[path])
}

// findings searches bytes for canaries in every form that a careless line of
// code would leave them in.
func findings(where string, data []byte, canaries ...map[string]string) []string {
	var found []string
	low := bytes.ToLower(data)
	for _, group := range canaries {
		for name, value := range group {
			forms := []string{
				value, hex.EncodeToString([]byte(value)), strings.ToLower(base64.StdEncoding.EncodeToString([]byte(value))),
				strings.ReplaceAll(value, " ", "%20"), strings.ReplaceAll(value, " ", "+"),
			}
			for _, form := range forms {
				if i := bytes.Index(low, []byte(form)); i >= 0 {
					found = append(found, fmt.Sprintf("%s in %s: %q", name, where, data[max(0, i-60):min(len(data), i+60)]))
					break
				}
			}
		}
	}
	return found
}

func canaryResources() string {
	one := func(customer, dataset string) string {
		return strings.NewReplacer("shop", customer, "1234567890123456", dataset).Replace(strings.Split(shopResources(false), "---")[0]) +
			"---\n" + strings.NewReplacer("shop", customer).Replace(strings.Split(shopResources(false), "---")[2])
	}
	return shopResources(true) + "---\n" + one("blocked", "2222222222222222") + "---\n" + one("throttled", "3333333333333333")
}

// I9: TestCanariesStayWhereTheyMay sends events full of personal data to every
// fate that an event can have, and then looks for it in everything that the
// installation has written: topics, logs, metrics, traces, status pages,
// commands.
func TestCanariesStayWhereTheyMay(t *testing.T) {
	t.Parallel()
	otlp := &collector{bodies: map[string][]byte{}}
	receiver := httptest.NewServer(otlp)
	t.Cleanup(receiver.Close)
	w := newWorld(t, options{
		sandbox: sandbox.Config{Faults: "poison", PoisonPerMille: 400},
		more: `
router: {hold: {after: 2s}}
diagnostics: {unmapped: all}`,
	})
	w.settings = []string{"SLUICE_TELEMETRY_LOG_LEVEL=debug", "SLUICE_TELEMETRY_OTLP_ENDPOINT=" + receiver.URL, "SLUICE_TELEMETRY_OTLP_INTERVAL=1s",
		"SLUICE_TELEMETRY_OTLP_LOGS=true", "SLUICE_TELEMETRY_TRACES_RATIO=1"}
	w.apply(canaryResources())
	w.write("shop-meta.json", `{"access_token": "zq7xmetatoken", "app_secret": "zq7xmetatoken-secret"}`)
	w.write("shop-google.json", `{"client_id": "sandbox", "client_secret": "zq7xgooglesecret", "refresh_token": "zq7xrefreshtoken"}`)
	w.fault(
		sandbox.Rule{Name: "bad", Destination: "2222222222222222", Do: sandbox.BadToken},
		sandbox.Rule{Name: strangeRule, Destination: "3333333333333333", Do: sandbox.Raw, Status: 500, Body: `{"error": {"message": "` + canaryEmail + ` and ` + canaryPhone + ` are not welcome, token ` + canaryToken + `", "code": 1, "fbtrace_id": "x"}}`},
	)
	roles := []*process{w.start("a", "router"), w.start("a", "sender")}
	for _, p := range roles {
		ready(t, p)
	}
	events := canaryEvents(time.Now())
	records := w.produceCanaries(events)
	patience.Until(t, "every event to reach an end", func() bool { return w.ended(records) })

	seen := map[string][]byte{}
	for _, p := range roles {
		for _, path := range []string{"/metrics", "/statusz", "/readyz"} {
			_, body := get(t, p, path)
			seen[p.name+path] = []byte(body)
		}
		p.signal(syscall.SIGTERM)
		require.Zero(t, p.wait(), p.err.String())
		seen[p.name+" log"] = []byte(p.err.String())
		require.Contains(t, p.err.String(), `"level":"DEBUG"`)
	}
	for _, path := range []string{"/v1/traces", "/v1/metrics", "/v1/logs"} {
		seen["otlp"+path] = otlp.received(path)
		require.NotEmpty(t, seen["otlp"+path], path)
	}
	w.commands(events, seen)
	for where, data := range seen {
		require.NotEmpty(t, data, where)
		for _, f := range findings(where, data, sealed, payload, secret) {
			assert.Fail(t, "a canary", f)
		}
	}
	w.searchTopics()
	w.searchRequests()
}

// produceCanaries writes the events, with headers as careless as their
// values, and bytes that are no events. It returns how many records these are.
func (w *world) produceCanaries(events []string) int {
	w.t.Helper()
	ids, err := w.registry.Resolve(w.t.Context(), codec.Topics{schemas.AnalyticsEvent: {w.input}}, false)
	require.NoError(w.t, err)
	headers := []kgo.RecordHeader{{Key: "traceparent", Value: []byte(canaryEmail)}, {Key: "x-" + canaryEmail, Value: []byte(canaryPhone)}, {Key: "sluice-cause", Value: []byte(canaryEmail)}}
	avro, err := codec.FormatOf(codec.FormatAvro)
	require.NoError(w.t, err)
	var records []*kgo.Record
	var scratch event.Event
	for _, e := range events {
		key := []byte(canaryEmail) // of those that are no events, or nobody's
		if err := codec.DecodeEventJSON(&scratch, []byte(e)); err == nil {
			key = event.Key(nil, scratch.CustomerID, scratch.SubjectID.Reveal(), scratch.ID)
		}
		records = append(records, &kgo.Record{Topic: w.input, Key: key, Value: avro.AppendLine(nil, ids[schemas.AnalyticsEvent], &scratch, []byte(e)), Headers: headers})
	}
	for _, raw := range []string{canaryEmail + " is no event", "\x00\x00\x00\x00\x01" + canaryEmail + canaryPhone, canaryEvent("shop", "json-by-mistake", time.Now())} {
		records = append(records, &kgo.Record{Topic: w.input, Key: []byte(canaryEmail), Value: []byte(raw), Headers: headers})
	}
	require.NoError(w.t, w.client.ProduceSync(w.t.Context(), records...).FirstErr())
	return len(records)
}

// ended tells whether every record has its decision, and every delivery was
// told something about by a sender.
func (w *world) ended(records int) bool {
	w.t.Helper()
	type record struct {
		partition int32
		offset    int64
	}
	decided, held, queued, statuses := map[record]bool{}, map[pair]int{}, map[pair]int{}, map[decision.Status]int{}
	for _, d := range w.decisions() {
		at := pair{d.Source.Partition, d.Source.Offset, d.Mapping}
		statuses[d.Status]++
		switch {
		case d.Stage == decision.StageSender:
			delete(queued, at)
		case d.Status == decision.Held:
			held[at]++
		default:
			decided[record{at.partition, at.offset}] = true
			delete(held, at)
			if d.Status == decision.Queued {
				queued[at]++
			}
		}
	}
	// What is answered strangely may stay where it is for as long as nothing
	// else shows that the provider is well: one strange answer is enough here.
	strange := slices.ContainsFunc(w.requests(), func(x sandbox.Exchange) bool { return x.Fault == strangeRule })
	maps.DeleteFunc(queued, func(at pair, _ int) bool { return strange && at.mapping == strangeMapping })
	return len(decided) == records && len(held) == 0 && len(queued) == 0
}

// strangeRule makes the provider repeat personal data in its answers to what
// strangeMapping maps.
const strangeRule, strangeMapping = "echo", "throttled-meta-purchase"

// commands adds what the commands that look show, payloads aside.
func (w *world) commands(events []string, seen map[string][]byte) {
	w.t.Helper()
	for _, form := range []string{"json", "text"} {
		r := w.succeed("tail", "--from-start", "--no-follow", "--output", form)
		seen["tail "+form], seen["tail "+form+" log"] = []byte(r.stdout), []byte(r.stderr+" ")
	}
	resources := w.write("canary.yaml", canaryResources())
	file := w.write("canary.ndjson", lines(append(events, `{"event_name": "`+canaryEmail, canaryEmail)...))
	explained := succeed(w.t, nil, "explain", "--resources", resources, "--events", file, "--output", "json")
	for _, line := range objects(w.t, explained.stdout) {
		delete(line, "payload")
		seen["explain"] = fmt.Appendln(seen["explain"], line)
	}
	text := succeed(w.t, nil, "explain", "--resources", resources, "--events", file)
	for _, f := range findings("explain as text", []byte(text.stdout), sealed, secret) {
		assert.Fail(w.t, "a canary", f)
	}
	seen["explain's errors"] = []byte(explained.stderr + text.stderr + " ")
	refused := run(w.t, nil, "emit", "--file", file, "--config", w.config)
	require.Equal(w.t, 2, refused.code, refused.stderr)
	seen["emit's errors"] = []byte(refused.stderr)
	consents := w.write("bad-consent.ndjson", `{"customer_id": "shop", "subject_id": "`+canaryEmail+`", "updated_at": "`+canaryEmail+`"}`+"\n")
	refused = run(w.t, nil, "emit", "--file", w.write("one.ndjson", events[len(events)-1]+"\n"), "--consent", consents, "--config", w.config)
	require.Equal(w.t, 2, refused.code, refused.stderr)
	seen["emit's errors about consent"] = []byte(refused.stderr)
	seen["config print"] = []byte(w.succeed("config", "print").stdout)
}

// searchTopics looks into every record of every topic: keys, values, headers.
func (w *world) searchTopics() {
	t := w.t
	t.Helper()
	original := map[string]bool{w.names.Hold(): true, w.names.DeadEvents(): true} // sealed
	counts := map[string]int{}
	for _, topic := range w.topics() {
		if strings.HasPrefix(topic, "__") {
			continue
		}
		carries := strings.Contains(topic, ".delivery.") || strings.Contains(topic, ".retry.") || strings.Contains(topic, ".parked.") ||
			strings.Contains(topic, ".deadletter.") || topic == w.names.SubjectKeys()
		for _, level := range []kgo.IsolationLevel{kgo.ReadUncommitted(), kgo.ReadCommitted()} {
			for _, r := range w.read(level, topic) {
				counts[topic]++
				var found []string
				switch {
				case topic == w.input: // ours is not what stands there
				case original[topic]:
					found = append(findings(topic+" value", r.Value, sealed, payload, secret), findings(topic+" key", r.Key, sealed, secret)...)
				case carries:
					found = append(findings(topic+" value", r.Value, sealed, secret), findings(topic+" key", r.Key, sealed, secret)...)
				default:
					found = append(findings(topic+" value", r.Value, sealed, payload, secret), findings(topic+" key", r.Key, sealed, payload, secret)...)
				}
				if topic != w.input {
					for _, h := range r.Headers {
						found = append(found, findings(topic+" header "+h.Key, append([]byte(h.Key+"="), h.Value...), sealed, payload, secret)...)
					}
				}
				for _, f := range found {
					assert.Fail(t, "a canary", f)
				}
			}
		}
	}
	for _, topic := range []string{
		w.input, w.names.Hold(), w.names.DeadEvents(), w.names.Diagnostics(), w.names.Delivery("meta", decision.LaneRealtime), w.names.Delivery("google", decision.LaneBatch),
		w.names.DeadDeliveries("meta"), w.names.Parked("meta"), w.names.DestinationStatus(),
	} {
		require.Positive(t, counts[topic], "%s is empty, so nothing was proved about it", topic)
	}
	t.Logf("searched %v", counts)
}

// searchRequests looks at what left: hashes, and what providers take in clear.
func (w *world) searchRequests() {
	w.t.Helper()
	require.NotEmpty(w.t, w.requests())
	for _, x := range w.requests() {
		for _, f := range findings("a request to "+x.Provider, []byte(x.URL+fmt.Sprint(x.Header)+x.Body), sealed, secret) {
			assert.Fail(w.t, "a canary", f)
		}
	}
}
