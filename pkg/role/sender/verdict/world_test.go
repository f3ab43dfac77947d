package verdict_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/httpclient"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender/verdict"
)

// world is the tables: what is true now.
type world struct{ set atomic.Pointer[resource.Set] }

func (w *world) Await(context.Context) (gate.View, error) { return view{w.set.Load()}, nil }

func (w *world) AwaitSince(ctx context.Context, _ time.Time) (gate.View, error) { return w.Await(ctx) }

type view struct{ set *resource.Set }

func (v view) Resources() *resource.Set { return v.set }
func (v view) Err() error               { return nil }
func (v view) Consent(string, identity.Raw) (consent.Statement, bool) {
	return consent.Statement{}, false
}

// secrets can be taken away.
type secrets struct{ gone atomic.Bool }

func (s *secrets) Resolve(string) (provider.Secret, string, error) {
	if s.gone.Load() {
		return provider.Secret{}, "", errors.New("no such secret")
	}
	return identity.NewRaw(`{"client_id":"c","client_secret":"s","refresh_token":"r"}`), "1", nil
}

// meter collects counts.
type meter struct {
	mu     sync.Mutex
	counts map[string]int
}

func (m *meter) Verdict(status decision.Status, reason decision.Reason, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts[status.String()+" "+reason.String()] += n
}

func (m *meter) Asked(o verdict.Outcome, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts[o.String()] += n
}

func (m *meter) count(what string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts[what]
}

// wire is HTTP without sockets, which would stop the bubble's clock.
type wire struct {
	handler http.Handler
	mu      sync.Mutex
	asked   []time.Time // when a status was asked for
}

func (w *wire) saw(e sandbox.Exchange) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.Operation == sandbox.OpStatus {
		w.asked = append(w.asked, time.Now())
	}
}

// questions is how often a status was asked for.
func (w *wire) questions() []time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]time.Time(nil), w.asked...)
}

func (w *wire) Send(ctx context.Context, r provider.Request, auth provider.Authorization) (provider.Response, httpclient.Outcome) {
	request := httptest.NewRequestWithContext(ctx, r.Method, r.URL, bytes.NewReader(r.Body))
	for _, h := range r.Header {
		request.Header.Set(h.Name, h.Value)
	}
	for _, h := range auth.Header {
		request.Header.Set(h.Name, h.Value.Reveal())
	}
	recorder := httptest.NewRecorder()
	w.handler.ServeHTTP(recorder, request)
	return provider.Response{Status: recorder.Code, Header: recorder.Header().Get, Body: recorder.Body.Bytes(), Now: time.Now().UnixMilli()}, httpclient.Outcome{}
}

func (w *wire) Do(ctx context.Context, r provider.Request, form url.Values) (provider.Response, error) {
	r.Body = []byte(form.Encode())
	r.Header = append(r.Header, provider.Header{Name: "Content-Type", Value: "application/x-www-form-urlencoded"})
	response, outcome := w.Send(ctx, r, provider.Authorization{})
	return response, outcome.Err
}

// found is what stood in a topic up to an offset.
type found struct {
	end     int
	records []*kgo.Record
}

// read gives what a reader of committed records finds in a topic, whose only
// partition is read again once there is more: waits ask again and again.
func (r *harness) read(topic string) []*kgo.Record {
	r.t.Helper()
	ends, err := r.admin.ListCommittedOffsets(r.ctx, topic)
	require.NoError(r.t, err)
	require.NoError(r.t, ends.Error())
	want := 0
	ends.Each(func(o kadm.ListedOffset) { want += int(o.Offset) })
	if last, ok := r.found[topic]; ok && last.end == want {
		return last.records
	}
	opts, err := kafka.Options(r.services.Kafka())
	require.NoError(r.t, err)
	opts = append(opts, kafka.ReaderOptions(kafka.Earliest())...)
	client, err := kgo.NewClient(append(opts, kgo.ConsumeTopics(topic), kgo.KeepControlRecords())...)
	require.NoError(r.t, err)
	defer client.Close()
	var out []*kgo.Record
	for next := 0; next < want; {
		fetches := client.PollFetches(r.ctx)
		require.NoError(r.t, fetches.Err0())
		fetches.EachRecord(func(record *kgo.Record) {
			next = int(record.Offset) + 1
			if !record.Attrs.IsControl() {
				out = append(out, record)
			}
		})
	}
	r.found[topic] = found{want, out}
	return out
}

// verdicts gives the verdicts' diagnostics, as they were published.
func (r *harness) verdicts() []decision.Decision {
	r.t.Helper()
	decoder, err := codec.Diagnostics(r.registry)
	require.NoError(r.t, err)
	var out []decision.Decision
	for _, record := range r.read(r.names.Diagnostics()) {
		var d decision.Decision
		require.NoError(r.t, decoder.Decode(r.ctx, record.Value, &d))
		if d.Stage == decision.StageVerdict {
			out = append(out, d)
		}
	}
	return out
}

// submissions gives what was noted, in order.
func (r *harness) submissions() []codec.Submission {
	r.t.Helper()
	decoder, err := codec.Submissions(r.registry)
	require.NoError(r.t, err)
	var out []codec.Submission
	for _, record := range r.read(r.names.Submissions("google")) {
		var s codec.Submission
		require.NoError(r.t, decoder.Decode(r.ctx, record.Value, &s))
		require.Equal(r.t, s.RequestID, string(record.Key))
		out = append(out, s)
	}
	return out
}
