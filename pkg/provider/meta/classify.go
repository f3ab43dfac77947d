package meta

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/reply"
)

const (
	codePolicyBlock  = 368
	codeInvalidParam = 100
	statusTooLarge   = 413
	// policyPause is the least pause after a policy block.
	policyPause = hour
	// maxWarnings bounds what is kept of an answer's messages.
	maxWarnings = 20
)

// Classify implements provider.Provider. The error's code and subcode decide
// first, then is_transient, then the HTTP status.
func (Provider) Classify(n int, r *provider.Response) provider.Answer {
	wait, usage := waiting(r)
	a := provider.Answer{WaitMS: wait, Usage: usage}
	if r.Header != nil {
		a.RequestID = clip(r.Header("X-Fb-Trace-Id"))
	}
	e, readable := readEnvelope(r.Body)
	if r.Truncated {
		readable = false
	}
	if e.TraceID != "" {
		a.RequestID = clip(e.TraceID)
	}
	switch {
	case readable && e.Error != nil:
		classifyError(&a, n, r.Status, e.Error)
	case r.Status >= 200 && r.Status < 300:
		classifySuccess(&a, n, &e, readable)
	default:
		classifyStatus(&a, n, r)
	}
	return a
}

// clip bounds a request id, which is shown as it is.
func clip(s string) string {
	if s = identity.Redact(s); len(s) > 128 {
		return s[:128]
	}
	return s
}

// classifySuccess reads an answer without an error: accepted as a whole, or
// accepted with something to tell. It is never sent again, because Meta does
// not promise to recognise a second copy; only an answer that cannot be read
// leaves the outcome open.
func classifySuccess(a *provider.Answer, n int, e *envelope, readable bool) {
	if !readable || e.EventsReceived == nil {
		a.Class = provider.UnknownOutcome
		a.Message = "the answer cannot be read"
		return
	}
	if got := int(*e.EventsReceived); got != n {
		a.Warnings = append(a.Warnings, "Meta counted "+strconv.Itoa(got)+" of "+strconv.Itoa(n)+" events")
	}
	for _, m := range e.Messages {
		if len(a.Warnings) == maxWarnings {
			break
		}
		a.Warnings = append(a.Warnings, identity.Redact(strings.Trim(string(m), `"`)))
	}
	a.Class = provider.Accepted
	if len(a.Warnings) > 0 {
		a.Class = provider.AcceptedWithWarnings
	}
}

func classifyError(a *provider.Answer, n, status int, e *apiError) {
	if e.TraceID != "" {
		a.RequestID = clip(e.TraceID)
	}
	code, subcode := int(e.Code), int(e.Subcode)
	a.Code = strconv.Itoa(code)
	if subcode != 0 {
		a.Subcode = strconv.Itoa(subcode)
	}
	a.Message = identity.Redact(e.text())
	row, known := find(code, subcode)
	switch {
	case known && row.class == provider.Throttled:
		a.Class = provider.Throttled
	case status == statusTooLarge:
		// With it comes the code of an unknown error, but the same bytes never
		// become smaller: an outage would be seen where one event is too large.
		a.Class = provider.Invalid
	case bool(e.Transient):
		a.Class = provider.Transient
	case code == codeInvalidParam && strings.Contains(strings.ToLower(e.Message+e.UserText), "appsecret_proof"):
		a.Class = provider.Credentials
	case known:
		a.Class = row.class
	default:
		classifyUnknown(a, status)
	}
	if code == codePolicyBlock {
		a.WaitMS = max(a.WaitMS, policyPause)
	}
	if a.Class == provider.Invalid {
		addFaults(a, n, e.indices(n))
	}
}

// classifyUnknown judges an error object whose code is in no table.
func classifyUnknown(a *provider.Answer, status int) {
	a.Unmapped = true
	switch {
	case status >= 500:
		a.Class = provider.Transient
	case status == 429:
		a.Class = provider.Throttled
	case status == 401:
		a.Class = provider.Credentials
	default:
		a.Class = provider.Invalid
	}
}

// addFaults names the refused events. A request of one event has one culprit.
func addFaults(a *provider.Answer, n int, indices []int) {
	if n == 1 {
		indices = []int{0}
	}
	code := a.Code
	if a.Subcode != "" {
		code += "/" + a.Subcode
	}
	for _, i := range indices {
		a.Faults = append(a.Faults, provider.Fault{Index: i, Code: code, Message: a.Message})
	}
}

// classifyStatus reads an answer without an error object: an edge's page, an
// empty or cut body.
func classifyStatus(a *provider.Answer, n int, r *provider.Response) {
	a.Code = "HTTP " + strconv.Itoa(r.Status)
	a.Message = "no error object in the answer"
	if row, known := findStatus(r.Status); known {
		a.Class = row.class
	} else {
		// An error page of a proxy on the way comes with any status; it says
		// nothing about the events.
		a.Class, a.Unmapped = provider.Transient, true
	}
	if a.Class == provider.Invalid && n == 1 {
		a.Faults = []provider.Fault{{Index: 0, Code: a.Code, Message: a.Message}}
	}
}

// waiting reads how long Meta asks to wait and the highest usage that it
// reports, in percent, from the headers of an answer. Headers that cannot be
// read say nothing.
func waiting(r *provider.Response) (waitMS int64, usage float64) {
	if r.Header == nil {
		return 0, 0
	}
	waitMS = reply.RetryAfter(r)
	var business map[string][]usageEntry
	if json.Unmarshal([]byte(r.Header("X-Business-Use-Case-Usage")), &business) == nil {
		for _, list := range business {
			for _, e := range list {
				usage = max(usage, e.highest())
				waitMS = max(waitMS, minutes(e.RegainMinutes))
			}
		}
	}
	var app usageEntry
	if json.Unmarshal([]byte(r.Header("X-App-Usage")), &app) == nil {
		usage = max(usage, app.highest())
		waitMS = max(waitMS, minutes(app.RegainMinutes))
	}
	var account struct {
		Percent float64 `json:"acc_id_util_pct"`
		Reset   float64 `json:"reset_time_duration"` // seconds
	}
	if json.Unmarshal([]byte(r.Header("X-Ad-Account-Usage")), &account) == nil {
		usage = max(usage, account.Percent)
		if account.Percent >= 100 {
			waitMS = max(waitMS, reply.Wait(account.Reset*1000))
		}
	}
	return waitMS, usage
}

type usageEntry struct {
	Calls         float64 `json:"call_count"`
	CPU           float64 `json:"total_cputime"`
	Time          float64 `json:"total_time"`
	RegainMinutes float64 `json:"estimated_time_to_regain_access"`
}

func (e usageEntry) highest() float64 { return max(e.Calls, e.CPU, e.Time) }

func minutes(m float64) int64 { return reply.Wait(m * 60_000) }
