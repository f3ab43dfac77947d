package tiktok

import (
	"strconv"

	"github.com/sluicehq/sluice/pkg/provider"
)

// row is one documented answer: a code, or a range of codes up to last.
type row struct {
	code, last   int
	class        provider.Class
	meaning, fix string
}

// What an operator can do, where several rows say the same.
const (
	fixToken  = "Events Manager > the event source > Settings > Generate access token; put it into the secret file as access_token, without Bearer. Delivery resumes by itself."
	fixAccess = "Events Manager > the event source: compare its id and kind with account.event_source_id and account.event_source. The token's owner must be operator or admin of the ad account (Business Center > Users)."
	fixApp    = "TikTok for Business Developers > My Apps > the app > Scope of permission: add Measurement > Report Conversion Event, then authorise the ad account again, or use a token of Events Manager."
	fixEvent  = "Correct the field at the producer or in the mapping; the event is in the dead letters with TikTok's own words, and Events Manager > the event source > Diagnostics shows the last 24 hours."
	fixWait   = "Nothing: Sluice waits. If it happens often, lower delivery.rate."
	fixRetry  = "Nothing: Sluice tries again by itself. If it lasts, look at the status page in TikTok for Business Developers."
	fixBuild  = "Nothing in Events Manager: the request itself is refused. Update Sluice, or report it with the request id."
	fixAllow  = "Ask TikTok's representative to put the app on the allow-list of the Events API (Events Manager > the app > Settings)."
	fixBlock  = "Business Center > Account status: see why the account is blocked."
)

// codeBatchSize, codePartial: what Classify knows by name.
const (
	codeOK        = 0
	codePartial   = 20001
	codeBatchSize = 40061
)

// answers is what every code means. The HTTP status is 200 for all of them.
// Sources: TikTok's SDK (tiktok-business-api-sdk f809c39) for the codes; 40001,
// 40002 and 51021 as two other senders have seen them.
var answers = [...]row{
	{code: codeOK, class: provider.Accepted, meaning: "success"},
	{code: codePartial, class: provider.AcceptedWithWarnings, meaning: "partly successful", fix: "Events Manager > the event source > Diagnostics shows which events have problems."},
	{code: 40000, class: provider.Invalid, meaning: "invalid parameters", fix: fixEvent},
	{code: 40001, class: provider.Configuration, meaning: "no permission for the pixel or event set", fix: fixAccess},
	{code: 40002, class: provider.Invalid, meaning: "a parameter is wrong; the message can name the event's place in the request", fix: fixEvent},
	{code: 40003, class: provider.Credentials, meaning: "forbidden", fix: fixAccess},
	{code: 40006, class: provider.Configuration, meaning: "version error", fix: fixBuild},
	{code: 40007, class: provider.Configuration, meaning: "an object does not exist", fix: fixAccess},
	{code: 40008, class: provider.Configuration, meaning: "the API has no such operation", fix: fixBuild},
	{code: 40009, class: provider.Configuration, meaning: "not supported in TikTok's sandbox", fix: "Remove sender.providers.tiktok.base_url, or point it at the production address."},
	{code: 40010, class: provider.Configuration, meaning: "the domain is not supported", fix: fixBuild},
	{code: 40050, class: provider.DuplicateDelivery, meaning: "duplicated request", fix: "Nothing: TikTok has the events."},
	{code: 40051, class: provider.Configuration, meaning: "invalid API version", fix: fixBuild},
	{code: codeBatchSize, class: provider.Invalid, meaning: "invalid batch size; the request is halved", fix: fixBuild},
	{code: 40062, class: provider.Invalid, meaning: "personal data is not hashed", fix: fixEvent},
	{code: 40063, class: provider.Configuration, meaning: "invalid partner_name", fix: fixBuild},
	{code: 40100, class: provider.Throttled, meaning: "requests too frequent", fix: fixWait},
	{code: 40101, class: provider.Configuration, meaning: "invalid partner", fix: fixApp},
	{code: 40102, class: provider.Credentials, meaning: "the access token has expired", fix: fixToken},
	{code: 40103, class: provider.Credentials, meaning: "the refresh token has expired", fix: fixToken},
	{code: 40104, class: provider.Credentials, meaning: "the access token is empty", fix: fixToken},
	{code: 40105, class: provider.Credentials, meaning: "the access token is wrong or revoked", fix: fixToken},
	{code: 40106, class: provider.Credentials, meaning: "the token's user is invalid", fix: fixToken},
	{code: 40107, class: provider.Credentials, meaning: "invalid refresh token", fix: fixToken},
	{code: 40108, class: provider.Configuration, meaning: "invalid grant type", fix: fixApp},
	{code: 40110, class: provider.Credentials, meaning: "the authorisation code is wrong", fix: fixToken},
	{code: 40113, class: provider.Credentials, meaning: "the app is forbidden", fix: fixApp},
	{code: 40114, class: provider.Credentials, meaning: "the advertiser has logged out", fix: fixToken},
	{code: 40115, class: provider.Credentials, meaning: "the authorisation's time stamp has expired", fix: fixToken},
	{code: 40116, class: provider.Credentials, meaning: "the authorisation's signature is wrong", fix: fixToken},
	{code: 40117, class: provider.Credentials, meaning: "the app may not call this method", fix: fixApp},
	{code: 40118, class: provider.Configuration, meaning: "not on the allow-list for app events", fix: fixAllow},
	{code: 40124, class: provider.Credentials, meaning: "the developer was rejected", fix: fixApp},
	{code: 40125, class: provider.Credentials, meaning: "the developer has no permission", fix: fixApp},
	{code: 40130, class: provider.Credentials, meaning: "the scope was not authorised", fix: fixApp},
	{code: 40132, class: provider.Throttled, meaning: "the request frequency is limited", fix: fixWait},
	{code: 40202, class: provider.Transient, meaning: "write conflict", fix: fixRetry},
	{code: 40300, class: provider.Configuration, meaning: "the advertiser does not exist", fix: fixAccess},
	{code: 40301, class: provider.Configuration, meaning: "the advertiser has the wrong role", fix: fixAccess},
	{code: 40309, class: provider.Credentials, meaning: "a log-in is required", fix: fixToken},
	{code: 40400, class: provider.Configuration, meaning: "route not found", fix: fixBuild},
	{code: 40700, class: provider.Invalid, meaning: "validation error of an inner service", fix: fixEvent},
	{code: 41000, class: provider.Configuration, meaning: "blocked", fix: fixBlock},
	{code: 41001, class: provider.Configuration, meaning: "the interface is offline", fix: fixBuild},
	{code: 41002, class: provider.Invalid, meaning: "fields are offline", fix: fixBuild},
	{code: 50000, class: provider.Transient, meaning: "system error", fix: fixRetry},
	{code: 50002, class: provider.Transient, meaning: "system time-out", fix: fixRetry},
	{code: 51000, last: 51020, class: provider.Transient, meaning: "an inner service failed (51010 time-out, 51012 pixel service)", fix: fixRetry},
	{code: 51021, class: provider.Throttled, meaning: "too many requests", fix: fixWait},
	{code: 51022, last: 51999, class: provider.Transient, meaning: "an inner service failed (51054 CRM)", fix: fixRetry},
	{code: 52000, last: 52999, class: provider.Transient, meaning: "database error", fix: fixRetry},
	{code: 53102, last: 53103, class: provider.Transient, meaning: "the service could not read or write its own data", fix: fixRetry},
	{code: 60001, class: provider.Transient, meaning: "maintenance", fix: fixRetry},
	{code: 61000, class: provider.Throttled, meaning: "too many requests; on a block list for a while", fix: fixWait},
	{code: 70001, class: provider.Configuration, meaning: "invalid kind of business authorisation", fix: fixApp},
}

// statuses are answers without a code that can be read: they come from an edge.
var statuses = [...]row{
	{code: 401, class: provider.Credentials, meaning: "refused before the API answered", fix: fixToken},
	{code: 408, class: provider.Transient, meaning: "an edge gave up waiting", fix: fixRetry},
	{code: 413, class: provider.Invalid, meaning: "the request is too large; it is halved until it fits", fix: fixEvent},
	{code: 429, class: provider.Throttled, meaning: "too many requests", fix: fixWait},
	{code: 400, last: 499, class: provider.Invalid, meaning: "refused by an edge", fix: fixEvent},
	{code: 500, last: 599, class: provider.Transient, meaning: "gateway or server", fix: fixRetry},
}

// find gives the row of a number in a table; the first that fits.
func find(table []row, n int) (*row, bool) {
	for i := range table {
		if a := &table[i]; n == a.code || a.last != 0 && n >= a.code && n <= a.last {
			return a, true
		}
	}
	return nil, false
}

// errorRows lists every known answer, for Spec and docs.
func errorRows() []provider.ErrorRow {
	rows := make([]provider.ErrorRow, 0, len(answers)+len(statuses))
	for i := range answers {
		rows = append(rows, answers[i].documented(""))
	}
	for i := range statuses {
		rows = append(rows, statuses[i].documented("HTTP "))
	}
	return rows
}

func (a *row) documented(prefix string) provider.ErrorRow {
	return provider.ErrorRow{Code: a.text(prefix), Meaning: a.meaning, Class: a.class, Fix: a.fix}
}

// text is a row's code as docs have it.
func (a *row) text(prefix string) string {
	code := prefix + strconv.Itoa(a.code)
	if a.last != 0 {
		code += "-" + strconv.Itoa(a.last)
	}
	return code
}
