package x

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/reply"
)

// body is what an answer may say.
type body struct {
	Data *struct {
		Processed *int   `json:"conversions_processed"`
		DebugID   string `json:"debug_id"`
	} `json:"data"`
	Errors []problem `json:"errors"`
}

// problem is one error. X lists those of all conversions, and does not say whose
// each is, unless the parameter has an index.
type problem struct {
	Code      string          `json:"code"`
	Message   string          `json:"message"`
	Parameter json.RawMessage `json:"parameter"`
}

// Classify implements provider.Provider. The code of an error decides, then the
// status.
func (p *Provider) Classify(n int, r *provider.Response) provider.Answer {
	wait, usage := limits(r)
	a := provider.Answer{
		WaitMS: max(wait, reply.RetryAfter(r)), Usage: usage,
		RequestID: reply.Text(reply.Header(r, "X-Transaction-Id"), reply.MaxRequestID),
	}
	var said body
	readable := reply.JSON(r, &said) == nil
	if said.Data != nil && said.Data.DebugID != "" {
		a.RequestID = reply.Text(said.Data.DebugID, reply.MaxRequestID)
	}
	switch {
	case readable && len(said.Errors) > 0:
		refused(&a, n, r.Status, said.Errors)
	case r.Status >= 200 && r.Status <= 299:
		taken(&a, n, r, &said, readable)
	default:
		bare(&a, n, r.Status)
	}
	return a
}

// taken reads an answer that says success.
func taken(a *provider.Answer, n int, r *provider.Response, said *body, readable bool) {
	if !readable || said.Data == nil || said.Data.Processed == nil {
		// It may have been stored or not: nothing in it says.
		a.Class, a.Code, a.Message, a.Unmapped = provider.UnknownOutcome, strconv.Itoa(r.Status), "the answer cannot be read", true
		return
	}
	if got := *said.Data.Processed; got != n {
		a.Warnings = append(a.Warnings, "X processed "+strconv.Itoa(got)+" of "+strconv.Itoa(n)+" conversions")
	}
	if warning := reply.Text(reply.Header(r, "X-Api-Warn"), reply.MaxMessage); warning != "" {
		a.Warnings = append(a.Warnings, warning)
	}
	a.Class = provider.Accepted
	if len(a.Warnings) > 0 {
		a.Class = provider.AcceptedWithWarnings
	}
}

// severity orders the classes of several errors: what concerns the whole request
// counts before what concerns single events.
var severity = map[provider.Class]int{provider.Credentials: 5, provider.Configuration: 4, provider.Throttled: 3, provider.Transient: 2, provider.Invalid: 1}

// refused reads the errors of an answer.
func refused(a *provider.Answer, n, status int, problems []problem) {
	var faults []provider.Fault
	split := false
	for i := range problems {
		p := &problems[i]
		found, known := find(p.Code, p.Message)
		if !known {
			found, known = find(strconv.Itoa(status), "")
			found.code = strconv.Itoa(status)
			if !known {
				found.class = byStatus(status)
			}
			known = false
		}
		message := reply.Text(p.Message, reply.MaxMessage)
		if i == 0 || severity[found.class] > severity[a.Class] {
			a.Class, a.Unmapped = found.class, !known
			a.Code, a.Message = cmp.Or(reply.Text(p.Code, longestCode), found.code), message
		}
		split = split || found.code == tooMany || found.code == "REQUEST_TOO_COMPLEX"
		if index, named := indexOf(p.Parameter); named && found.class == provider.Invalid {
			faults = append(faults, provider.Fault{Index: index, Code: a.Code, Message: message})
		}
	}
	if a.Class == provider.Invalid {
		if split {
			faults = nil
		}
		reply.Blame(a, n, faults)
	}
}

// longestCode bounds a code, in bytes.
const longestCode = 64

// byStatus judges a status that is in no table.
func byStatus(status int) provider.Class {
	if status >= 400 && status <= 499 {
		return provider.Invalid
	}
	return provider.Transient
}

// bare reads an answer without errors: the page of an edge or a proxy, which comes
// with any status and says nothing about the events. Only what no proxy says by
// itself counts.
func bare(a *provider.Answer, n, status int) {
	a.Code, a.Message = strconv.Itoa(status), "no errors in the answer"
	switch status {
	case 401, 404, 413, 423, 429, 500, 502, 503, 504:
		found, _ := find(a.Code, "")
		a.Class = found.class
	default:
		a.Class, a.Unmapped = provider.Transient, true
	}
	if a.Class == provider.Invalid {
		reply.Blame(a, n, nil)
	}
}

// indexOf reads the index of a parameter such as conversions[1].hashed_email. It is
// documented nowhere.
func indexOf(raw json.RawMessage) (int, bool) {
	var parameter string
	if json.Unmarshal(raw, &parameter) != nil {
		return 0, false
	}
	_, rest, ok := strings.Cut(parameter, "conversions[")
	digits, _, closed := strings.Cut(rest, "]")
	i, err := strconv.Atoi(digits)
	return i, ok && closed && err == nil
}

// limits reads the headers of both limits: how long to wait where one is used up, and
// the share of the fuller one in percent.
func limits(r *provider.Response) (waitMS int64, usage float64) {
	for _, family := range [...]string{"X-Rate-Limit-", "X-Account-Rate-Limit-"} {
		limit, errLimit := strconv.ParseFloat(reply.Header(r, family+"Limit"), 64)
		remaining, errRemaining := strconv.ParseFloat(reply.Header(r, family+"Remaining"), 64)
		if errLimit == nil && errRemaining == nil && limit > 0 && remaining >= 0 {
			usage = max(usage, min(max((limit-remaining)/limit*100, 0), 100))
		}
		reset, err := strconv.ParseFloat(reply.Header(r, family+"Reset"), 64) // epoch seconds
		if err == nil && (errRemaining != nil || remaining <= 0) && r.Status == 429 {
			waitMS = max(waitMS, reply.Wait(reset*1000-float64(r.Now)))
		}
	}
	return waitMS, usage
}
