package meta_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/meta"
	sandbox "github.com/sluicehq/sluice/pkg/provider/meta/fake"
)

// judge sends fragments to the strict stand-in, which shares no code with the
// provider, and gives its answer as the provider reads it.
func judge(t testing.TB, route *resource.Route, fragments ...[]byte) provider.Answer {
	t.Helper()
	p := meta.New(provider.Deps{})
	target := &provider.Endpoint{Destination: route.Destination, Account: route.Account.(provider.Account), BaseURL: "https://graph.facebook.com"}
	auth, err := p.Authorize(t.Context(), nil, target, identity.NewRaw(`{"access_token":"token","app_secret":"secret"}`))
	require.NoError(t, err)
	r := target.Account.Assemble(nil, &provider.Batch{Endpoint: target, Fragments: fragments, Authorization: auth})
	u, err := url.Parse(r.URL)
	require.NoError(t, err)
	req := call.Request{Method: r.Method, Path: u.Path, Host: u.Host, Scheme: u.Scheme, Query: url.Values{}, Header: http.Header{}, Body: r.Body, Now: time.UnixMilli(now)}
	for _, h := range r.Header {
		req.Header.Set(h.Name, h.Value)
	}
	for _, h := range auth.Header {
		req.Header.Set(h.Name, h.Value.Reveal())
	}
	for _, q := range auth.Query {
		req.Query.Set(q.Name, q.Value.Reveal())
	}
	service := sandbox.New(sandbox.Config{Datasets: map[string]sandbox.Dataset{"1234567890": {Tokens: []string{"token"}, AppSecret: "secret", RequireProof: true}}}, ledger.New())
	a := service.Serve(req)
	return p.Classify(len(fragments), &provider.Response{Status: a.Status, Header: a.Header.Get, Body: a.Body, Now: now})
}

// The stand-in takes every golden payload, one by one and all together.
func TestTheSandboxTakesEveryGolden(t *testing.T) {
	var all [][]byte
	var route *resource.Route
	for _, s := range scenarios() {
		target := s.target
		if target == "" {
			target = "Purchase"
		}
		ev := webEvent()
		if s.event != nil {
			s.event(ev)
		}
		route = newRoute(t, target, s.options...)
		in := input(route, ev)
		if s.input != nil {
			s.input(in)
		}
		built := buildInput(t, in)
		a := judge(t, route, built.Fragment)
		require.Equal(t, provider.Accepted.String(), a.Class.String(), "%s: %s %s %s", s.name, a.Code, a.Subcode, a.Message)
		all = append(all, built.Fragment)
	}
	require.Equal(t, provider.Accepted, judge(t, route, all...).Class)
}

// And what it refuses is read as this one event's fault.
func TestTheSandboxsRefusalIsUnderstood(t *testing.T) {
	route := newRoute(t, "Purchase")
	good := build(t, route, webEvent()).Fragment
	bad := []byte(`{"event_name":"Purchase","event_time":1,"action_source":"other","user_data":{}}`)
	a := judge(t, route, good, bad)
	require.Equal(t, provider.Invalid, a.Class)
	require.False(t, a.Unmapped)
	require.NotEmpty(t, a.RequestID)
}
