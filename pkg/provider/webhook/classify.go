package webhook

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

const (
	fixReceiver = "Look into the receiver's log under the webhook-id or its own request id; Sluice tries again by itself."
	fixAddress  = "Correct account.url, or the receiver's routes; deliveries are parked until then."
	fixKey      = "Compare the signing key in the secret file with the receiver's, and both clocks: a timestamp older than the receiver's tolerance is refused too."
	fixEvent    = "Read the receiver's words on the dead letter. Correct the event at the producer, the mapping, or the receiver, then retry it."
)

// answers is every answer that has a meaning here; the first match counts.
// What is in none of them is judged by its hundred and counted as unmapped.
var answers = [...]row{
	{200, 299, provider.Accepted, "the receiver has every event of the request; its body is not read", ""},
	{300, 399, provider.Configuration, "a redirect; it is never followed, because the host was allowed and another was not", "Write the final address into account.url."},
	{400, 400, provider.Invalid, "the receiver took nothing, because of the events that errors names; without errors the request is halved to find them", fixEvent},
	{401, 401, provider.Credentials, "the signature is not accepted", fixKey},
	{403, 403, provider.Credentials, "the signature is not accepted", fixKey},
	{404, 404, provider.Configuration, "there is no such endpoint", fixAddress},
	{405, 405, provider.Configuration, "the endpoint does not take POST", fixAddress},
	{408, 408, provider.Transient, "the receiver gave up waiting", fixReceiver},
	{410, 410, provider.Configuration, "the endpoint is gone for good", "Set active: false, or give the destination its new address."},
	{413, 413, provider.Invalid, "the request is too large; it is halved until it fits", "Raise the receiver's limit to 1 MiB."},
	{415, 415, provider.Configuration, "the endpoint does not take JSON", fixAddress},
	{422, 422, provider.Invalid, "as 400", fixEvent},
	{425, 425, provider.Transient, "too early", fixReceiver},
	{429, 429, provider.Throttled, "too many requests; Sluice waits as long as Retry-After says", "Nothing. If it happens often, lower delivery.rate."},
	{500, 599, provider.Transient, "the receiver has a problem; 503 with Retry-After counts as 429", fixReceiver},
}

func errorRows() []provider.ErrorRow {
	rows := make([]provider.ErrorRow, 0, len(answers))
	for _, a := range answers {
		code := strconv.Itoa(a.first)
		if a.last > a.first {
			code += "-" + strconv.Itoa(a.last)
		}
		rows = append(rows, provider.ErrorRow{Code: code, Meaning: a.meaning, Class: a.class, Fix: a.fix})
	}
	return rows
}

// Classify implements provider.Provider. The status alone decides; the body
// only says which events of a refused request are meant.
func (p *Provider) Classify(n int, r *provider.Response) provider.Answer {
	a := provider.Answer{Code: strconv.Itoa(r.Status)}
	a.WaitMS = reply.RetryAfter(r)
	a.RequestID = reply.Text(reply.Header(r, "X-Request-Id"), reply.MaxRequestID)
	known := false
	for i := range answers {
		if row := &answers[i]; r.Status >= row.first && r.Status <= row.last {
			a.Class, known = row.class, true
			break
		}
	}
	if !known {
		a.Class, a.Unmapped = provider.Invalid, true
		if r.Status < 200 || r.Status > 599 {
			a.Class = provider.UnknownOutcome
		}
	}
	if a.Class == provider.Accepted {
		a.Code = ""
		return a
	}
	if r.Status == 503 && a.WaitMS > 0 {
		a.Class = provider.Throttled
	}
	said := read(r)
	a.Message = said.message()
	if a.Class == provider.Invalid && r.Status != 413 {
		a.Faults = said.faults(n, &a)
	}
	if a.Class == provider.Invalid && n == 1 && len(a.Faults) == 0 {
		a.Faults = []provider.Fault{{Index: 0, Code: a.Code, Message: a.Message}}
	}
	return a
}

// refusal is what a body may say. Anything else is left alone.
type refusal struct {
	Errors  []eventError    `json:"errors"`
	Error   json.RawMessage `json:"error"`
	Message json.RawMessage `json:"message"`
	plain   string
}

// eventError is the receiver's word about one event.
type eventError struct {
	Index   *int   `json:"index"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

func read(r *provider.Response) refusal {
	var said refusal
	if r.Truncated || json.Unmarshal(r.Body, &said) != nil {
		said = refusal{}
		if text := strings.TrimSpace(string(r.Body[:min(len(r.Body), reply.MaxMessage)])); text != "" && text[0] != '<' && text[0] != '{' && text[0] != '[' {
			said.plain = text
		}
	}
	return said
}

// maxCode is the longest code of a receiver that is kept, in bytes.
const maxCode = 64

func (s *refusal) message() string {
	for _, raw := range [...]json.RawMessage{s.Message, s.Error} {
		var text string
		if json.Unmarshal(raw, &text) == nil && text != "" {
			return reply.Text(text, reply.MaxMessage)
		}
	}
	for _, e := range s.Errors {
		if e.Message != "" {
			return reply.Text(e.Message, reply.MaxMessage)
		}
	}
	return reply.Text(s.plain, reply.MaxMessage)
}

// faults names the refused events, each once; an index outside the request
// says that the receiver counts differently, and nothing of it is believed.
func (s *refusal) faults(n int, a *provider.Answer) []provider.Fault {
	var out []provider.Fault
	seen := make(map[int]bool, len(s.Errors))
	for _, e := range s.Errors {
		if e.Index == nil || *e.Index < 0 || *e.Index >= n {
			return nil
		}
		if seen[*e.Index] {
			continue
		}
		seen[*e.Index] = true
		f := provider.Fault{Index: *e.Index, Code: a.Code, Message: reply.Text(e.Message, reply.MaxMessage)}
		if e.Code != "" {
			f.Code += "/" + reply.Text(e.Code, maxCode)
		}
		out = append(out, f)
	}
	return out
}
