package microsoft

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/reply"
)

// answer is what the API says; unknown members are left alone.
type answer struct {
	Received *int   `json:"eventsReceived"`
	TraceID  string `json:"traceId"`
	Error    *struct {
		Code    string   `json:"code"`
		Message string   `json:"message"`
		Details []detail `json:"details"`
	} `json:"error"`
}

// detail is one complaint. attemptedValue, which may quote an identifier, is not
// read.
type detail struct {
	Index    *int   `json:"index"`
	Property string `json:"propertyName"`
	Message  string `json:"errorMessage"`
	Warning  bool   `json:"isWarning"`
}

// maxWarnings bounds what is kept of an answer.
const maxWarnings = 20

// Classify implements provider.Provider.
func (Provider) Classify(n int, r *provider.Response) provider.Answer {
	a := provider.Answer{WaitMS: reply.RetryAfter(r)}
	var said answer
	err := reply.JSON(r, &said)
	a.RequestID = reply.Text(cmp.Or(said.TraceID, reply.Header(r, "X-Ms-Request-Id")), reply.MaxRequestID)
	var faults []provider.Fault
	whole := false // something is wrong with the request, not with an event
	if err == nil && said.Error != nil {
		a.Code, a.Message = reply.Text(said.Error.Code, 64), reply.Text(said.Error.Message, reply.MaxMessage)
		faults, whole = said.complaints(&a)
	}
	ok := r.Status >= 200 && r.Status < 300
	switch {
	case ok && (err != nil || said.Received == nil):
		a.Class, a.Message = provider.UnknownOutcome, "the answer cannot be read"
	case ok && len(faults) > 0:
		a.Class, a.RestDelivered = provider.Invalid, true
	case ok:
		a.Class = accepted(&a, n, *said.Received)
	case r.Status == 400 && whole:
		a.Class = provider.Configuration
	default:
		a.Class, a.Unmapped = byStatus(r.Status), !documented(r.Status)
		a.Code = cmp.Or(a.Code, "HTTP "+strconv.Itoa(r.Status))
	}
	if a.Class == provider.Invalid {
		reply.Blame(&a, n, faults)
		a.RestDelivered = a.RestDelivered && len(a.Faults) > 0
	}
	return a
}

// ClassifyProbe implements provider.Probed. A probe has no events, and only a good
// token gets as far as hearing that it needs some.
func (p Provider) ClassifyProbe(r *provider.Response) provider.Answer {
	a := p.Classify(0, r)
	if r.Status == 400 && a.Class == provider.Configuration {
		a.Class, a.Code, a.Message = provider.Accepted, "", ""
	}
	return a
}

// complaints sorts what the answer says about members: refused events, warnings,
// and whether the request as a whole is refused.
func (s *answer) complaints(a *provider.Answer) (faults []provider.Fault, whole bool) {
	for _, d := range s.Error.Details {
		text := reply.Text(d.Property+": "+d.Message, reply.MaxMessage)
		switch {
		case d.Warning:
			if len(a.Warnings) < maxWarnings {
				a.Warnings = append(a.Warnings, text)
			}
		case d.Index != nil:
			faults = append(faults, provider.Fault{Index: *d.Index, Code: a.Code, Message: text})
		case d.Property == "data" || d.Property == "dataProvider" || d.Property == "continueOnValidationError":
			whole = true
			a.Message = text
		default:
			if i, ok := indexOf(d.Property); ok {
				faults = append(faults, provider.Fault{Index: i, Code: a.Code, Message: text})
			}
		}
	}
	return faults, whole
}

// indexOf reads the 3 of data[3].eventTime.
func indexOf(property string) (int, bool) {
	rest, ok := strings.CutPrefix(property, "data[")
	digits, _, closed := strings.Cut(rest, "]")
	i, err := strconv.Atoi(digits)
	return i, ok && closed && err == nil
}

func accepted(a *provider.Answer, n, received int) provider.Class {
	if received != n {
		a.Warnings = append(a.Warnings, "Microsoft counted "+strconv.Itoa(received)+" of "+strconv.Itoa(n)+" events")
	}
	if len(a.Warnings) > 0 {
		return provider.AcceptedWithWarnings
	}
	return provider.Accepted
}

// byStatus is what the status says by itself. 403 is an account that is not
// enrolled in the API.
func byStatus(status int) provider.Class {
	if status == 403 {
		return provider.Configuration
	}
	return reply.ByStatus(status)
}

func documented(status int) bool {
	return status == 400 || status == 401 || status == 403 || status == 413 || status == 429 || status >= 500 && status < 600
}

func errorRows() []provider.ErrorRow {
	return []provider.ErrorRow{
		{Code: "200", Meaning: "Microsoft has every event; details that are warnings name members that it dropped", Class: provider.Accepted},
		{Code: "ValidationError", Meaning: "an event is refused, and with it the request: details say which and why", Class: provider.Invalid, Fix: "Read the words on the dead letter, correct the mapping or the producer, then retry it."},
		{Code: "ValidationError", Subcode: "data", Meaning: "the request as a whole is refused", Class: provider.Configuration, Fix: "Report it: Sluice builds the request."},
		{Code: "Unauthorized", Meaning: "the token is not the tag's; a new one needs up to 15 minutes", Class: provider.Credentials, Fix: "Microsoft Advertising > Conversions > UET tags > the tag > Use Conversions API: make a token and put it into the secret file."},
		{Code: "HTTP 403", Meaning: "the account is not enrolled in the Conversions API", Class: provider.Configuration, Fix: "Ask the account's manager at Microsoft Advertising to enrol it."},
		{Code: "HTTP 413", Meaning: "the request is too large; it is halved until it fits", Class: provider.Invalid},
		{Code: "HTTP 429", Meaning: "too many requests; Sluice waits as long as Retry-After says", Class: provider.Throttled},
		{Code: "HTTP 5xx", Meaning: "Microsoft has a problem; Sluice tries again by itself", Class: provider.Transient},
	}
}
