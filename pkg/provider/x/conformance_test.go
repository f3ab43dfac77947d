package x_test

import (
	"encoding/json"
	"testing"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/providertest"
)

var answers = []providertest.Answer{
	{Name: "taken", N: 2, Status: 200, Body: `{"request":{"params":{"account_id":"18ce"}},"data":{"conversions_processed":2,"debug_id":"d"}}`, Class: provider.Accepted},
	{Name: "more than were sent", N: 2, Status: 200, Body: `{"data":{"conversions_processed":3}}`, Class: provider.AcceptedWithWarnings},
	{Name: "a version that ends", N: 1, Status: 200, Header: map[string]string{"x-api-warn": "version 12 ends"}, Body: `{"data":{"conversions_processed":1}}`, Class: provider.AcceptedWithWarnings},
	{Name: "errors under 200", N: 2, Status: 200, Body: `{"errors":[{"code":"INVALID_PARAMETER","message":"x"}]}`, Class: provider.Invalid},
	{Name: "no count", N: 2, Status: 200, Body: `{"data":{}}`, Class: provider.UnknownOutcome},
	{Name: "not authorised", Status: 401, Body: `{"errors":[{"code":"UNAUTHORIZED_ACCESS","message":"x"}]}`, Class: provider.Credentials},
	{Name: "locked", Status: 403, Body: `{"errors":[{"code":"ACCOUNT_LOCKED_OUT","message":"x"}]}`, Class: provider.Configuration},
	{Name: "denied, of a new code", Status: 403, Body: `{"errors":[{"code":"NEW","message":"x"}]}`, Class: provider.Credentials},
	{Name: "a set of events", N: 2, Status: 400, Body: `{"errors":[{"code":"INVALID_PARAMETER","message":"ol288 is not a single event tag (SET)"}]}`, Class: provider.Configuration},
	{Name: "an event that is gone", N: 2, Status: 400, Body: `{"errors":[{"code":"INVALID_PARAMETER","message":"Event ID was not found"}]}`, Class: provider.Configuration},
	{Name: "the plural", N: 2, Status: 400, Body: `{"errors":[{"code":"INVALID_PARAMETERS","message":"x"}]}`, Class: provider.Invalid},
	{Name: "too many", N: 600, Status: 400, Body: `{"errors":[{"code":"INVALID_PARAMETER","message":"Conversion count limit is 500","parameter":"conversions[3]"}]}`, Class: provider.Invalid},
	{Name: "too complex for one", N: 1, Status: 400, Body: `{"errors":[{"code":"REQUEST_TOO_COMPLEX","message":"x"}]}`, Class: provider.Invalid, Faults: []int{0}},
	{Name: "indices", N: 4, Status: 400, Body: `{"errors":[{"code":"INVALID_PARAMETER","message":"x","parameter":"conversions[3].value"},{"code":"MISSING_PARAMETER","message":"y","parameter":"conversions[0]"},{"code":"MISSING_PARAMETER","message":"y","parameter":"conversions[3]"}]}`, Class: provider.Invalid, Faults: []int{3, 0}},
	{Name: "an index outside the request", N: 2, Status: 400, Body: `{"errors":[{"code":"INVALID_PARAMETER","message":"x","parameter":"conversions[2]"}]}`, Class: provider.Invalid},
	{Name: "an event and a bad value", N: 3, Status: 400, Body: `{"errors":[{"code":"INVALID_PARAMETER","message":"x"},{"code":"WEB_EVENT_TAG_NOT_FOUND","message":"y"}]}`, Class: provider.Configuration},
	{Name: "throttled by requests", Status: 429, Header: map[string]string{"x-rate-limit-reset": "1795187281", "x-rate-limit-remaining": "0", "x-account-rate-limit-reset": "1795187999", "x-account-rate-limit-remaining": "12"}, Class: provider.Throttled, WaitMS: 60_000},
	{Name: "throttled for ever", Status: 429, Header: map[string]string{"x-rate-limit-reset": "1e300"}, Class: provider.Throttled, WaitMS: 86400_000},
	{Name: "cancelled", Status: 408, Body: `{"errors":[{"code":"CANCELLED_REQUEST","message":"x"}]}`, Class: provider.Transient},
	{Name: "a page of an edge", N: 2, Status: 400, Body: "<html>", Class: provider.Transient},
	{Name: "not found", Status: 404, Body: "<html>", Class: provider.Configuration},
	{Name: "too large", N: 4, Status: 413, Class: provider.Invalid},
	{Name: "a new refusal", N: 2, Status: 409, Body: `{"errors":[{"code":"CONFLICT","message":"x"}]}`, Class: provider.Invalid},
}

// I9: TestConformance holds the provider to what router and sender rely on.
func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, newProvider(), providertest.Fixture{
		Account: json.RawMessage(accountJSON), Mapping: resource.Mapping{ProviderEvent: "purchase"},
		Change: func(e *event.Event) {
			e.Click.Twclid = raw("canarytwclid")
			e.Device.UserAgent = raw("Mozilla/5.0 (X11; Linux x86_64)")
		},
		Answers: answers, Secret: `{"pixel_token":"abc"}`, NoProperties: true, Without: []string{"item_brands", "item_categories", "coupons", "page_title"},
		Invalid: []providertest.Invalid{
			{Name: "nothing", Account: json.RawMessage(`{}`), Path: "account.pixel_id"},
			{Name: "capitals", Account: json.RawMessage(`{"pixel_id":"O8Z6J"}`), Path: "account.pixel_id"},
			{Name: "an event of words", Account: json.RawMessage(`{"pixel_id":"o8z6j","events":{"purchase":"Purchase now"}}`), Path: "account.events.purchase"},
			{Name: "no event", Account: json.RawMessage(`{"pixel_id":"o8z6j","events":{"purchase":""}}`), Path: "account.events.purchase"},
			{Name: "another pixel's event", Account: json.RawMessage(`{"pixel_id":"o8z6j","events":{"purchase":"tw-abcde-ol288"}}`), Path: "account.events.purchase"},
			{Name: "unknown key", Account: json.RawMessage(`{"pixel_id":"o8z6j","token":"x"}`), Path: "account.token"},
			{Name: "no age", Section: json.RawMessage(`{"max_age":"1m"}`), Path: "x.max_age"},
			{Name: "an age of years", Section: json.RawMessage(`{"max_age":"9000h"}`), Path: "x.max_age"},
			{Name: "unknown setting", Section: json.RawMessage(`{"version":12}`), Path: "x.version"},
		},
	})
}

func FuzzClassify(f *testing.F) {
	for _, a := range answers {
		f.Add(a.Status, max(a.N, 1), []byte(a.Body), a.Header["x-rate-limit-reset"], false)
	}
	f.Add(429, 1, []byte(`{}`), "NaN", true)
	f.Fuzz(func(t *testing.T, status, n int, body []byte, header string, truncated bool) {
		r := &provider.Response{Status: status, Body: body, Truncated: truncated, Now: now, Header: func(string) string { return header }}
		providertest.CheckAnswer(t, newProvider(), 1+(n&0x3FF), r)
	})
}
