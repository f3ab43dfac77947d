package sender_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"time"

	"github.com/sluicehq/sluice/pkg/edge/httpclient"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/pkg/provider"
)

// wire is HTTP, in a bubble without sockets, which would stop its clock.
type wire struct {
	handler http.Handler
	client  *httpclient.Client // to a handler that is served; nil: no sockets
	mu      sync.Mutex
	seen    []sandbox.Exchange
	times   []time.Time
	bad     []string
}

func (w *wire) saw(e sandbox.Exchange) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen, w.times = append(w.seen, e), append(w.times, time.Now())
}

// poison makes the provider refuse every request that holds the event,
// without naming it.
func (w *wire) poison(id string) { w.poisonText(`"event_id":"` + id + `"`) }

func (w *wire) poisoned(body []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range w.bad {
		if bytes.Contains(body, []byte(id)) {
			return true
		}
	}
	return false
}

// poisonAll makes it refuse everything, heal nothing.
func (w *wire) poisonAll() { w.poisonText(`"event_id"`) }

func (w *wire) heal() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bad = nil
}

func (w *wire) poisonText(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bad = append(w.bad, text)
}

// at is when a request was answered.
func (w *wire) at(i int) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.times[i]
}

func (w *wire) requests() []sandbox.Exchange {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]sandbox.Exchange(nil), w.seen...)
}

func (w *wire) Send(ctx context.Context, r provider.Request, auth provider.Authorization) (response provider.Response, outcome httpclient.Outcome) {
	if w.poisoned(r.Body) {
		const refusal = `{"error":{"message":"Invalid parameter","type":"OAuthException","code":100,"error_subcode":2804050,"is_transient":false,"fbtrace_id":"T"}}`
		w.saw(sandbox.Exchange{URL: r.URL, Body: string(r.Body), Status: http.StatusBadRequest})
		return provider.Response{Status: http.StatusBadRequest, Header: func(string) string { return "" }, Body: []byte(refusal), Now: time.Now().UnixMilli()}, httpclient.Outcome{}
	}
	if w.client != nil {
		return w.client.Send(ctx, r, auth)
	}
	request := httptest.NewRequestWithContext(ctx, r.Method, r.URL, bytes.NewReader(r.Body))
	for _, h := range r.Header {
		request.Header.Add(h.Name, h.Value)
	}
	for _, h := range auth.Header {
		request.Header.Set(h.Name, h.Value.Reveal())
	}
	recorder := httptest.NewRecorder()
	defer func() {
		if cut := recover(); cut != nil {
			outcome = httpclient.Outcome{Kind: httpclient.MaybeSent, Err: &httpclient.Failure{Host: "sandbox", Cause: "reset"}}
		}
	}()
	w.handler.ServeHTTP(recorder, request)
	return provider.Response{Status: recorder.Code, Header: recorder.Header().Get, Body: recorder.Body.Bytes(), Now: time.Now().UnixMilli()}, httpclient.Outcome{}
}

func (w *wire) Do(ctx context.Context, r provider.Request, form url.Values) (provider.Response, error) {
	if w.client != nil {
		return w.client.Do(ctx, r, form)
	}
	if form != nil {
		r.Body = []byte(form.Encode())
	}
	response, outcome := w.Send(ctx, r, provider.Authorization{})
	return response, outcome.Err
}
