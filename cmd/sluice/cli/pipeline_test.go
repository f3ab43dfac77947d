package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/cmd/sluice/cli"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/test/patience"
)

// pipeline is a stage with roles at work and a sandbox behind them, and what an
// operator would know: a configuration file.
type pipeline struct {
	*stage
	sandbox *sandbox.Sandbox
	config  string
	stop    func()
	log     *locked
}

// locked is a buffer that a role writes while a test reads.
type locked struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// newPipeline starts the sandbox and applies resources; roles start with run.
func newPipeline(t testing.TB, resources string) *pipeline {
	t.Helper()
	p := &pipeline{stage: ready(t)}
	var err error
	p.sandbox, err = sandbox.New(sandbox.Config{}, sandbox.Deps{})
	require.NoError(t, err)
	urls, err := p.sandbox.Start(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.sandbox.Close()) })
	p.file("acme-meta.json", `{"access_token": "sandbox-meta"}`)
	p.file("acme-google.json", `{"client_id": "sandbox", "client_secret": "sandbox", "refresh_token": "sandbox-google"}`)
	p.file("acme-webhook.json", fmt.Sprintf(`{"signing_key": %q}`, urls["webhook_key"]))
	p.config = p.file("sluice.yaml", fmt.Sprintf(`
router: {instance: test}
sender:
  run: [meta, google, webhook]
  secrets_dir: %q
  lanes: {batch: 1s}
  providers:
    meta: {base_url: %q, allow_insecure: true, allow_private: true}
    google: {base_url: %q, token_url: %q, allow_insecure: true, allow_private: true}
    webhook: {base_url: %q, allow_insecure: true, allow_private: true}
privacy: {key: %q, key_id: test}
erase: {keys: {k1: %q}, key_id: k1}
telemetry: {log: {level: warn, format: text}}
`, p.dir, urls["meta"], urls["google"], urls["google_token"], urls["webhook"], "file:"+p.file("privacy.key", "a key of more than thirty-two bytes for tests"),
		"file:"+p.file("erase.key", "an installation key of more than thirty-two bytes")))
	p.do("apply", "-f", p.file("resources.yaml", resources))
	return p
}

// start runs router and senders until the test ends, or stop is called.
func (p *pipeline) start() {
	p.t.Helper()
	p.startWith(append(p.services.Environ(), "SLUICE_ADMIN_LISTEN=off"), p.flags()...)
}

// startWith starts them with an environment and flags.
func (p *pipeline) startWith(environ []string, flags ...string) {
	p.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(p.t.Context()))
	done := make(chan int, 1)
	p.log = &locked{}
	go func() {
		args := append([]string{"run", "router", "sender", "--config", p.config}, flags...)
		done <- cli.Main(ctx, cli.Streams{In: strings.NewReader(""), Out: io.Discard, Err: p.log}, "test", args, environ)
	}()
	p.stop = sync.OnceFunc(func() {
		cancel()
		if code := <-done; code != 0 {
			p.t.Errorf("the roles ended with %d: %s", code, p.log.String())
		}
	})
	p.t.Cleanup(p.stop)
}

// command runs a command with the configuration.
func (p *pipeline) command(args ...string) result {
	p.t.Helper()
	return p.run(append(args, "--config", p.config)...)
}

// do runs one that must succeed, and gives its standard output.
func (p *pipeline) do(args ...string) string {
	p.t.Helper()
	got := p.command(args...)
	require.Equal(p.t, 0, got.code, "%v: %s%s", args, got.stdout, got.stderr)
	return got.stdout
}

// json runs a command that must succeed, and reads what it prints.
func (p *pipeline) json(into any, args ...string) {
	p.t.Helper()
	text := p.do(append(args, "--output", "json")...)
	require.NoError(p.t, json.Unmarshal([]byte(text), into), text)
}

// purchase is one line of a customer's events.
func purchase(customer, id string, at time.Time) string {
	return fmt.Sprintf(`{"customer_id":%q,"event_name":"transaction.purchase","event_time":%d,"event_id":%q,"subject_id":"s-%s","source":"web",`+
		`"page":{"url":"https://shop.example/thanks"},"device":{"ip":"203.0.113.7","user_agent":"Mozilla/5.0"},"location":{"country":"DE"},`+
		`"identity":{"emails":["jo@mail.example"]},"consent":{"ad_storage":"granted","ad_user_data":"granted","ad_personalization":"granted"},`+
		`"commerce":{"transaction_id":"o-%s","value":10,"currency":"EUR"}}`, customer, at.UnixMilli(), id, id, id) + "\n"
}

// emit writes events with ids PREFIX1 to PREFIXn.
func (p *pipeline) emit(customer, prefix string, n int) {
	p.t.Helper()
	var b strings.Builder
	for i := range n {
		b.WriteString(purchase(customer, fmt.Sprintf("%s%d", prefix, i+1), time.Now()))
	}
	p.do("emit", "--file", p.file(prefix+".ndjson", b.String()))
}

// decided is what the diagnostics say, newest last.
type decided struct {
	Stage, Status, Reason string
	EventID               string `json:"event_id"`
	Destination           string `json:"destination_id"`
	Replay                string `json:"replay_id"`
}

func (p *pipeline) decisions(filters ...string) []decided {
	p.t.Helper()
	text := p.do(append([]string{"tail", "--from-start", "--no-follow", "--output", "json"}, filters...)...)
	var all []decided
	for line := range strings.Lines(text) {
		var d decided
		require.NoError(p.t, json.Unmarshal([]byte(line), &d))
		all = append(all, d)
	}
	return all
}

// await waits until so many decisions match.
func (p *pipeline) await(n int, filters ...string) {
	p.t.Helper()
	p.until(fmt.Sprintf("%d decisions with %v", n, filters), func() bool { return len(p.decisions(filters...)) >= n })
	require.Len(p.t, p.decisions(filters...), n, "%v", filters)
}

// until waits for a condition, which may require things too.
func (p *pipeline) until(what string, condition func() bool) {
	p.t.Helper()
	defer func() {
		if p.t.Failed() {
			p.t.Log(p.log.String())
		}
	}()
	patience.Until(p.t, what, condition)
}

// taken is how many distinct events Meta's stand-in has, and how many copies.
func (p *pipeline) taken() (accepted, copies int) {
	r := p.sandbox.Report().Providers["meta"]
	return r.Accepted, r.Duplicates
}
