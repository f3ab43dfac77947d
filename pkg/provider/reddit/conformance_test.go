package reddit_test

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

// given is a response of the given ones; a body that is text is sent as it is.
type given struct {
	Name    string
	N       int
	Status  int
	Headers map[string]string
	Body    json.RawMessage
	Expect  struct {
		Class  string
		Faults []int
		WaitMS int64 `json:"wait_ms"`
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
			text := string(g.Body)
			if g.Body[0] == '"' {
				require.NoError(t, json.Unmarshal(g.Body, &text))
			}
			a := newProvider().Classify(g.N, &provider.Response{Status: g.Status, Body: []byte(text), Now: now, Header: func(name string) string {
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
			require.False(t, a.RestDelivered)
			if g.Expect.Faults != nil {
				require.Empty(t, a.Faults)
			}
			if a.Class != provider.Accepted && a.Class != provider.AcceptedWithWarnings && a.Class != provider.Transient {
				spec := newProvider().Spec()
				require.NotEmpty(t, spec.Fix(a.Code, a.Subcode))
			}
		})
	}
}

var answers = []providertest.Answer{
	{Name: "accepted", N: 2, Status: 200, Body: `{"data":{"message":"Successfully processed 2 conversion events."}}`, Class: provider.Accepted},
	{Name: "as version 2 says it", Status: 202, Body: `{"message":"Successfully processed 1 conversion events."}`, Class: provider.Accepted},
	{Name: "fewer", N: 3, Status: 200, Body: `{"data":{"message":"Successfully processed 2 conversion events."}}`, Class: provider.AcceptedWithWarnings},
	{Name: "in other words", Status: 200, Body: `{"data":{"message":"ok"}}`, Class: provider.AcceptedWithWarnings},
	{Name: "with invalid events", Status: 200, Body: `{"data":{"message":"Successfully processed 1 conversion events."},"invalid_events":[{"error_message":"x"}]}`, Class: provider.AcceptedWithWarnings},
	{Name: "nothing said", Status: 200, Body: `{}`, Class: provider.UnknownOutcome},
	{Name: "invalid", N: 3, Status: 400, Body: `{"error":{"code":400,"message":"There were 1 invalid conversion events. None were processed."}}`, Class: provider.Invalid},
	{Name: "invalid alone", N: 1, Status: 422, Body: `{"error":{"code":422}}`, Class: provider.Invalid, Faults: []int{0}},
	{Name: "no token under 400", N: 3, Status: 400, Body: `{"error":{"code":401,"message":"x"}}`, Class: provider.Credentials},
	{Name: "bad token", Status: 401, Body: `{"error":{"code":401,"message":"x"}}`, Class: provider.Credentials},
	{Name: "forbidden", N: 2, Status: 403, Body: `{"error":{"code":403,"message":"x"}}`, Class: provider.Credentials},
	{Name: "a type under 403", N: 2, Status: 403, Body: `{"error":{"explanation":"JSON error unexpected type"}}`, Class: provider.Invalid},
	{Name: "no pixel", Status: 404, Body: `{"error":{"code":404}}`, Class: provider.Configuration},
	{Name: "too large", N: 4, Status: 413, Class: provider.Invalid},
	{Name: "rate", Status: 429, Header: map[string]string{"Retry-After": "10"}, Class: provider.Throttled, WaitMS: 10_000},
	{Name: "down for a while", Status: 503, Header: map[string]string{"Retry-After": "3"}, Class: provider.Transient, WaitMS: 3000},
	{Name: "a redirect", Status: 302, Class: provider.Configuration},
}

// I9: TestConformance holds the provider to what router and sender rely on.
func TestConformance(t *testing.T) {
	fixture := providertest.Fixture{
		Account: json.RawMessage(`{"pixel_id":"a2_abc123"}`), Mapping: resource.Mapping{ProviderEvent: "PURCHASE"},
		Section:         json.RawMessage(`{"probe_test_id":"t2_test"}`),
		RestrictedPlace: consent.NewJurisdiction("US", "CA"), NoProperties: true, Without: []string{"item_brands", "coupons", "search_term", "page_title"},
		Secret: secret, Answers: answers,
		Change: func(e *event.Event) {
			e.Device.ScreenWidth, e.Device.ScreenHeight = event.Some(int64(1920)), event.Some(int64(1080))
			e.Click.RdtUUID = raw("1684189007728.7c73f2de-5c2f-4d2b-8f8e-0a8e21c31b3e")
		},
		Invalid: []providertest.Invalid{
			{Name: "no pixel", Account: json.RawMessage(`{}`), Path: "account.pixel_id"},
			{Name: "no prefix", Account: json.RawMessage(`{"pixel_id":"abc123"}`), Path: "account.pixel_id"},
			{Name: "unknown key", Account: json.RawMessage(`{"pixel_id":"a2_x","account_id":"2"}`), Path: "account.account_id"},
			{Name: "unknown setting", Section: json.RawMessage(`{"no_such_key":1}`), Path: "reddit.no_such_key"},
			{Name: "no test id", Section: json.RawMessage(`{"test_id":"a b"}`), Path: "reddit.test_id"},
			{Name: "no form", Section: json.RawMessage(`{"email":"gmail"}`), Path: "reddit.email"},
		},
	}
	t.Run("purchase", func(t *testing.T) { providertest.Run(t, newProvider(), fixture) })
	t.Run("custom", func(t *testing.T) {
		fixture := fixture
		fixture.Mapping.ProviderEvent = "Order confirmed"
		providertest.Run(t, newProvider(), fixture)
	})
}

// Reddit's words are shown without what could be a value of an event.
func TestWordsOfAnEventStay(t *testing.T) {
	t.Parallel()
	a := newProvider().Classify(2, &provider.Response{Status: 400, Now: now, Body: []byte(
		`{"error":{"code":400,"message":"event_at timestamp must be less than 168h0m0s old: ip_address 203.0.113.7, user Jane123, jane@shop.example"}}`)})
	require.Equal(t, "event_at timestamp must be less than … old: ip_address … user … …", a.Message)
}

func FuzzClassify(f *testing.F) {
	for _, a := range answers {
		f.Add(a.Status, max(a.N, 1), []byte(a.Body), a.Header["Retry-After"], false)
	}
	f.Fuzz(func(t *testing.T, status, n int, body []byte, header string, truncated bool) {
		r := &provider.Response{Status: status, Body: body, Truncated: truncated, Now: now, Header: func(string) string { return header }}
		providertest.CheckAnswer(t, newProvider(), 1+(n&0xFF), r)
	})
}
