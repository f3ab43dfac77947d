package google

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/reply"
)

// maxWarnings bounds what is kept of an answer in which everything is odd.
const maxWarnings = 100

// answerBody is the union of a success and an error. Unknown members are left
// alone: the API grows without a new version.
type answerBody struct {
	RequestID string        `json:"requestId"`
	Warnings  []fieldReason `json:"fieldWarnings"`
	Error     *errorBody    `json:"error"`
}

type errorBody struct {
	Code    int           `json:"code"`
	Message string        `json:"message"`
	Status  string        `json:"status"`
	Details []errorDetail `json:"details"`
}

// errorDetail is the union of the google.rpc messages that occur.
type errorDetail struct {
	Reason     string            `json:"reason"`
	Metadata   map[string]string `json:"metadata"`
	RequestID  string            `json:"requestId"`
	Violations []fieldReason     `json:"fieldViolations"`
	RetryDelay string            `json:"retryDelay"`
}

type fieldReason struct {
	Field       string `json:"field"`
	Description string `json:"description"`
	Reason      string `json:"reason"`
}

// Classify reads the answer to a request of n events. It is total: whatever
// the bytes are, there is a class.
func (p *Provider) Classify(n int, r *provider.Response) provider.Answer {
	var body answerBody
	err := json.Unmarshal(r.Body, &body)
	readable := (err == nil || lenient(err)) && !r.Truncated
	ok := r.Status >= 200 && r.Status < 300
	switch {
	case body.Error != nil && ok && body.Error.Code < 400:
		body.Error.Code = 500 // an error inside a success that does not say which
		fallthrough
	case body.Error != nil:
		return failure(n, r, body.Error)
	case ok && (!readable || body.RequestID == ""):
		return provider.Answer{Class: provider.UnknownOutcome, Message: "the answer cannot be read"}
	case ok:
		return success(&body)
	}
	return failure(n, r, &errorBody{})
}

// lenient reports whether err only means that a member had another type than
// expected: the others were read.
func lenient(err error) bool {
	var mismatch *json.UnmarshalTypeError
	return errors.As(err, &mismatch)
}

func success(body *answerBody) provider.Answer {
	a := provider.Answer{Class: provider.Accepted, RequestID: safeCode(body.RequestID)}
	for i, w := range body.Warnings {
		if i == maxWarnings {
			break
		}
		a.Class = provider.AcceptedWithWarnings
		a.Warnings = append(a.Warnings, identity.Redact(strings.TrimSpace(w.Reason+" "+w.Field+": "+w.Description)))
	}
	return a
}

// failure decides in this order: the HTTP code where it leaves no doubt, field
// violations, the reason, the status.
func failure(n int, r *provider.Response, body *errorBody) provider.Answer {
	code := r.Status
	if code < 400 && body.Code >= 400 {
		code = body.Code
	}
	a := provider.Answer{Message: identity.Redact(body.Message)}
	var violations []fieldReason
	var reason string
	var delay string
	for _, d := range body.Details {
		violations = append(violations, d.Violations...)
		reason = cmp.Or(reason, d.Reason)
		delay = cmp.Or(delay, d.RetryDelay)
		a.RequestID = cmp.Or(a.RequestID, safeCode(d.RequestID), safeCode(d.Metadata["requestId"]))
	}
	status, known := statusNamed(body.Status, code)
	row, named := reasonNamed(reason)
	a.Code, a.Subcode = safeCode(cmp.Or(reason, body.Status)), safeCode(body.Status)
	if a.Code == a.Subcode {
		a.Subcode = ""
	}
	a.WaitMS = waitOf(r, delay)
	switch {
	case code == 429:
		a.Class = provider.Throttled
	case code == 401:
		a.Class = provider.Credentials
	case len(violations) > 0 && code < 500:
		readViolations(&a, n, violations)
	case named && row.class == classThrottle:
		a.Class = provider.Throttled
	case code >= 500:
		a.Class, a.Unmapped = provider.Transient, !known
		if known && code == status.http {
			a.Class = status.class
		}
	case named && row.class != byStatus && row.class != classNotApplicable && row.class != classStatusCall:
		a.Class = row.class.provider()
	case known:
		a.Class, a.Unmapped = status.class, body.Status == "" && code == 400
	case code >= 400:
		a.Class, a.Unmapped = provider.Invalid, true
	default: // a redirect, or no HTTP answer at all
		a.Class, a.Unmapped = provider.Transient, true
	}
	a.Unmapped = a.Unmapped || reason != "" && !named
	return a
}

// readViolations finds out whom the violations blame: single events by their
// index, the destination, or nobody in particular, which means bisecting.
func readViolations(a *provider.Answer, n int, violations []fieldReason) {
	a.Class = provider.Invalid
	first := violations[0]
	blamed := make([]bool, n)
	config, destination := 0, false
	for _, v := range violations {
		row, known := reasonNamed(v.Reason)
		a.Unmapped = a.Unmapped || v.Reason != "" && !known
		if strings.HasPrefix(v.Field, "destinations") {
			first, destination = v, true
			break
		}
		index, ok := eventIndex(v.Field, n)
		if !ok || blamed[index] {
			continue
		}
		blamed[index] = true
		if row.class == classConfig {
			config++
		}
		a.Faults = append(a.Faults, provider.Fault{
			Index: index, Code: safeCode(v.Reason), Message: identity.Redact(v.Field + ": " + v.Description),
		})
	}
	// A reason that is the account's fault, given for every event, is not the
	// events' fault.
	if destination || config == n && n > 0 {
		a.Class, a.Faults = provider.Configuration, nil
	}
	slices.SortFunc(a.Faults, func(x, y provider.Fault) int { return x.Index - y.Index })
	a.Code = cmp.Or(safeCode(first.Reason), a.Code)
	a.Message = identity.Redact(first.Field + ": " + first.Description)
}

// eventIndex reads 17 out of events.events[17].user_data. The JSON reader's
// own errors call the list events.
func eventIndex(field string, n int) (int, bool) {
	rest, found := strings.CutPrefix(field, "events.events[")
	if !found {
		rest, found = strings.CutPrefix(field, "events[")
	}
	digits, _, closed := strings.Cut(rest, "]")
	index, err := strconv.Atoi(digits)
	return index, found && closed && err == nil && index >= 0 && index < n
}

// waitOf reads Retry-After, in seconds or as a date, else the delay of a
// RetryInfo such as 3.5s.
func waitOf(r *provider.Response, delay string) int64 {
	if wait := reply.RetryAfter(r); wait > 0 {
		return wait
	}
	d, err := time.ParseDuration(delay)
	if err != nil {
		return 0
	}
	return reply.Wait(float64(d.Milliseconds()))
}

// safeCode keeps what an error code or request id is made of, so that nothing
// else can travel in their place.
func safeCode(s string) string {
	const most = 128
	if len(s) > most {
		return ""
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.') {
			return ""
		}
	}
	return s
}
