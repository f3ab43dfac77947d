package google_test

import (
	"encoding/json"
	"testing"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/google"
	"github.com/sluicehq/sluice/pkg/provider/providertest"
)

var answers = []providertest.Answer{
	{Name: "accepted", Status: 200, Body: `{"requestId":"3f5a4b9e-7c1d-4a52-9f0e-2b6a1c0d9e11"}`, Class: provider.Accepted},
	{Name: "unknown members are left alone", Status: 200, Body: `{"requestId":"3f5a","newField":[{"a":1}]}`, Class: provider.Accepted},
	{Name: "accepted with warnings", Status: 200, Body: `{"requestId":"3f5a","fieldWarnings":[{"reason":"WARNING_REASON_CART_DATA_ITEM_UNIT_PRICE_MISSING","description":"x","field":"events.events[0].cart_data.items[0].unit_price"}]}`, Class: provider.AcceptedWithWarnings},
	{Name: "a success without an id", Status: 200, Body: `{}`, Class: provider.UnknownOutcome},
	{Name: "an error inside a success", Status: 200, Body: `{"error":{"code":503,"message":"x","status":"UNAVAILABLE"}}`, Class: provider.Transient},
	{Name: "one event named", N: 3, Status: 400, Body: badRequest(`{"field":"events.events[2].event_source","description":"Required field not set.","reason":"REQUIRED_FIELD_MISSING"}`), Class: provider.Invalid, Faults: []int{2}},
	{Name: "two events named, in any order, one twice", N: 3, Status: 400, Body: badRequest(`{"field":"events.events[2].currency","reason":"INVALID_CURRENCY_CODE"},{"field":"events.events[0].currency","reason":"INVALID_CURRENCY_CODE"},{"field":"events.events[0].event_source","reason":"REQUIRED_FIELD_MISSING"}`), Class: provider.Invalid, Faults: []int{0, 2}},
	{Name: "the reader's own path", N: 3, Status: 400, Body: badRequest(`{"field":"events[1]","description":"Invalid JSON payload received. Unknown name \"x\" at 'events[1]': Cannot find field."}`), Class: provider.Invalid, Faults: []int{1}},
	{Name: "an index outside the batch", N: 3, Status: 400, Body: badRequest(`{"field":"events.events[3].currency","reason":"INVALID_CURRENCY_CODE"}`), Class: provider.Invalid},
	{Name: "nobody in particular", N: 3, Status: 400, Body: badRequest(`{"field":"encoding","reason":"REQUIRED_FIELD_MISSING"}`), Class: provider.Invalid},
	{Name: "the destination", N: 3, Status: 400, Body: badRequest(`{"field":"events.events[0].currency","reason":"INVALID_CURRENCY_CODE"},{"field":"destinations[0].product_destination_id","reason":"INVALID_CONVERSION_ACTION_ID"}`), Class: provider.Configuration},
	{Name: "a reason of the account for every event", N: 2, Status: 400, Body: badRequest(`{"field":"events.events[0]","reason":"NOT_ALLOWLISTED"},{"field":"events.events[1]","reason":"NOT_ALLOWLISTED"}`), Class: provider.Configuration},
	{Name: "a reason of the account for one event of two", N: 2, Status: 400, Body: badRequest(`{"field":"events.events[1]","reason":"EVENT_SOURCE_AND_DESTINATION_MISMATCH"}`), Class: provider.Invalid, Faults: []int{1}},
	{Name: "too many events", N: 3, Status: 400, Body: badRequest(`{"field":"events.events","reason":"TOO_MANY_EVENTS"}`), Class: provider.Invalid},
	{Name: "a reason newer than this table", N: 3, Status: 400, Body: badRequest(`{"field":"events.events[1].x","reason":"BRAND_NEW"}`), Class: provider.Invalid, Faults: []int{1}},
	{Name: "terms", Status: 400, Body: info(400, "INVALID_ARGUMENT", "TERMS_AND_CONDITIONS_NOT_SIGNED"), Class: provider.Configuration},
	{Name: "terms with 403", Status: 403, Body: info(403, "PERMISSION_DENIED", "NOT_ALLOWLISTED"), Class: provider.Configuration},
	{Name: "precondition", Status: 400, Body: info(400, "FAILED_PRECONDITION", ""), Class: provider.Configuration},
	{Name: "no access", Status: 403, Body: info(403, "PERMISSION_DENIED", "PERMISSION_DENIED"), Class: provider.Credentials},
	{Name: "wrong scope", Status: 403, Body: info(403, "PERMISSION_DENIED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"), Class: provider.Credentials},
	{Name: "API switched off", Status: 403, Body: info(403, "PERMISSION_DENIED", "SERVICE_DISABLED"), Class: provider.Configuration},
	{Name: "no token", Status: 401, Body: info(401, "UNAUTHENTICATED", ""), Class: provider.Credentials},
	{Name: "not found", Status: 404, Body: info(404, "NOT_FOUND", ""), Class: provider.Configuration},
	{Name: "aborted", Status: 409, Body: info(409, "ABORTED", ""), Class: provider.Transient},
	{Name: "internal error as a reason", Status: 400, Body: info(400, "INVALID_ARGUMENT", "INTERNAL_ERROR"), Class: provider.Transient},
	{Name: "quota", Status: 429, Header: map[string]string{"Retry-After": "30"}, Body: info(429, "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED"), Class: provider.Throttled, WaitMS: 30_000},
	{Name: "quota with a date", Status: 429, Header: map[string]string{"Retry-After": "Fri, 20 Nov 2026 15:08:01 GMT"}, Body: info(429, "RESOURCE_EXHAUSTED", ""), Class: provider.Throttled, WaitMS: 60_000},
	{Name: "quota with a delay in the body", Status: 429, Body: `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"3.5s"}]}}`, Class: provider.Throttled, WaitMS: 3500},
	{Name: "quota with another code", Status: 503, Body: info(503, "RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED"), Class: provider.Throttled},
	{Name: "unavailable", Status: 503, Body: info(503, "UNAVAILABLE", ""), Class: provider.Transient},
	{Name: "violations in an outage are not believed", Status: 503, Body: badRequest(`{"field":"events.events[0]","reason":"INVALID_EVENT"}`), Class: provider.Transient},
	{Name: "too large", N: 2, Status: 413, Body: "<html>", Class: provider.Invalid},
	{Name: "a redirect", Status: 302, Body: "", Class: provider.Transient},
}

func badRequest(violations string) string {
	return `{"error":{"code":400,"message":"There was a problem with the request.","status":"INVALID_ARGUMENT","details":[` +
		`{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"INVALID_ARGUMENT","domain":"datamanager.googleapis.com","metadata":{"requestId":"t-X"}},` +
		`{"@type":"type.googleapis.com/google.rpc.RequestInfo","requestId":"t-X"},` +
		`{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[` + violations + `]}]}}`
}

func info(code int, status, reason string) string {
	type m = map[string]any
	e := m{"code": code, "message": "words", "status": status}
	if reason != "" {
		e["details"] = []m{{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}}
	}
	raw, err := json.Marshal(m{"error": e})
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func newProvider() *google.Provider {
	return google.New(provider.Deps{Now: func() int64 { return now }})
}

// I9: TestConformance holds the provider to what router and sender rely on.
func TestConformance(t *testing.T) {
	ads := json.RawMessage(`{"conversion_actions":{"purchase":"987654321"},"customer_id":"1234567890"}`)
	t.Run("Ads", func(t *testing.T) {
		providertest.Run(t, newProvider(), providertest.Fixture{
			Account: ads, Mapping: resource.Mapping{ProviderEvent: "purchase"}, Answers: answers,
			Invalid: []providertest.Invalid{
				{Name: "no account", Account: json.RawMessage(`{}`), Path: "account.customer_id"},
				{Name: "not an object", Account: json.RawMessage(`[]`), Path: "account"},
				{Name: "hyphens", Account: json.RawMessage(`{"customer_id":"123-456-7890"}`), Path: "account.customer_id"},
				{Name: "manager with hyphens", Account: json.RawMessage(`{"customer_id":"1234567890","login_customer_id":"111-222-3334"}`), Path: "account.login_customer_id"},
				{Name: "unknown key", Account: json.RawMessage(`{"customer_id":"1234567890","developer_token":"x"}`), Path: "account.developer_token"},
				{Name: "resource name", Account: json.RawMessage(`{"customer_id":"1234567890","conversion_actions":{"purchase":"customers/1/conversionActions/2"}}`), Path: "account.conversion_actions.purchase"},
				{Name: "wrong type", Account: json.RawMessage(`{"customer_id":"1234567890","conversion_actions":{"purchase":{"id":"1","type":"web"}}}`), Path: "account.conversion_actions.purchase.type"},
				{Name: "unknown key of an action", Account: json.RawMessage(`{"customer_id":"1234567890","conversion_actions":{"purchase":{"id":"1","kind":"online"}}}`), Path: "account.conversion_actions.purchase.kind"},
				{Name: "action without id", Account: json.RawMessage(`{"customer_id":"1234567890","conversion_actions":{"purchase":{"type":"online"}}}`), Path: "account.conversion_actions.purchase.id"},
				{Name: "unknown setting", Section: json.RawMessage(`{"api_version":"v1"}`), Path: "google.api_version"},
				{Name: "invented consent", Section: json.RawMessage(`{"silent_consent":"always"}`), Path: "google.silent_consent"},
				{Name: "merchant", Section: json.RawMessage(`{"merchant":{"id":"shop","label":"DE"}}`), Path: "google.merchant.label"},
				{Name: "header injection", Section: json.RawMessage(`{"quota_project":"acme\r\nx-evil: 1"}`), Path: "google.quota_project"},
			},
		})
	})
	t.Run("Ads offline with national phone numbers", func(t *testing.T) {
		providertest.Run(t, newProvider(), providertest.Fixture{
			Account: json.RawMessage(`{"conversion_actions":{"purchase":{"id":987654321,"type":"offline"}},"customer_id":1234567890}`),
			Mapping: resource.Mapping{ProviderEvent: "purchase"},
			Change: func(e *event.Event) {
				e.Source = event.SourceSystem
				e.Identity.Phones = append(e.Identity.Phones, identity.NewRaw("(800) 555-0100"))
			},
		})
	})
	t.Run("Analytics", func(t *testing.T) {
		providertest.Run(t, newProvider(), providertest.Fixture{
			Account: json.RawMessage(`{"measurement_id":"G-ABCDEF1234","property_id":"123456789"}`),
			Mapping: resource.Mapping{ProviderEvent: "purchase"},
			Change: func(e *event.Event) {
				e.Analytics.ClientID, e.Analytics.SessionID = identity.NewRaw("1234567890.1700000000"), identity.NewRaw("1700000000")
				e.Analytics.UserID = identity.NewRaw("canary.mail@example.org")
			},
			Invalid: []providertest.Invalid{
				{Name: "both streams", Account: json.RawMessage(`{"property_id":"1","measurement_id":"G-ABCD","firebase_app_id":"1:1:ios:a"}`), Path: "account.firebase_app_id"},
				{Name: "no stream", Account: json.RawMessage(`{"property_id":"1"}`), Path: "account.measurement_id"},
				{Name: "wrong stream", Account: json.RawMessage(`{"property_id":"1","measurement_id":"UA-1"}`), Path: "account.measurement_id"},
				{Name: "wrong app", Account: json.RawMessage(`{"property_id":"1","firebase_app_id":"app"}`), Path: "account.firebase_app_id"},
				{Name: "no property", Account: json.RawMessage(`{"measurement_id":"G-ABCD"}`), Path: "account.property_id"},
				{Name: "mixed", Account: json.RawMessage(`{"property_id":"1","measurement_id":"G-ABCD","customer_id":"1234567890"}`), Path: "account.customer_id"},
			},
		})
	})
}

func FuzzClassify(f *testing.F) {
	for _, a := range answers {
		f.Add(a.Status, max(a.N, 1), []byte(a.Body), a.Header["Retry-After"])
	}
	p := newProvider()
	f.Fuzz(func(t *testing.T, status, n int, body []byte, after string) {
		r := &provider.Response{Status: status, Body: body, Now: now, Header: func(string) string { return after }}
		providertest.CheckAnswer(t, p, 1+(n&0xFF), r)
		p.ParseStatus(r)
	})
}
