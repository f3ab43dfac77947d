package ga4

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/reply"
)

// verdict is what the debug path says; the other path says nothing.
type verdict struct {
	Messages []message `json:"validationMessages"`
}

type message struct {
	FieldPath   string `json:"fieldPath"`
	Description string `json:"description"`
	Code        string `json:"validationCode"`
}

// longestCode bounds a code, in bytes.
const longestCode = 64

// Classify implements provider.Provider. A success says that the edge has the request,
// and nothing about its contents.
func (Provider) Classify(n int, r *provider.Response) provider.Answer {
	a := provider.Answer{WaitMS: reply.RetryAfter(r)}
	if r.Status >= 200 && r.Status < 300 {
		judged(&a, n, r)
		return a
	}
	a.Class, a.Code, a.Message = byStatus(r.Status), "HTTP "+strconv.Itoa(r.Status), "the answer says nothing else"
	a.Unmapped = r.Status < 400 || r.Status > 599
	// Google asks not to repeat what was answered otherwise than 2xx: an edge that
	// fails may have passed the event on.
	a.Unsure = a.Class == provider.Transient
	if a.Class == provider.Invalid {
		reply.Blame(&a, n, nil)
	}
	return a
}

// judged reads an answer of the debug path, which is what a body with messages is.
func judged(a *provider.Answer, n int, r *provider.Response) {
	var v verdict
	if err := reply.JSON(r, &v); err != nil {
		if bytes.Contains(r.Body, []byte("validationMessages")) {
			a.Class, a.Message, a.Unmapped = provider.UnknownOutcome, "the answer cannot be read", true
		}
		return
	}
	if len(v.Messages) == 0 {
		return
	}
	m, found, known := &v.Messages[0], row{}, false
	for i := range v.Messages {
		// What has to be corrected in the mapping comes first: no event of it can pass.
		if r, is := find(&v.Messages[i]); i == 0 || is && r.class == provider.Configuration && found.class != provider.Configuration {
			m, found, known = &v.Messages[i], r, is
		}
	}
	a.Class, a.Unmapped = found.class, !known
	a.Code, a.Subcode, a.Message = reply.Text(m.Code, longestCode), found.subcode, reply.Text(m.FieldPath+": "+m.Description, reply.MaxMessage)
	if a.Class == provider.Invalid {
		reply.Blame(a, n, faults(v.Messages))
	}
}

// faults are the events that messages name, as far as they do.
func faults(messages []message) []provider.Fault {
	var list []provider.Fault
	for i := range messages {
		m := &messages[i]
		_, rest, ok := strings.Cut(m.Description, "at index: [")
		digits, _, closed := strings.Cut(rest, "]")
		if index, err := strconv.Atoi(digits); ok && closed && err == nil {
			list = append(list, provider.Fault{Index: index, Code: reply.Text(m.Code, longestCode), Message: reply.Text(m.Description, reply.MaxMessage)})
		}
	}
	return list
}

// byStatus is what a status says by itself; Google documents none but 2xx. Who is not
// let through is turned away by something in between, such as a proxy.
func byStatus(status int) provider.Class {
	switch {
	case status == 401, status == 403, status == 407:
		return provider.Credentials
	case status == 408, status == 425, status >= 500 && status < 600:
		return provider.Transient
	case status == 429:
		return provider.Throttled
	case status >= 400 && status < 500:
		return provider.Invalid
	case status >= 300 && status < 400:
		return provider.Configuration
	}
	return provider.UnknownOutcome
}

// row is a documented answer of the debug path.
type row struct {
	code, subcode string
	meaning       string
	class         provider.Class
	fix           string
}

// names is the subcode of messages about the name of an event, which is the mapping's.
const names = "events"

const (
	fixName  = "Give the mapping another provider_event: letters, digits and _, at most 40, none that Google keeps for itself."
	fixEvent = "Read the words on the answer, and correct the mapping or the producer."
)

var messages = []row{
	{"NAME_RESERVED", "", "a name is Google's own", provider.Configuration, fixName},
	{"NAME_INVALID", names, "the name of an event is not valid", provider.Configuration, fixName},
	{"NAME_INVALID", "", "a name is not valid", provider.Invalid, fixEvent},
	{"VALUE_INVALID", "", "a value is not valid", provider.Invalid, fixEvent},
	{"VALUE_REQUIRED", "", "a member is missing", provider.Invalid, fixEvent},
	{"VALUE_OUT_OF_BOUNDS", "", "a value is too large", provider.Invalid, fixEvent},
	{"EXCEEDED_MAX_ENTITIES", "", "too many parameters or events", provider.Invalid, fixEvent},
	{"NAME_DUPLICATED", "", "a name stands twice", provider.Invalid, fixEvent},
	{"INTERNAL_ERROR", "", "a value is of a type that is not taken; undocumented", provider.Invalid, fixEvent},
}

// find gives the row of a message; where there is none, the event is at fault.
func find(m *message) (row, bool) {
	for _, r := range messages {
		if r.code == m.Code && (r.subcode == "" || strings.HasPrefix(m.FieldPath, names) && strings.Contains(m.Description, "invalid name") && !strings.Contains(m.FieldPath, "params")) {
			return r, true
		}
	}
	return row{class: provider.Invalid}, false
}

// errorRows lists the answers for the documentation.
func errorRows() []provider.ErrorRow {
	rows := []provider.ErrorRow{{Code: "2xx", Meaning: "the edge has the request; nothing is said about its contents, the secret or the data stream", Class: provider.Accepted}}
	for _, r := range messages {
		rows = append(rows, provider.ErrorRow{Code: r.code, Subcode: r.subcode, Meaning: r.meaning + " (debug path only)", Class: r.class, Fix: r.fix})
	}
	return append(rows,
		provider.ErrorRow{Code: "HTTP 401", Meaning: "not Google's: something on the way wants a login", Class: provider.Credentials, Fix: "Look for a proxy between the sender and www.google-analytics.com."},
		provider.ErrorRow{Code: "HTTP 403", Meaning: "not documented: the edge, or something on the way, lets nobody through", Class: provider.Credentials, Fix: "Look for a proxy between the sender and www.google-analytics.com."},
		provider.ErrorRow{Code: "HTTP 429", Meaning: "too many requests; not documented", Class: provider.Throttled},
		provider.ErrorRow{Code: "HTTP 400-499", Meaning: "the edge refuses the request, such as for its size; not documented", Class: provider.Invalid, Fix: "Report it: Sluice builds the request."},
		provider.ErrorRow{Code: "HTTP 500-599", Meaning: "the edge fails. A purchase with a transaction id is sent again; anything else ends as provider.outcome_unknown, for a second copy would count", Class: provider.Transient},
	)
}
