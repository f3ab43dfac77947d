package x

import (
	"strings"

	"github.com/sluicehq/sluice/pkg/provider"
)

// What an operator can do, where several rows say the same.
const (
	fixToken = "Events Manager, the pixel, Install pixel, Manual, Conversions API: generate an access token and replace the secret file; delivery resumes by itself."
	fixRole  = "Events Manager: generate the token as a user who may manage the ads account of the pixel, and replace the secret file."
	fixPixel = "Check pixel_id in the Events Manager, and that the ads account behind it is in order."
	fixEvent = "Events Manager, the event: copy its id into account.events; it must be one of this pixel, and a single event."
	fixData  = "Correct the field at the producer or in the mapping; the event is in the dead letters with X's own words."
	fixWait  = "Nothing: Sluice waits until the limit is reset. If it happens often, lower delivery.rate: X takes 60,000 events of an account in 15 minutes."
)

// row is one row of the table of answers.
type row struct {
	code         string // X's word, or an HTTP status
	class        provider.Class
	meaning, fix string
	// text is a part of the message that means this whatever the code, in lower case.
	text string
}

// tooMany is the code of ours for a request with too many conversions.
const tooMany = "limit"

// answers is every answer that has a meaning here.
var answers = [...]row{
	{code: "200", class: provider.Accepted, meaning: "every conversion of the request was taken"},
	{code: "UNAUTHORIZED_ACCESS", class: provider.Credentials, meaning: "the pixel token is wrong or missing", fix: fixToken},
	{code: "UNAUTHORIZED_CLIENT_APPLICATION", class: provider.Credentials, meaning: "the application has no access to the Ads API", fix: fixToken},
	{code: "ACTION_NOT_ALLOWED", class: provider.Credentials, meaning: "the action is not allowed", fix: fixRole},
	{code: "CURRENT_USER_SUSPENDED", class: provider.Credentials, meaning: "the user behind the token is suspended", fix: fixRole},
	{code: "READONLY_CLIENT_APPLICATION", class: provider.Credentials, meaning: "the application may only read", fix: fixRole},
	{code: "USER_NOT_FOUND", class: provider.Credentials, meaning: "the user behind the token is unknown", fix: fixRole},
	{code: "ACCOUNT_NOT_FOUND", class: provider.Configuration, meaning: "the account is unknown or not the token's", fix: fixPixel},
	{code: "ACCOUNT_LOCKED_OUT", class: provider.Configuration, meaning: "the account is locked", fix: fixPixel},
	{code: "FEATURE_NOT_AVAILABLE", class: provider.Configuration, meaning: "the feature is off for the account", fix: fixPixel},
	{code: "SET", class: provider.Configuration, meaning: "an X event is no single event tag, whatever the code", fix: fixEvent, text: "is not a single event tag"},
	{code: "EVENT_NOT_FOUND", class: provider.Configuration, meaning: "an X event was not found, whatever the code", fix: fixEvent, text: "event id was not found"},
	{code: "WEB_EVENT_TAG_NOT_FOUND", class: provider.Configuration, meaning: "an X event is unknown", fix: fixEvent},
	{code: "NOT_FOUND", class: provider.Configuration, meaning: "something does not exist", fix: fixPixel},
	{code: "ROUTE_NOT_FOUND", class: provider.Configuration, meaning: "the path is wrong", fix: "Correct sender.providers.x.base_url."},
	{code: "METHOD_NOT_ALLOWED", class: provider.Configuration, meaning: "the method is wrong", fix: "Correct sender.providers.x.base_url."},
	{code: tooMany, class: provider.Invalid, meaning: "too many conversions in a request, whatever the code; it is halved", text: "conversion count limit"},
	{code: "REQUEST_TOO_COMPLEX", class: provider.Invalid, meaning: "too much in one request; it is halved", fix: fixData},
	{code: "INVALID_PARAMETER", class: provider.Invalid, meaning: "a value is not valid", fix: fixData},
	{code: "MISSING_PARAMETER", class: provider.Invalid, meaning: "a member is missing", fix: fixData},
	{code: "EXCLUSIVE_PARAMETERS", class: provider.Invalid, meaning: "members exclude each other", fix: fixData},
	{code: "INCLUSIVE_PARAMETERS", class: provider.Invalid, meaning: "members need each other", fix: fixData},
	{code: "ILLEGAL_CHARACTERS", class: provider.Invalid, meaning: "characters that are not allowed", fix: fixData},
	{code: "CANCELLED_REQUEST", class: provider.Transient, meaning: "the request was cancelled"},
	{code: "LOCK_ACQUISITION_TIMEOUT", class: provider.Transient, meaning: "X waited too long for a lock"},
	{code: "INTERNAL_ERROR", class: provider.Transient, meaning: "internal error at X"},
	{code: "OVER_CAPACITY", class: provider.Transient, meaning: "X is over capacity"},
	{code: "SERVICE_UNAVAILABLE", class: provider.Transient, meaning: "X is not available"},
	{code: "TOO_MANY_REQUESTS", class: provider.Throttled, meaning: "the limit of requests or events is reached", fix: fixWait},
	{code: "400", class: provider.Invalid, meaning: "the request is not valid, of an unknown code", fix: fixData},
	{code: "401", class: provider.Credentials, meaning: "the pixel token is wrong or missing", fix: fixToken},
	{code: "403", class: provider.Credentials, meaning: "access is denied, of an unknown code", fix: fixRole},
	{code: "404", class: provider.Configuration, meaning: "the pixel or an X event is unknown", fix: fixPixel},
	{code: "405", class: provider.Configuration, meaning: "the method is wrong", fix: "Correct sender.providers.x.base_url."},
	{code: "408", class: provider.Transient, meaning: "the request was cancelled"},
	{code: "413", class: provider.Invalid, meaning: "the request is too large; it is halved", fix: fixData},
	{code: "423", class: provider.Transient, meaning: "X waited too long for a lock"},
	{code: "429", class: provider.Throttled, meaning: "the limit of requests or events is reached", fix: fixWait},
	{code: "500", class: provider.Transient, meaning: "internal error at X"},
	{code: "502", class: provider.Transient, meaning: "a gateway at X has no answer"},
	{code: "503", class: provider.Transient, meaning: "X is not available"},
	{code: "504", class: provider.Transient, meaning: "a gateway at X waited too long"},
}

// find gives the row of an error: by its text, which is surer, else by its code,
// whose last word X writes in the singular or the plural.
func find(code, message string) (row, bool) {
	lower := strings.ToLower(message)
	for i := range answers {
		if r := &answers[i]; r.text != "" && strings.Contains(lower, r.text) {
			return *r, true
		}
	}
	if strings.HasSuffix(code, "_PARAMETERS") || strings.HasSuffix(code, "_PARAMETER") {
		code = strings.TrimSuffix(code, "S")
	}
	for i := range answers {
		if r := &answers[i]; r.text == "" && (r.code == code || r.code == code+"S") {
			return *r, true
		}
	}
	return row{}, false
}

// errorRows lists the answers for the documentation.
func errorRows() []provider.ErrorRow {
	rows := make([]provider.ErrorRow, 0, len(answers))
	for _, a := range answers {
		rows = append(rows, provider.ErrorRow{Code: a.code, Meaning: a.meaning, Class: a.class, Fix: a.fix})
	}
	return rows
}
