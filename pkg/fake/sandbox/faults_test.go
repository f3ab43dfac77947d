package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/fake/sandbox"
)

func TestScriptedFaults(t *testing.T) {
	for kind, c := range map[sandbox.Kind]struct {
		meta, google string // what the client sees
		stored       int
	}{
		sandbox.Throttle:    {"4/1504022", "RESOURCE_EXHAUSTED", 0},
		sandbox.Unavailable: {"2", "UNAVAILABLE", 0},
		sandbox.BadToken:    {"190/467", "UNAUTHENTICATED", 0},
		sandbox.ErrorIn200:  {"2", "UNAVAILABLE", 0},
		sandbox.HTML:        {"502 page", "502 page", 0},
		sandbox.Raw:         {"418 empty", "418 empty", 0},
		sandbox.Reset:       {"cut", "cut", 0},
		sandbox.LostAnswer:  {"cut", "cut", 1},
		sandbox.EmptyBody:   {"200 empty", "200 empty", 1},
		sandbox.Truncated:   {"200 broken", "200 broken", 1},
		sandbox.FewerEvents: {"200 fewer", "200", 1},
		sandbox.Slow:        {"200", "200", 1},
	} {
		t.Run(string(kind), func(t *testing.T) {
			r := start(t, sandbox.Config{})
			require.NoError(t, r.box.Script(sandbox.Rule{Do: kind, Status: statusOf(kind), Delay: sandbox.Duration(time.Second)}))
			for provider, send := range map[string]func() answer{
				"meta":   func() answer { return r.meta(metaBody(metaBases["crm"])) },
				"google": func() answer { return r.google(googleBody(t, googleFrame, `{}`)) },
			} {
				want := c.meta
				if provider == "google" {
					want = c.google
				}
				require.Equal(t, want, outcome(send()), provider)
				require.Equal(t, c.stored, r.box.Report().Providers[provider].Acceptances, provider)
			}
			require.Equal(t, map[string]int{string(kind): 2}, r.box.Report().Faults)
			require.Len(t, r.exchanges(), 2)
			require.Equal(t, string(kind), r.exchanges()[0].Fault)
		})
	}
}

func statusOf(k sandbox.Kind) int {
	if k == sandbox.Raw {
		return http.StatusTeapot
	}
	return 0
}

// outcome describes an answer in a few words.
func outcome(a answer) string {
	if a.err != nil {
		return "cut"
	}
	if e, ok := a.body["error"].(map[string]any); ok {
		if status, ok := e["status"].(string); ok {
			return status
		}
		if sub, ok := e["error_subcode"]; ok {
			return fmt.Sprintf("%.0f/%.0f", e["code"], sub)
		}
		return fmt.Sprintf("%.0f", e["code"])
	}
	if n, ok := a.body["events_received"].(float64); ok && n == 0 {
		return "200 fewer"
	}
	if a.body != nil {
		return fmt.Sprint(a.status)
	}
	switch {
	case a.text == "":
		return fmt.Sprintf("%d empty", a.status)
	case strings.HasPrefix(a.text, "<!DOCTYPE html>"):
		return fmt.Sprintf("%d page", a.status)
	}
	return fmt.Sprintf("%d broken", a.status)
}

func TestRulesSelect(t *testing.T) {
	r := start(t, sandbox.Config{})
	body := metaBody(metaBases["crm"])
	post := func(dataset string) string {
		return outcome(r.do(http.MethodPost, r.urls["meta"]+"/v25.0/"+dataset+"/events", body))
	}
	require.NoError(t, r.box.Script(
		sandbox.Rule{Name: "second and fourth", Provider: "meta", Destination: "1", Skip: 1, Every: 2, Times: 2, Do: sandbox.Unavailable},
		sandbox.Rule{Name: "later", Destination: "2", From: sandbox.Duration(time.Minute), Until: sandbox.Duration(2 * time.Minute), Do: sandbox.Throttle, Code: 80004, Status: 429, Minutes: 3},
	))
	var got []string
	for range 7 {
		got = append(got, post("1"))
	}
	require.Equal(t, []string{"200", "2", "200", "2", "200", "200", "200"}, got)
	require.Equal(t, "200", post("2"))
	r.clock.Add(time.Minute)
	a := r.do(http.MethodPost, r.urls["meta"]+"/v25.0/2/events", body)
	require.Equal(t, "80004/2446079", outcome(a))
	require.Equal(t, 429, a.status)
	require.Contains(t, a.header.Get("X-Business-Use-Case-Usage"), `"estimated_time_to_regain_access":3`)
	r.clock.Add(time.Minute)
	require.Equal(t, "200", post("2"))
	require.ErrorContains(t, r.box.Script(sandbox.Rule{Do: "explode"}), "unknown fault")
	require.ErrorContains(t, r.box.Script(sandbox.Rule{Do: sandbox.Slow, Delay: sandbox.Duration(10000 * time.Hour)}), "not between 0 and 10m0s")
}

// TestNamedFaultsHeal: every named fault shows itself in a short run and, apart
// from poison, is over 30 seconds later, however late the first request came.
func TestNamedFaultsHeal(t *testing.T) {
	for _, name := range []string{"throttle", "outage", "slow", "bad-token", "lost-answer", "all"} {
		t.Run(name, func(t *testing.T) {
			r := start(t, sandbox.Config{Faults: name})
			rounds := func(n int) {
				for i := range n {
					outcome(r.meta(metaBody(format(t, merge(parse(t, metaBases["store"]), parse(t, fmt.Sprintf(`{"event_id":"%d"}`, i)))))))
					outcome(r.google(googleBody(t, googleFrame, fmt.Sprintf(`{"transactionId":"%d"}`, i))))
				}
			}
			r.clock.Add(10 * time.Minute)
			rounds(12)
			require.NotEmpty(t, r.box.Report().Faults)
			r.clock.Add(30 * time.Second)
			before := r.box.Report().Faults
			rounds(12)
			require.Equal(t, before, r.box.Report().Faults)
		})
	}
	_, err := sandbox.New(sandbox.Config{Faults: "throttle,gremlins"}, sandbox.Deps{})
	require.ErrorContains(t, err, "gremlins")
}

func TestPoisonNeverHeals(t *testing.T) {
	r := start(t, sandbox.Config{Faults: "poison", PoisonPerMille: 100})
	refused := map[string]string{}
	try := func(i int) string {
		id := fmt.Sprintf("p-%d", i)
		return outcome(r.meta(metaBody(format(t, merge(parse(t, metaBases["store"]), map[string]any{"event_id": id})))))
	}
	for i := range 200 {
		if got := try(i); got != "200" {
			refused[fmt.Sprint(i)] = got
		}
	}
	require.InDelta(t, 20, len(refused), 15)
	r.clock.Add(time.Hour)
	for i := range 200 {
		want, bad := refused[fmt.Sprint(i)]
		if !bad {
			want = "200"
		}
		require.Equal(t, want, try(i))
	}
	for _, got := range refused {
		require.Regexp(t, `^100/28040(07|17|48)$`, got)
	}
	require.Equal(t, len(refused), r.box.Report().Providers["meta"].Rejected)

	for i := range 100 {
		a := r.google(googleBody(t, googleFrame, fmt.Sprintf(`{"transactionId":"g-%d"}`, i)))
		if a.status != 200 {
			require.Equal(t, "INVALID_EVENT @ events.events[0]", googleReason(t, a))
		}
	}
	require.Positive(t, r.box.Report().Providers["google"].Rejected)
}

func TestControl(t *testing.T) {
	r := start(t, sandbox.Config{})
	require.Equal(t, 200, r.meta(metaBody(metaBases["store"])).status)
	report := r.do(http.MethodGet, r.urls["control"]+"/report", "").body
	require.InDelta(t, 1, report["providers"].(map[string]any)["meta"].(map[string]any)["accepted"], 0)
	count := r.do(http.MethodGet, r.urls["control"]+"/event?provider=meta&destination=1234567890&target=Purchase&id=pos-77-1", "").body
	require.InDelta(t, 1, count["accepted"], 0)
	require.Equal(t, 400, r.do(http.MethodGet, r.urls["control"]+"/event?provider=nobody", "").status)

	a := r.do(http.MethodPost, r.urls["control"]+"/faults", `{"faults":"poison","rules":[{"do":"unavailable","provider":"meta","until":"10s"}],"verdicts":[{"reason":"CLICK_NOT_FOUND","per_mille":1000}]}`)
	require.Equal(t, 200, a.status, a.text)
	require.Contains(t, a.text, `"until": "10s"`)
	require.Equal(t, true, a.body["poison"])
	require.Equal(t, "2", outcome(r.meta(metaBody(metaBases["store"]))))
	for _, bad := range []string{`{"faults":"x"}`, `{"rules":[{"do":"x"}]}`, `{"typo":1}`, `{`} {
		require.Equal(t, 400, r.do(http.MethodPost, r.urls["control"]+"/faults", bad).status, bad)
	}
	require.Equal(t, 200, r.do(http.MethodPost, r.urls["control"]+"/reset", "").status)
	require.Equal(t, "200", outcome(r.meta(metaBody(metaBases["store"]))))
	require.Equal(t, 1, r.box.Report().Providers["meta"].Requests)
	require.Equal(t, 404, r.do(http.MethodGet, r.urls["control"]+"/nothing", "").status)
}

func TestStartAndClose(t *testing.T) {
	box, err := sandbox.New(sandbox.Config{}, sandbox.Deps{})
	require.NoError(t, err)
	urls, err := box.Start(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	_, err = box.Start(t.Context(), "127.0.0.1:0")
	require.ErrorContains(t, err, "running already")
	resp, err := http.Get(urls["control"] + "/report")
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, urls["google"]+"/token", urls["google_token"])
	http.DefaultClient.CloseIdleConnections()
	require.NoError(t, box.Close())
	require.NoError(t, box.Close(), "closing twice is harmless")
	_, err = box.Start(t.Context(), "not an address")
	require.Error(t, err)
}

// TestMemory: the record of 200,000 events stays small, because it keeps hashes
// and counters only.
func TestMemory(t *testing.T) {
	box, err := sandbox.New(sandbox.Config{}, sandbox.Deps{Now: newClock().Now})
	require.NoError(t, err)
	handler := box.Handler()
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for batch := range 60 {
		var b bytes.Buffer
		b.WriteString(`{"data":[`)
		for i := range 1000 {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"event_name":"Purchase","event_time":1795262000,"event_id":"order-%d-%d","action_source":"other","user_data":{"external_id":"c"},"custom_data":{"value":1,"currency":"EUR"}}`, batch, i)
		}
		b.WriteString(`]}`)
		req := httptest.NewRequest(http.MethodPost, "/v25.0/1/events", &b)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer t")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, req)
		require.Equal(t, 200, w.Code, w.Body.String())
	}
	grown := heap() - before
	require.Equal(t, 60_000, box.Report().Providers["meta"].Accepted)
	require.Less(t, grown, uint64(10<<20))
}

// FuzzMeta: no body panics, every answer has an envelope, and nothing that is
// not hashed is accepted.
func FuzzMeta(f *testing.F) {
	for _, base := range metaBases {
		f.Add(metaBody(base))
	}
	f.Fuzz(func(t *testing.T, body string) {
		a := fuzzed(t, "/v25.0/1234567890/events", body)
		if a.status != 200 {
			require.Contains(t, a.body, "error")
			return
		}
		doc := parse(t, body).(map[string]any)
		for _, e := range doc["data"].([]any) {
			user := e.(map[string]any)["user_data"].(map[string]any)
			for _, key := range []string{"em", "ph", "fn", "ln", "db", "ge", "ct", "st", "zp", "country"} {
				switch v := user[key].(type) {
				case nil:
				case string:
					require.Regexp(t, `^[0-9a-f]{64}`, v)
				default:
					for _, one := range v.([]any) {
						require.Regexp(t, `^[0-9a-f]{64}`, one)
					}
				}
			}
		}
	})
}

// FuzzGoogle: as FuzzMeta. Run it with -fuzzminimizetime=1x: these bodies are
// long, and shortening the first interesting one otherwise takes the whole time.
func FuzzGoogle(f *testing.F) {
	f.Add(googleBody(f, googleFrame, `{}`))
	f.Add(googleBody(f, gaFrame, `{}`))
	f.Fuzz(func(t *testing.T, body string) {
		a := fuzzed(t, "/v1/events:ingest", body)
		if a.status != 200 {
			require.Contains(t, a.body, "error")
			return
		}
		doc := parse(t, body).(map[string]any)
		for _, e := range doc["events"].([]any) {
			user, _ := e.(map[string]any)["userData"].(map[string]any)
			list, _ := user["userIdentifiers"].([]any)
			for _, id := range list {
				for _, key := range []string{"emailAddress", "phoneNumber"} {
					if v, ok := id.(map[string]any)[key].(string); ok && doc["encoding"] == "HEX" && doc["encryptionInfo"] == nil {
						require.Regexp(t, `^[0-9a-fA-F]{64}$`, v)
					}
				}
			}
		}
	})
}

func fuzzed(t *testing.T, path, body string) answer {
	t.Helper()
	box, err := sandbox.New(sandbox.Config{}, sandbox.Deps{Now: newClock().Now})
	require.NoError(t, err)
	req := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer t")
	w := httptest.NewRecorder()
	box.Handler().ServeHTTP(w, req)
	a := answer{status: w.Code, text: w.Body.String()}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &a.body))
	return a
}
