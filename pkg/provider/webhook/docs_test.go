package webhook_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	sandbox "github.com/sluicehq/sluice/pkg/provider/webhook/fake"
)

// verify returns an error unless body was signed with one of keys ("whsec_...").
func verify(header http.Header, body []byte, now time.Time, keys ...string) error {
	id, timestamp := header.Get("Webhook-Id"), header.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return errors.New("the timestamp is too far off")
	}
	for _, key := range keys {
		secret, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(key, "whsec_"))
		if err != nil {
			return fmt.Errorf("reading the signing key: %w", err)
		}
		mac := hmac.New(sha256.New, secret)
		fmt.Fprintf(mac, "%s.%s.%s", id, timestamp, body)
		want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
		for _, got := range strings.Fields(header.Get("Webhook-Signature")) {
			if hmac.Equal([]byte(want), []byte(got)) {
				return nil
			}
		}
	}
	return errors.New("no signature matches")
}

// page is docs/providers/webhook.md.
func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "providers", "webhook.md"))
	require.NoError(t, err)
	return string(text)
}

// block gives the page's first block of a language.
func block(t *testing.T, language string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page(t), "```"+language+"\n")
	require.True(t, ok, language)
	text, _, ok := strings.Cut(rest, "```")
	require.True(t, ok, language)
	return text
}

// signed is a request as it leaves.
func signed(t *testing.T) (http.Header, []byte) {
	t.Helper()
	_, out := built(t, &scenario{event: scenarios()[1].event})
	r := assemble(t, secret, now, string(out.Fragment))
	h := http.Header{}
	for _, one := range r.Header {
		h.Set(one.Name, one.Value)
	}
	return h, r.Body
}

// The page's Go sample is the function above, and it works.
func TestGoSample(t *testing.T) {
	source, err := os.ReadFile("docs_test.go")
	require.NoError(t, err)
	require.Contains(t, string(source), block(t, "go"))
	header, body := signed(t)
	at := time.UnixMilli(now)
	require.NoError(t, verify(header, body, at, "whsec_QUJD", sandbox.Key))
	require.Error(t, verify(header, body, at, "whsec_QUJD"))
	require.Error(t, verify(header, body, at.Add(6*time.Minute), sandbox.Key))
	require.Error(t, verify(header, append(body, ' '), at, sandbox.Key))
}

// The page's Python sample works, wherever there is a Python to run it.
func TestPythonSample(t *testing.T) {
	program := block(t, "python")
	require.Contains(t, program, "def verify(headers, body, keys")
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Log("no python3 here: the sample was read and not run")
		return
	}
	header, body := signed(t)
	headers := map[string]string{}
	for name := range header {
		headers[name] = header.Get(name)
	}
	input, err := json.Marshal(map[string]any{"headers": headers, "body": string(body), "key": sandbox.Key, "now": now / 1000})
	require.NoError(t, err)
	program += `
import json, sys
i = json.load(sys.stdin)
verify(i["headers"], i["body"].encode(), ["whsec_QUJD", i["key"]], i["now"])
for body, keys, now in [(i["body"] + " ", [i["key"]], i["now"]), (i["body"], ["whsec_QUJD"], i["now"]), (i["body"], [i["key"]], i["now"] + 301)]:
    try:
        verify(i["headers"], body.encode(), keys, now)
    except ValueError:
        continue
    sys.exit("a bad request was taken")
print("verified")
`
	run := exec.CommandContext(t.Context(), python, "-c", program)
	run.Stdin = bytes.NewReader(input)
	out, err := run.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Equal(t, "verified\n", string(out))
}

// The page's event is one that the strict receiver takes.
func TestTheEventOfThePageIsReal(t *testing.T) {
	event := block(t, "json")
	var compact bytes.Buffer
	require.NoError(t, json.Compact(&compact, []byte(event)))
	body := `{"version":1,"events":[` + compact.String() + `]}`
	stamp := strconv.FormatInt(now/1000, 10)
	signature, err := sandbox.Sign(sandbox.Key, "msg_of_the_page", stamp, []byte(body))
	require.NoError(t, err)
	header := http.Header{}
	for name, value := range map[string]string{"Content-Type": "application/json", "Webhook-Id": "msg_of_the_page", "Webhook-Timestamp": stamp, "Webhook-Signature": signature} {
		header.Set(name, value)
	}
	a := newReceiver(sandbox.Config{}).service.Serve(call.Request{Method: http.MethodPost, Path: sandbox.Prefix + endpoint, Header: header, Body: []byte(body), Now: time.UnixMilli(now)})
	require.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
}
