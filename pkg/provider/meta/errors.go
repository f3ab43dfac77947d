package meta

import (
	"slices"
	"strconv"

	"github.com/sluicehq/sluice/pkg/provider"
)

// anySubcode matches every subcode of a code that has no row of its own.
const anySubcode = 0

// answer is one row of the table of answers: a code, or a range of codes up to
// last, and a subcode.
type answer struct {
	code, last, subcode int
	class               provider.Class
	meaning, fix        string
}

// What an operator can do, where several rows say the same.
const (
	fixToken    = "Generate a new access token in Events Manager or for the system user, and replace the secret file; delivery resumes by itself."
	fixAccess   = "Check that dataset_id is right and that the token's owner may use the dataset (Business settings, Data sources, Datasets, People)."
	fixWait     = "Nothing: Sluice waits as long as Meta asks. If it happens often, lower delivery.rate."
	fixProducer = "Correct the field at the producer or in the mapping; the event is in the dead letters with Meta's own words."
)

// answers is what every code and subcode means. Meta's HTTP status is not
// reliable and its error type is OAuthException for nearly everything, so code
// and subcode decide.
var answers = [...]answer{
	{code: 1, class: provider.Transient, meaning: "unknown error at Meta"},
	{code: 1, subcode: 99, class: provider.Transient, meaning: "unknown error, possibly a combination of parameters"},
	{code: 2, class: provider.Transient, meaning: "service temporarily unavailable"},
	{code: 3, class: provider.Configuration, meaning: "unknown method, or the app lacks the capability", fix: fixAccess},
	{code: 4, class: provider.Throttled, meaning: "the app's request limit is reached", fix: fixWait},
	{code: 10, class: provider.Credentials, meaning: "the app lacks permission", fix: fixAccess},
	{code: 17, class: provider.Throttled, meaning: "the user's request limit is reached", fix: fixWait},
	{code: 32, class: provider.Throttled, meaning: "the page's request limit is reached", fix: fixWait},
	{code: 100, class: provider.Invalid, meaning: "invalid parameter", fix: fixProducer},
	{code: 100, subcode: 33, class: provider.Configuration, meaning: "the dataset does not exist, or the token may not use it", fix: fixAccess},
	{code: 100, subcode: 34, class: provider.Configuration, meaning: "invalid object", fix: fixAccess},
	{code: 100, subcode: 38, class: provider.Configuration, meaning: "invalid request", fix: fixAccess},
	{code: 100, subcode: 2804001, class: provider.Invalid, meaning: "fbc is not formatted correctly", fix: fixProducer},
	{code: 100, subcode: 2804003, class: provider.Invalid, meaning: "the event is older than 7 days", fix: fixProducer},
	{code: 100, subcode: 2804004, class: provider.Invalid, meaning: "the event lies in the future", fix: "Check the producer's clock."},
	{code: 100, subcode: 2804007, class: provider.Invalid, meaning: "refused; Meta does not say what it means", fix: fixProducer},
	{code: 100, subcode: 2804008, class: provider.Invalid, meaning: "an entry of contents is invalid or has no id", fix: fixProducer},
	{code: 100, subcode: 2804009, class: provider.Invalid, meaning: "a Purchase without value", fix: fixProducer},
	{code: 100, subcode: 2804010, class: provider.Invalid, meaning: "a Purchase without currency", fix: fixProducer},
	{code: 100, subcode: 2804016, class: provider.Invalid, meaning: "customer information is not hashed", fix: fixProducer},
	{code: 100, subcode: 2804017, class: provider.Invalid, meaning: "refused; Meta does not say what it means", fix: fixProducer},
	{code: 100, subcode: 2804019, class: provider.Invalid, meaning: "a parameter is missing or invalid", fix: fixProducer},
	{code: 100, subcode: 2804023, class: provider.Invalid, meaning: "a value without a valid currency", fix: fixProducer},
	{code: 100, subcode: 2804030, class: provider.Invalid, meaning: "data processing options must be chosen", fix: "Choose Limited Data Use for the dataset in Events Manager."},
	{code: 100, subcode: 2804043, class: provider.Invalid, meaning: "extinfo has no OS version", fix: fixProducer},
	{code: 100, subcode: 2804048, class: provider.Invalid, meaning: "refused; Meta does not say what it means", fix: fixProducer},
	{code: 100, subcode: 2804050, class: provider.Invalid, meaning: "not enough customer information", fix: fixProducer},
	{code: 100, subcode: 2804066, class: provider.Invalid, meaning: "event name not permitted for business messaging", fix: "Map the event to one of the business messaging names."},
	{code: 100, subcode: 2804069, class: provider.Invalid, meaning: "messenger event without page_id", fix: fixProducer},
	{code: 100, subcode: 2804079, class: provider.Invalid, meaning: "Instagram event without ig_account_id", fix: fixProducer},
	{code: 100, subcode: 2804087, class: provider.Invalid, meaning: "invalid ctwa_clid", fix: fixProducer},
	{code: 100, subcode: 2804116, class: provider.Invalid, meaning: "WhatsApp event without page_id or WhatsApp Business account", fix: fixProducer},
	{code: 100, subcode: 2804132, class: provider.Configuration, meaning: "the dataset is not linked to the WhatsApp Business account", fix: "Link them in WhatsApp Manager or Events Manager."},
	{code: 102, class: provider.Credentials, meaning: "session key invalid", fix: fixToken},
	{code: 104, class: provider.Credentials, meaning: "signature wrong, or appsecret_proof is required", fix: "Put the app's secret into the secret file as app_secret; it must belong to the token's app."},
	{code: 105, class: provider.Invalid, meaning: "too many parameters"},
	{code: 190, class: provider.Credentials, meaning: "access token invalid", fix: fixToken},
	{code: 190, subcode: 452, class: provider.Credentials, meaning: "session does not match", fix: fixToken},
	{code: 190, subcode: 458, class: provider.Credentials, meaning: "the app was removed by the token's owner", fix: fixToken},
	{code: 190, subcode: 459, class: provider.Credentials, meaning: "the token's owner must log in and pass a check", fix: fixToken},
	{code: 190, subcode: 460, class: provider.Credentials, meaning: "the token's owner changed their password", fix: fixToken},
	{code: 190, subcode: 463, class: provider.Credentials, meaning: "the token has expired", fix: fixToken},
	{code: 190, subcode: 464, class: provider.Credentials, meaning: "the token's owner is not confirmed", fix: fixToken},
	{code: 190, subcode: 467, class: provider.Credentials, meaning: "the token was invalidated", fix: fixToken},
	{code: 190, subcode: 490, class: provider.Credentials, meaning: "access token invalid", fix: fixToken},
	{code: 190, subcode: 492, class: provider.Credentials, meaning: "the session is invalid", fix: fixToken},
	{code: 200, last: 299, class: provider.Credentials, meaning: "permission denied", fix: fixAccess},
	{code: 294, class: provider.Credentials, meaning: "the token lacks ads_management", fix: fixAccess},
	{code: 341, class: provider.Throttled, meaning: "the app's temporary limit is reached", fix: fixWait},
	{code: 368, class: provider.Throttled, meaning: "temporarily blocked because of a policy violation", fix: "Look at Account Quality in Business settings; Sluice waits an hour at least."},
	{code: 506, class: provider.Invalid, meaning: "duplicate post"},
	{code: 613, class: provider.Throttled, meaning: "a custom rate limit is reached", fix: fixWait},
	{code: 613, subcode: 1487742, class: provider.Throttled, meaning: "too many calls", fix: fixWait},
	{code: 613, subcode: 5044001, class: provider.Throttled, meaning: "too many calls", fix: fixWait},
	{code: 803, class: provider.Configuration, meaning: "an id in the request does not exist", fix: fixAccess},
	{code: 2500, class: provider.Configuration, meaning: "bad path or missing node", fix: fixAccess},
	{code: 5000, class: provider.Transient, meaning: "unknown error at Meta"},
	{code: 21009, class: provider.Transient, meaning: "the data set upload is temporarily not ready"},
	{code: 80000, last: 80014, class: provider.Throttled, meaning: "the business' request limit is reached", fix: fixWait},
	{code: 4, subcode: 1504022, class: provider.Throttled, meaning: "the app's request limit is reached", fix: fixWait},
	{code: 4, subcode: 1504039, class: provider.Throttled, meaning: "the app's request limit is reached", fix: fixWait},
	{code: 17, subcode: 2446079, class: provider.Throttled, meaning: "the ad account's request limit is reached", fix: fixWait},
}

// statuses are answers without an error object that can be read.
var statuses = [...]answer{
	{code: 401, class: provider.Credentials, meaning: "refused before Meta's application answered", fix: fixToken},
	{code: 404, class: provider.Configuration, meaning: "wrong path or API version", fix: "Check meta.api_version."},
	{code: 413, class: provider.Invalid, meaning: "request too large; it is split"},
	{code: 429, class: provider.Throttled, meaning: "too many requests", fix: fixWait},
	{code: 500, last: 599, class: provider.Transient, meaning: "server error, or an edge's error page"},
}

// find gives the row for a code and subcode: the exact one, else the code's own
// row, else a range's.
func find(code, subcode int) (answer, bool) {
	var best answer
	found := false
	for _, a := range answers {
		if a.last != 0 {
			if !found && code >= a.code && code <= a.last {
				best, found = a, true
			}
			continue
		}
		if a.code != code || a.subcode != anySubcode && a.subcode != subcode {
			continue
		}
		if a.subcode == subcode && subcode != anySubcode {
			return a, true
		}
		best, found = a, true
	}
	return best, found
}

// findStatus gives the row for an HTTP status.
func findStatus(status int) (answer, bool) {
	for _, a := range statuses {
		if status == a.code || a.last != 0 && status >= a.code && status <= a.last {
			return a, true
		}
	}
	return answer{}, false
}

// Errors lists every known answer, for the documentation.
func Errors() []provider.ErrorRow {
	rows := make([]provider.ErrorRow, 0, len(answers)+len(statuses))
	sorted := slices.Clone(answers[:])
	slices.SortStableFunc(sorted, func(a, b answer) int {
		if a.code != b.code {
			return a.code - b.code
		}
		return a.subcode - b.subcode
	})
	for _, a := range sorted {
		rows = append(rows, a.row(""))
	}
	for _, a := range statuses {
		rows = append(rows, a.row("HTTP "))
	}
	return rows
}

// row writes an answer for the documentation.
func (a answer) row(prefix string) provider.ErrorRow {
	code := prefix + strconv.Itoa(a.code)
	if a.last != 0 {
		code += "-" + strconv.Itoa(a.last)
	}
	subcode := ""
	if a.subcode != anySubcode {
		subcode = strconv.Itoa(a.subcode)
	}
	return provider.ErrorRow{Code: code, Subcode: subcode, Meaning: a.meaning, Class: a.class, Fix: a.fix}
}
