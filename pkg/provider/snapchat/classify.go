package snapchat

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/reply"
)

// row is one documented answer; last closes a range of status codes.
type row struct {
	first, last  int
	class        provider.Class
	meaning, fix string
}

// What an operator can do, where several rows say the same.
const (
	fixToken = "Ads Manager > Business Details > Conversions API tokens: generate a token, and put it into the secret file as access_token. Delivery resumes by itself."
	fixAsset = "Ads Manager > Events Manager: compare the id with account.pixel_id or account.snap_app_id. The token must be of the organisation that owns it."
	fixEvent = "Correct the field at the producer or in the mapping; Ads Manager > Events Manager > Test events, or `sluice test-event`, shows what Snapchat says of such an event."
	fixWait  = "Nothing: Sluice waits. If it happens often, lower delivery.rate."
	fixRetry = "Nothing: Sluice tries again by itself. If it lasts, look at Snapchat's status page."
)

// statuses is every HTTP status that has a meaning here.
var statuses = [...]row{
	{400, 400, provider.Invalid, "a malformed request or event", fixEvent},
	{401, 401, provider.Credentials, "the token is missing or wrong", fixToken},
	{403, 403, provider.Credentials, "the token's organisation does not own the pixel or app", fixAsset},
	{404, 404, provider.Configuration, "wrong pixel or app id, or path", fixAsset},
	{408, 408, provider.Transient, "an edge gave up waiting", fixRetry},
	{413, 413, provider.Invalid, "the request is too large; it is halved until it fits", fixEvent},
	{429, 429, provider.Throttled, "too many requests", fixWait},
	{500, 599, provider.Transient, "server or gateway", fixRetry},
}

// maxCode is beyond every code of validation that was seen.
const maxCode = 999_999

// errorRows lists every known answer, for Spec and docs.
func errorRows() []provider.ErrorRow {
	rows := []provider.ErrorRow{
		{Code: "VALID", Meaning: "all events are well-formed", Class: provider.Accepted},
		{Code: "SUCCESS", Meaning: "as VALID, of an older service", Class: provider.Accepted},
		{Code: "INVALID", Meaning: "at least one event is refused, and with it the request", Class: provider.Invalid, Fix: fixEvent},
		{Code: "1-" + strconv.Itoa(maxCode), Meaning: "a code of the validation of events; Snapchat publishes no list of them", Class: provider.Invalid, Fix: fixEvent},
	}
	for _, s := range statuses {
		code := "HTTP " + strconv.Itoa(s.first)
		if s.last > s.first {
			code += "-" + strconv.Itoa(s.last)
		}
		rows = append(rows, provider.ErrorRow{Code: code, Meaning: s.meaning, Class: s.class, Fix: s.fix})
	}
	return rows
}

func find(status int) (*row, bool) {
	for i := range statuses {
		if s := &statuses[i]; status >= s.first && status <= s.last {
			return s, true
		}
	}
	return nil, false
}

// envelope is the body of an answer: of the production path with one event, of the
// validate path with a log of each.
type envelope struct {
	Status string          `json:"status"`
	Event  *int            `json:"event"`
	Reason string          `json:"reason"`
	Errors *problemList    `json:"errors"`
	Logs   []eventLog      `json:"event_logs"`
	Stats  json.RawMessage `json:"stats"`
}

type eventLog struct {
	Event    *int              `json:"event"`
	Status   string            `json:"status"`
	Errors   *problemList      `json:"errors"`
	Warnings []json.RawMessage `json:"warnings"`
}

// problemList is what is wrong. Its messages may repeat values of the event, so
// that only its codes are read.
type problemList struct {
	Codes []string `json:"codes"`
}

// Classify implements provider.Provider. The status line decides, but for 200 and
// 400, where the word in the body does. A probe asks for statistics (n is 0).
func (Provider) Classify(n int, r *provider.Response) provider.Answer {
	a := provider.Answer{WaitMS: reply.RetryAfter(r)}
	for _, name := range [...]string{"X-Snap-Request-ID", "X-Request-ID"} {
		if a.RequestID == "" {
			a.RequestID = reply.Text(reply.Header(r, name), reply.MaxRequestID)
		}
	}
	var e envelope
	readable := reply.JSON(r, &e) == nil
	success := r.Status >= 200 && r.Status < 300
	switch word := strings.ToUpper(e.Status); {
	case success && readable && (word == "VALID" || word == "SUCCESS" || n == 0 && len(e.Stats) > 0):
		a.Class = provider.Accepted
		if a.Warnings = warnings(e.Logs); len(a.Warnings) > 0 {
			a.Class = provider.AcceptedWithWarnings
		}
	case readable && word == "INVALID" && (success || r.Status == 400):
		a.Class = provider.Invalid
		a.Code, a.Message = e.code(), e.words()
		reply.Blame(&a, n, e.faults(&a))
	default:
		byStatus(&a, n, r.Status, &e)
	}
	return a
}

// byStatus judges an answer by its status line.
func byStatus(a *provider.Answer, n, status int, e *envelope) {
	a.Code, a.Message = "HTTP "+strconv.Itoa(status), e.words()
	row, known := find(status)
	if !known {
		a.Class, a.Unmapped = reply.ByStatus(status), true
	} else {
		a.Class = row.class
	}
	if a.Class == provider.Invalid {
		reply.Blame(a, n, nil)
	}
}

// maxWarnings bounds what is kept of an answer.
const maxWarnings = 20

// warnings says which events were taken with something to tell, without repeating
// it: it may hold values.
func warnings(logs []eventLog) []string {
	var list []string
	for _, l := range logs {
		if len(l.Warnings) == 0 || len(list) == maxWarnings {
			continue
		}
		at := "an event"
		if l.Event != nil {
			at = "event " + strconv.Itoa(*l.Event)
		}
		list = append(list, at+" of the request has warnings; Events Manager shows them")
	}
	return list
}

// code is the first code of validation, else the word INVALID.
func (e *envelope) code() string {
	for _, list := range append([]*problemList{e.Errors}, e.lists()...) {
		if list != nil && len(list.Codes) > 0 {
			return reply.Text(list.Codes[0], maxCodeText)
		}
	}
	return "INVALID"
}

const maxCodeText = 32

func (e *envelope) lists() []*problemList {
	out := make([]*problemList, 0, len(e.Logs))
	for i := range e.Logs {
		out = append(out, e.Logs[i].Errors)
	}
	return out
}

// words is Snapchat's reason, redacted. Messages of single events are not among it.
func (e *envelope) words() string { return reply.Text(e.Reason, reply.MaxMessage) }

// faults are the events that an answer names, counted from 1: a sender that reads
// Snapchat's answers drops 0 (social-hub). One outside the request says that it is
// not so, and nothing of it is believed.
func (e *envelope) faults(a *provider.Answer) []provider.Fault {
	var out []provider.Fault
	if e.Event != nil {
		out = append(out, provider.Fault{Index: *e.Event - 1, Code: a.Code, Message: a.Message})
	}
	for i := range e.Logs {
		l := &e.Logs[i]
		if l.Event == nil || strings.EqualFold(l.Status, "VALID") {
			continue
		}
		f := provider.Fault{Index: *l.Event - 1, Code: a.Code, Message: a.Message}
		if l.Errors != nil && len(l.Errors.Codes) > 0 {
			f.Code = reply.Text(l.Errors.Codes[0], maxCodeText)
		}
		out = append(out, f)
	}
	return out
}
