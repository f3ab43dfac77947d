package linkedin_test

import (
	"encoding/json"
	"testing"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/providertest"
)

var answers = []providertest.Answer{
	{Name: "taken", N: 2, Status: 200, Body: `{"elements":[{"status":201},{"status":201}]}`, Class: provider.Accepted},
	{Name: "one taken, no body", Status: 201, Class: provider.Accepted},
	{Name: "a batch answered with 201 and nothing", N: 2, Status: 201, Class: provider.UnknownOutcome},
	{Name: "more elements than events", Status: 200, Body: `{"elements":[{"status":201},{"status":201}]}`, Class: provider.AcceptedWithWarnings},
	{Name: "no elements", N: 2, Status: 200, Body: `{"elements":[]}`, Class: provider.UnknownOutcome},
	{
		Name: "elements of every kind", N: 5, Status: 200,
		Body:  `{"elements":[{"status":201},{"status":422,"error":{"message":"x"}},{"status":429},{"status":503},{"status":403,"error":{"serviceErrorCode":100}}]}`,
		Class: provider.Invalid, Faults: []int{1, 2, 3, 4}, RestDelivered: true,
		FaultClasses: []provider.Class{provider.Invalid, provider.Throttled, provider.Transient, provider.Configuration},
	},
	{Name: "several lines of one event", N: 3, Status: 422, Body: `{"message":"Index: 1, ERROR :: /user/userIds :: field is required\nERROR :: /conversionHappenedAt :: field is required\nIndex: 2, ERROR :: /eventId :: x\n","status":422}`, Class: provider.Invalid, Faults: []int{1, 2}},
	{Name: "a line without an index", N: 3, Status: 422, Body: `{"message":"ERROR :: /user :: x\n","status":422}`, Class: provider.Invalid},
	{Name: "an index outside the request", N: 3, Status: 422, Body: `{"message":"Index: 3, ERROR :: /user :: x\n","status":422}`, Class: provider.Invalid},
	{Name: "rules that are none", N: 3, Status: 422, Body: `{"message":"Index: 0, ERROR :: /conversion :: Invalid Urn format\n","status":422}`, Class: provider.Configuration},
	{
		Name: "a rule that is none, and another error", N: 3, Status: 422, Body: `{"message":"Index: 0, ERROR :: /conversion :: Invalid Urn format\nIndex: 2, ERROR :: /user :: x\n","status":422}`,
		Class: provider.Invalid, Faults: []int{0, 2}, FaultClasses: []provider.Class{provider.Configuration, provider.Invalid},
	},
	{Name: "times", N: 5, Status: 400, Body: `{"message":"Conversion time should be within 90 days and not exceed current time, indices [1, 4] (0-indexed).","status":400}`, Class: provider.Invalid, Faults: []int{1, 4}},
	{Name: "times, an index outside", N: 3, Status: 400, Body: `{"message":"Conversion time should be within 90 days and not exceed current time, indices [1, 4] (0-indexed).","status":400}`, Class: provider.Invalid},
	{Name: "unknown rule", N: 3, Status: 403, Body: `{"message":"No ad accounts found","status":403}`, Class: provider.Configuration},
	{Name: "access denied", Status: 403, Body: `{"status":403,"serviceErrorCode":100,"code":"ACCESS_DENIED","message":"Not enough permissions"}`, Class: provider.Credentials},
	{Name: "the page of an edge", N: 2, Status: 403, Body: `<html>`, Class: provider.Transient},
	{Name: "version over", Status: 426, Body: `{"status":426,"code":"NONEXISTENT_VERSION","message":"Requested version 20230101 is not active"}`, Class: provider.Configuration},
	{Name: "path unknown", Status: 404, Body: `{"status":404,"message":"No virtual resource found"}`, Class: provider.Configuration},
	{Name: "too large", N: 4, Status: 413, Class: provider.Invalid},
	{Name: "too large for one", Status: 413, Class: provider.Invalid, Faults: []int{0}},
	{Name: "throttled, a date", N: 2, Status: 429, Header: map[string]string{"Retry-After": "Fri, 20 Nov 2026 15:08:01 GMT"}, Class: provider.Throttled, WaitMS: 60_000},
	{Name: "a limit of the day", Status: 429, Body: `{"status":429,"message":"Resource level throttle APPLICATION DAY limit for calls to this resource is reached."}`, Class: provider.Throttled},
	{Name: "out of order", N: 2, Status: 503, Body: `{"status":503,"message":"x"}`, Class: provider.Transient},
	{Name: "a new refusal", N: 2, Status: 409, Body: `{"status":409,"message":"x"}`, Class: provider.Invalid},
}

// I9: TestConformance holds the provider to what router and sender rely on.
func TestConformance(t *testing.T) {
	t.Parallel()
	account, section := func(s string) json.RawMessage { return json.RawMessage(s) }, func(s string) json.RawMessage { return json.RawMessage(s) }
	providertest.Run(t, newProvider(), providertest.Fixture{
		Account: account(accountJSON), Mapping: resource.Mapping{ProviderEvent: "purchase"},
		Change:  func(e *event.Event) { e.Click.LiFatID = raw("8a3f2b1c-4d5e-4f60-8a7b-9c0d1e2f3a4b") },
		Answers: answers, Secret: `{"access_token":"AQX"}`, NoProperties: true,
		Without: []string{"item_names", "item_brands", "item_categories", "coupons", "search_term", "page_title"},
		Invalid: []providertest.Invalid{
			{Name: "nothing", Account: account(`{}`), Path: "account.ad_account_id"},
			{Name: "a URN", Account: account(`{"ad_account_id":"urn:li:sponsoredAccount:1"}`), Path: "account.ad_account_id"},
			{Name: "a rule with letters", Account: account(`{"ad_account_id":"1","events":{"purchase":"12a"}}`), Path: "account.events.purchase"},
			{Name: "rule zero", Account: account(`{"ad_account_id":"1","events":{"purchase":"0"}}`), Path: "account.events.purchase"},
			{Name: "unknown key", Account: account(`{"ad_account_id":"1","rule":"2"}`), Path: "account.rule"},
			{Name: "no month", Section: section(`{"api_version":"202613"}`), Path: "linkedin.api_version"},
			{Name: "a hyphen", Section: section(`{"api_version":"2026-08"}`), Path: "linkedin.api_version"},
			{Name: "unknown word", Section: section(`{"clear":["phone"]}`), Path: "linkedin.clear[0]"},
			{Name: "both forms of an address", Section: section(`{"clear":["ip"],"hashed":["ip"]}`), Path: "linkedin.hashed"},
			{Name: "both forms of names", Section: section(`{"api_version":"202609","clear":["name"],"hashed":["name"]}`), Path: "linkedin.hashed"},
			{Name: "hashed names in an older version", Section: section(`{"api_version":"202608","hashed":["name"]}`), Path: "linkedin.api_version"},
			{Name: "external ids in the default version", Section: section(`{"clear":["external_id"]}`), Path: "linkedin.api_version"},
			{Name: "a title without names", Section: section(`{"clear":["title"]}`), Path: "linkedin.clear"},
		},
	})
}

func FuzzClassify(f *testing.F) {
	for _, a := range answers {
		f.Add(a.Status, max(a.N, 1), []byte(a.Body), a.Header["Retry-After"], false)
	}
	f.Add(200, 0, []byte(`{"id":1,"enabled":false}`), "NaN", true)
	f.Fuzz(func(t *testing.T, status, n int, body []byte, after string, truncated bool) {
		r := &provider.Response{Status: status, Body: body, Truncated: truncated, Now: now, Header: func(string) string { return after }}
		providertest.CheckAnswer(t, newProvider(), 1+(n&0xFF), r)
		if a := newProvider().Classify(0, r); len(a.Faults) > 0 {
			t.Fatal("a probe has no events")
		}
	})
}
