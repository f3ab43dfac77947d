package webhook_test

import (
	"encoding/json"
	"testing"

	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/providertest"
)

var answers = []providertest.Answer{
	{Name: "accepted", Status: 200, Body: `{"received":1}`, Class: provider.Accepted},
	{Name: "no content", Status: 204, Class: provider.Accepted},
	{Name: "queued", Status: 202, Body: "queued", Class: provider.Accepted},
	{Name: "a success is one whatever it says", Status: 200, Body: `{"errors":[{"index":0}]}`, Class: provider.Accepted},
	{Name: "a redirect", Status: 302, Class: provider.Configuration},
	{Name: "events named, one twice", N: 3, Status: 422, Body: `{"errors":[{"index":2,"code":"x","message":"no such product"},{"index":0},{"index":2}]}`, Class: provider.Invalid, Faults: []int{2, 0}},
	{Name: "named under 400", N: 2, Status: 400, Body: `{"message":"m","errors":[{"index":1}]}`, Class: provider.Invalid, Faults: []int{1}},
	{Name: "the only event", N: 1, Status: 422, Body: `no`, Class: provider.Invalid, Faults: []int{0}},
	{Name: "nobody named", N: 3, Status: 400, Body: `{"error":"bad"}`, Class: provider.Invalid},
	{Name: "an index outside the request", N: 3, Status: 422, Body: `{"errors":[{"index":0},{"index":3}]}`, Class: provider.Invalid},
	{Name: "an index that is none", N: 3, Status: 422, Body: `{"errors":[{"message":"x"}]}`, Class: provider.Invalid},
	{Name: "bad signature", Status: 401, Body: `{"message":"bad signature"}`, Class: provider.Credentials},
	{Name: "forbidden", Status: 403, Class: provider.Credentials},
	{Name: "no such path", Status: 404, Body: "<html>", Class: provider.Configuration},
	{Name: "gone", Status: 410, Class: provider.Configuration},
	{Name: "timeout", Status: 408, Class: provider.Transient},
	{Name: "too large", N: 4, Status: 413, Class: provider.Invalid},
	{Name: "too large for one", N: 1, Status: 413, Class: provider.Invalid, Faults: []int{0}},
	{Name: "throttled", Status: 429, Header: map[string]string{"Retry-After": "30"}, Class: provider.Throttled, WaitMS: 30_000},
	{Name: "throttled with a date", Status: 429, Header: map[string]string{"Retry-After": "Fri, 20 Nov 2026 15:08:01 GMT"}, Class: provider.Throttled, WaitMS: 60_000},
	{Name: "throttled for ever", Status: 429, Header: map[string]string{"Retry-After": "1e300"}, Class: provider.Throttled, WaitMS: 86400_000},
	{Name: "maintenance", Status: 503, Header: map[string]string{"Retry-After": "5"}, Class: provider.Throttled, WaitMS: 5000},
	{Name: "unavailable", Status: 503, Header: map[string]string{"Retry-After": "soon"}, Class: provider.Transient},
	{Name: "a teapot", N: 2, Status: 418, Class: provider.Invalid},
}

// I9: TestConformance holds the provider to what router and sender rely on.
func TestConformance(t *testing.T) {
	document := func(url string) json.RawMessage { return json.RawMessage(`{"url":"` + url + `"}`) }
	invalid := []providertest.Invalid{
		{Name: "nothing", Account: json.RawMessage(`{}`), Path: "account.url"},
		{Name: "not an object", Account: json.RawMessage(`[]`), Path: "account"},
		{Name: "unknown key", Account: json.RawMessage(`{"url":"https://hooks.acme.example/","method":"PUT"}`), Path: "account.method"},
		{Name: "unknown setting", Section: json.RawMessage(`{"version":2}`), Path: "webhook.version"},
	}
	for name, url := range map[string]string{
		"http": "http://hooks.acme.example/", "no scheme": "hooks.acme.example/x", "another scheme": "ftp://hooks.acme.example/",
		"a user": "https://u:p@hooks.acme.example/", "a query": "https://hooks.acme.example/?key=1", "a fragment": "https://hooks.acme.example/#x",
		"an address": "https://10.0.0.1/", "an IPv6 address": "https://[::1]/", "one label": "https://localhost/", "a trailing dot": "https://hooks.acme.example./",
		"no host": "https:///x", "a space": "https://hooks.acme.example/a b", "not ASCII": "https://hooks.acme.example/ü", "a line": "https://hooks.acme.example/\\n",
		"a broken escape": "https://hooks.acme.example/%zz",
	} {
		invalid = append(invalid, providertest.Invalid{Name: name, Account: document(url), Path: "account.url"})
	}
	providertest.Run(t, newProvider(), providertest.Fixture{
		Account: document("https://" + endpoint), Mapping: resource.Mapping{ProviderEvent: "transaction.purchase"},
		Invalid: invalid, Answers: answers, Secret: secret, StatusDecides: true,
	})
}

func FuzzClassify(f *testing.F) {
	for _, a := range answers {
		f.Add(a.Status, max(a.N, 1), []byte(a.Body), a.Header["Retry-After"], false)
	}
	f.Add(200, 1, []byte("x"), "NaN", true)
	f.Fuzz(func(t *testing.T, status, n int, body []byte, after string, truncated bool) {
		r := &provider.Response{Status: status, Body: body, Truncated: truncated, Now: now, Header: func(string) string { return after }}
		providertest.CheckAnswer(t, newProvider(), 1+(n&0xFF), r)
	})
}
