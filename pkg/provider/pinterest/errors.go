package pinterest

import (
	"strconv"

	"github.com/sluicehq/sluice/pkg/provider"
)

// What an operator can do, where several rows say the same.
const (
	fixToken   = "Make a new conversion token in Ads Manager (Conversions > Set up API > Generate token) and replace the secret file; delivery resumes by itself."
	fixScope   = "The token lacks the scope ads:write. Make a conversion token in Ads Manager (Conversions > Set up API); it needs no scope."
	fixRole    = "Give the token's owner a role on the ad account (Business Access > Ad accounts > People: Admin, Analyst, Audience or Campaign), or make the token as its owner."
	fixAccount = "Compare ad_account_id with Ads Manager (Business > Ad accounts); it is not the id of a tag."
	fixWait    = "Nothing: Sluice waits as long as Pinterest asks. If it happens often, lower delivery.rate."
	fixEvent   = "Read Pinterest's words on the dead letter, or in Ads Manager (Conversions > Event history). Correct the field at the producer or in the mapping, then retry it."
)

// codeFailed is how a single event's failure is called: Pinterest gives it a
// text and no code.
const codeFailed = "failed"

// row is one documented answer. The status decides first, because code 2 means
// two things.
type row struct {
	status, code int // code 0: any
	class        provider.Class
	meaning, fix string
}

// rows are the answers of the API description, version 5.23.
var rows = [...]row{
	{200, 0, provider.Accepted, "every event was processed; what the answer says of one that was not stands under failed", ""},
	{400, 4196, provider.Invalid, "the request is not valid; nothing is known about single events, so it is halved to find the refused event", fixEvent},
	{401, 2, provider.Credentials, "authentication failed", fixToken},
	{401, 3, provider.Credentials, "the token lacks a scope", fixScope},
	{403, 29, provider.Credentials, "the token's owner may not use this ad account", fixRole},
	{404, 2, provider.Configuration, "there is no such ad account", fixAccount},
	{422, 0, provider.Invalid, "some events were not processed, and the others were; where the answer does not say which, the request is halved", fixEvent},
	{429, 8, provider.Throttled, "too many requests; 5000 a minute and ad account are documented", fixWait},
	{503, 4197, provider.Transient, "the service is ramped down", ""},
}

// find gives the row of a status and code, and whether the code is named there.
func find(status, code int) (*row, bool) {
	for i := range rows {
		if r := &rows[i]; r.status == status && (r.code == code || r.code == 0) {
			return r, true
		}
	}
	return nil, false
}

func errorRows() []provider.ErrorRow {
	out := make([]provider.ErrorRow, 0, len(rows)+8)
	for i := range rows {
		r := &rows[i]
		e := provider.ErrorRow{Code: strconv.Itoa(r.status), Meaning: r.meaning, Class: r.class, Fix: r.fix}
		if r.code != 0 {
			e.Subcode = strconv.Itoa(r.code)
		}
		out = append(out, e)
	}
	return append(out,
		provider.ErrorRow{Code: codeFailed, Meaning: "a single event was not processed; the others of its request were, and are not sent again", Class: provider.Invalid, Fix: fixEvent},
		provider.ErrorRow{Code: "400", Meaning: "as 400/4196", Class: provider.Invalid, Fix: fixEvent},
		provider.ErrorRow{Code: "401", Meaning: "authentication failed", Class: provider.Credentials, Fix: fixToken},
		provider.ErrorRow{Code: "403", Meaning: "not permitted", Class: provider.Credentials, Fix: fixRole},
		provider.ErrorRow{Code: "404", Meaning: "there is no such ad account or path", Class: provider.Configuration, Fix: fixAccount},
		provider.ErrorRow{Code: "413", Meaning: "the request is too large; it is halved until it fits (not documented)", Class: provider.Invalid, Fix: fixEvent},
		provider.ErrorRow{Code: "429", Meaning: "too many requests", Class: provider.Throttled, Fix: fixWait},
		provider.ErrorRow{Code: "5xx", Meaning: "an unexpected error at Pinterest", Class: provider.Transient},
	)
}
