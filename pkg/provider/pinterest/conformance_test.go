package pinterest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/providertest"
)

// given is a response of the given ones.
type given struct {
	Name    string
	N       int
	Status  int
	Headers map[string]string
	Body    json.RawMessage
	Expect  struct {
		Class    string
		Warnings *int
		Faults   []int
		WaitMS   int64 `json:"wait_ms"`
	}
}

// TestResponses holds the table of answers against the given responses.
func TestResponses(t *testing.T) {
	t.Parallel()
	var all []given
	read(t, "responses.json", &all)
	require.NotEmpty(t, all)
	for _, g := range all {
		t.Run(g.Name, func(t *testing.T) {
			t.Parallel()
			a := newProvider().Classify(g.N, &provider.Response{Status: g.Status, Body: g.Body, Now: now, Header: func(name string) string {
				for k, v := range g.Headers {
					if strings.EqualFold(k, name) {
						return v
					}
				}
				return ""
			}})
			require.Equal(t, g.Expect.Class, a.Class.String())
			require.Equal(t, g.Expect.WaitMS, a.WaitMS)
			require.False(t, a.Unmapped)
			if g.Expect.Warnings != nil {
				require.Len(t, a.Warnings, *g.Expect.Warnings)
			}
			if g.Expect.Faults != nil {
				faults := []int{}
				for _, f := range a.Faults {
					faults = append(faults, f.Index)
				}
				require.Equal(t, g.Expect.Faults, faults)
				require.Equal(t, len(faults) > 0, a.RestDelivered)
			}
		})
	}
}

const (
	mixed = `{"num_events_received":3,"num_events_processed":1,"events":[{"status":"failed","error_message":"bad jane@shop.example"},{"status":"processed"},{"status":"failed","error_message":"y"}]}`
	taken = `{"num_events_received":1,"num_events_processed":1,"events":[{"status":"processed","error_message":"","warning_message":""}]}`
)

var answers = []providertest.Answer{
	{Name: "accepted", Status: 200, Body: taken, Class: provider.Accepted},
	{Name: "two of three failed", N: 3, Status: 200, Body: mixed, Class: provider.Invalid, Faults: []int{0, 2}, RestDelivered: true},
	{Name: "the same under 422", N: 3, Status: 422, Body: mixed, Class: provider.Invalid, Faults: []int{0, 2}, RestDelivered: true},
	{Name: "the same in details", N: 3, Status: 422, Body: `{"code":1,"message":"x","details":` + mixed + `}`, Class: provider.Invalid, Faults: []int{0, 2}, RestDelivered: true},
	{Name: "of another number of events", N: 4, Status: 422, Body: mixed, Class: provider.Invalid},
	{Name: "fewer processed, none named", N: 3, Status: 200, Body: `{"num_events_received":3,"num_events_processed":2}`, Class: provider.Invalid},
	{Name: "one failed alone", N: 1, Status: 422, Body: `{"code":1,"message":"x"}`, Class: provider.Invalid, Faults: []int{0}},
	{Name: "another count", N: 2, Status: 200, Body: taken, Class: provider.AcceptedWithWarnings},
	{Name: "422 that says nothing", N: 3, Status: 422, Body: "<html>", Class: provider.Invalid},
	{Name: "invalid request", N: 2, Status: 400, Body: `{"code":4196,"message":"m"}`, Class: provider.Invalid},
	{Name: "invalid request of one", N: 1, Status: 400, Body: `{"code":4196,"message":"m"}`, Class: provider.Invalid, Faults: []int{0}},
	{Name: "bad token", Status: 401, Body: `{"code":2,"message":"Authentication failed."}`, Class: provider.Credentials},
	{Name: "scope", Status: 401, Body: `{"code":3,"message":"m"}`, Class: provider.Credentials},
	{Name: "role", Status: 403, Body: `{"code":29,"message":"m"}`, Class: provider.Credentials},
	{Name: "no account", Status: 404, Body: `{"code":2,"message":"AdAccount not found."}`, Class: provider.Configuration},
	{Name: "too large", N: 4, Status: 413, Class: provider.Invalid},
	{Name: "rate", Status: 429, Body: `{"code":8}`, Header: map[string]string{"X-Ratelimit-Reset": "12;w=60"}, Class: provider.Throttled, WaitMS: 12_000},
	{Name: "ramped down", Status: 503, Body: `{"code":4197}`, Class: provider.Transient},
	{Name: "ramped down for a while", Status: 503, Header: map[string]string{"Retry-After": "30"}, Body: `{"code":4197}`, Class: provider.Transient, WaitMS: 30_000},
	{Name: "a redirect", Status: 302, Class: provider.Configuration},
}

// I9: TestConformance holds the provider to what router and sender rely on.
func TestConformance(t *testing.T) {
	fixture := providertest.Fixture{
		Account: json.RawMessage(`{"ad_account_id":"549768257474"}`), Mapping: resource.Mapping{ProviderEvent: "checkout"},
		Section:         json.RawMessage(`{"browser_id":"external_id","postal_codes":"letters","external_id":"lower"}`),
		RestrictedPlace: consent.NewJurisdiction("US", "CA"), NoProperties: true, Without: []string{"coupons"},
		Secret: secret, Answers: answers,
		Invalid: []providertest.Invalid{
			{Name: "no account", Account: json.RawMessage(`{}`), Path: "account.ad_account_id"},
			{Name: "a number", Account: json.RawMessage(`{"ad_account_id":549768257474}`), Path: "account.ad_account_id"},
			{Name: "a tag", Account: json.RawMessage(`{"ad_account_id":"tag-1"}`), Path: "account.ad_account_id"},
			{Name: "unknown key", Account: json.RawMessage(`{"ad_account_id":"1","tag_id":"2"}`), Path: "account.tag_id"},
			{Name: "unknown setting", Section: json.RawMessage(`{"no_such_key":1}`), Path: "pinterest.no_such_key"},
			{Name: "no partner", Section: json.RawMessage(`{"partner_name":"Acme"}`), Path: "pinterest.partner_name"},
			{Name: "no case", Section: json.RawMessage(`{"external_id":"upper"}`), Path: "pinterest.external_id"},
			{Name: "too old", Section: json.RawMessage(`{"max_age":"9000h"}`), Path: "pinterest.max_age"},
		},
	}
	t.Run("web", func(t *testing.T) { providertest.Run(t, newProvider(), fixture) })
	t.Run("offline", func(t *testing.T) {
		fixture := fixture
		fixture.ResendUnsafe = true
		fixture.Change = func(e *event.Event) { e.Source, e.Page = event.SourceInStore, event.Page{} }
		providertest.Run(t, newProvider(), fixture)
	})
	t.Run("app", func(t *testing.T) {
		fixture := fixture
		fixture.Change = func(e *event.Event) {
			e.Source, e.Page = event.SourceApp, event.Page{}
			e.Device.Platform, e.Device.AppID, e.Device.AppVersion = "Android", "com.acme.shop", "7.9"
			e.Device.AdvertisingID = raw("6D92078A-8246-4BA4-AE5B-76104861E7DC")
		}
		providertest.Run(t, newProvider(), fixture)
	})
}

// What a probe's event becomes says nothing about the destination, whose token
// and account were fine.
func TestAProbeIsNoEvent(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 422} {
		for _, body := range []string{taken, `{"details":{"events":[{"status":"failed","error_message":"x"}]},"num_events_received":1}`} {
			a := newProvider().Classify(0, &provider.Response{Status: status, Body: []byte(body), Now: now})
			require.Equal(t, provider.Accepted, a.Class, "%d %s", status, body)
			require.Empty(t, a.Faults)
		}
	}
	require.Equal(t, provider.Credentials, newProvider().Classify(0, &provider.Response{Status: 401, Body: []byte(`{"code":2}`), Now: now}).Class)
}

func TestUsageIsReadFromHeaders(t *testing.T) {
	t.Parallel()
	for remaining, want := range map[string]float64{"1000": 80, "5000": 0, "0": 100, "-5": 100, "x": 0, "9000": 0} {
		a := newProvider().Classify(1, &provider.Response{Status: 200, Body: []byte(taken), Now: now, Header: func(name string) string {
			return map[string]string{"X-Ratelimit-Limit": "5000, 5000;w=60", "X-Ratelimit-Remaining": remaining}[name]
		}})
		require.InDelta(t, want, a.Usage, 1e-9, remaining)
	}
}

func FuzzClassify(f *testing.F) {
	for _, a := range answers {
		f.Add(a.Status, max(a.N, 1), []byte(a.Body), a.Header["Retry-After"], false)
	}
	f.Add(200, 1, []byte(`{"num_events_received":-1,"num_events_processed":-9,"events":[{}]}`), "NaN", true)
	f.Fuzz(func(t *testing.T, status, n int, body []byte, header string, truncated bool) {
		r := &provider.Response{Status: status, Body: body, Truncated: truncated, Now: now, Header: func(string) string { return header }}
		providertest.CheckAnswer(t, newProvider(), 1+(n&0xFF), r)
	})
}
