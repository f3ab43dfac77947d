package linkedin

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/reply"
)

// body is what an answer may say: the elements of a batch, an error, or, to a
// probe, a rule.
type body struct {
	Elements []element       `json:"elements"`
	Message  string          `json:"message"`
	Code     string          `json:"code"`
	Service  json.Number     `json:"serviceErrorCode"`
	Method   string          `json:"conversionMethod"`
	Enabled  *bool           `json:"enabled"`
	ID       json.RawMessage `json:"id"`
}

// element is what became of one event of a batch.
type element struct {
	Status int `json:"status"`
	Error  struct {
		Message string      `json:"message"`
		Code    string      `json:"code"`
		Service json.Number `json:"serviceErrorCode"`
	} `json:"error"`
}

// Classify implements provider.Provider. The status decides, then LinkedIn's
// code and text. n is zero for the answer to a probe.
func (p *Provider) Classify(n int, r *provider.Response) provider.Answer {
	a := provider.Answer{
		WaitMS:    reply.RetryAfter(r),
		RequestID: reply.Text(cmp.Or(reply.Header(r, "X-Li-Uuid"), reply.Header(r, "X-Restli-Id")), reply.MaxRequestID),
	}
	var said body
	readable := reply.JSON(r, &said) == nil && len(r.Body) > 0 && bytes.TrimSpace(r.Body)[0] == '{'
	switch {
	case r.Status >= 200 && r.Status <= 299 && n == 0:
		probed(&a, &said, readable)
	case r.Status >= 200 && r.Status <= 299:
		taken(&a, n, r, &said, readable)
	default:
		refused(&a, n, r.Status, &said, readable)
	}
	return a
}

// probed reads the answer about a rule.
func probed(a *provider.Answer, said *body, readable bool) {
	switch {
	case !readable || len(said.ID) == 0:
		a.Class, a.Message = provider.UnknownOutcome, "the answer about the rule cannot be read"
	case said.Method != "" && said.Method != "CONVERSIONS_API":
		a.Class, a.Code, a.Message = provider.Configuration, codeRuleMethod, "the rule is not of the method CONVERSIONS_API"
	case said.Enabled != nil && !*said.Enabled:
		a.Class, a.Code, a.Message = provider.Configuration, codeRuleOff, "the rule is not enabled"
	default:
		a.Class = provider.Accepted
	}
}

// taken reads an answer that says success. A batch is answered with an element
// for each event; elements of another status are usual for Rest.li, and were
// never seen here.
func taken(a *provider.Answer, n int, r *provider.Response, said *body, readable bool) {
	switch {
	case readable && len(said.Elements) > 0:
		elements(a, n, said.Elements)
	case r.Status == 201 && n == 1 && len(strings.TrimSpace(string(r.Body))) == 0:
		a.Class = provider.Accepted
	default:
		// It may have been stored or not: nothing in it says.
		a.Class, a.Code, a.Message = provider.UnknownOutcome, strconv.Itoa(r.Status), "the answer cannot be read"
	}
}

func elements(a *provider.Answer, n int, list []element) {
	a.Class = provider.Accepted
	for i := range list[:min(n, len(list))] {
		e := &list[i]
		if e.Status >= 200 && e.Status <= 299 {
			continue
		}
		found, code, known := lookUp(e.Status, e.Error.Code, e.Error.Service, e.Error.Message)
		if !known {
			found.class = byStatus(e.Status)
		}
		a.Unmapped = a.Unmapped || !known
		a.Class, a.RestDelivered = provider.Invalid, true
		f := provider.Fault{Index: i, Code: code, Message: reply.Text(e.Error.Message, reply.MaxMessage), Class: found.class}
		if found.class == provider.Credentials {
			f.Class = provider.Configuration // the token is: the other events were taken with it
		}
		a.Faults = append(a.Faults, f)
		a.Code, a.Message = f.Code, f.Message
	}
	if len(list) != n {
		a.Warnings = append(a.Warnings, "LinkedIn answered for "+strconv.Itoa(len(list))+" of "+strconv.Itoa(n)+" events")
		if a.Class == provider.Accepted {
			a.Class = provider.AcceptedWithWarnings
		}
	}
}

// lookUp finds the row of an answer: by its service code, its word, its status.
// code is what the answer is called in diagnostics.
func lookUp(status int, word string, service json.Number, message string) (found row, code string, known bool) {
	for _, c := range [...]string{service.String(), word, strconv.Itoa(status)} {
		// A code that means success is none of a refusal's.
		if found, known = find(c, message); known && found.class != provider.Accepted {
			return found, found.code, true
		}
	}
	return row{}, strconv.Itoa(status), false
}

// byStatus judges what is in no table.
func byStatus(status int) provider.Class {
	switch {
	case status >= 500 || status < 400:
		return provider.Transient
	case status == 401:
		return provider.Credentials
	default:
		return provider.Invalid
	}
}

// refused reads an answer that is no success.
func refused(a *provider.Answer, n, status int, said *body, readable bool) {
	if !readable {
		bare(a, n, status)
		return
	}
	found, code, known := lookUp(status, said.Code, said.Service, said.Message)
	a.Code, a.Subcode, a.Message, a.Class = code, found.subcode, reply.Text(said.Message, reply.MaxMessage), found.class
	if !known {
		a.Unmapped, a.Class = true, byStatus(status)
	}
	var faults []provider.Fault
	if a.Class == provider.Invalid && status != 413 {
		faults = name(a, n, said.Message)
	}
	if a.Class == provider.Invalid {
		reply.Blame(a, n, faults)
	}
}

// bare reads an answer without an object of LinkedIn's: the page of an edge or a
// proxy, which comes with any status and says nothing about the events. Only
// what no proxy says by itself counts.
func bare(a *provider.Answer, n, status int) {
	a.Code, a.Message = strconv.Itoa(status), "no error object in the answer"
	switch status {
	case 401, 404, 413, 422, 426, 429, 500, 502, 503, 504:
		found, _ := find(a.Code, "")
		a.Class = found.class
	default:
		a.Class, a.Unmapped = provider.Transient, true
	}
	if a.Class == provider.Invalid {
		reply.Blame(a, n, nil)
	}
}

func faultCode(code, subcode string) string {
	if subcode == "" {
		return code
	}
	return code + "/" + subcode
}

// name finds the refused events in a text of either form:
//
//	Index: 2, ERROR :: /conversionValue/amount :: …     one line for each error
//	…, indices [1, 4] (0-indexed).
//
// A number outside the request says that the text means something else, and
// nothing of it is believed.
func name(a *provider.Answer, n int, message string) (faults []provider.Fault) {
	found := errorLines(message, n)
	if found == nil {
		found = indices(message, n)
	}
	rules := len(found) > 0
	for _, f := range found {
		rules = rules && f.path == subPath
	}
	if rules {
		// Every error is about the number of a rule: the destination is wrong.
		a.Class, a.Subcode = provider.Configuration, subPath
		return nil
	}
	for _, f := range found {
		fault := provider.Fault{Index: f.index, Code: faultCode(a.Code, a.Subcode), Message: reply.Text(f.text, reply.MaxMessage)}
		if f.path != "" {
			fault.Code = faultCode(a.Code, f.path)
		}
		if f.path == subPath {
			fault.Class = provider.Configuration
		}
		faults = append(faults, fault)
	}
	if len(found) > 0 && found[0].path != "" {
		a.Subcode = found[0].path
	}
	return faults
}

// refusedEvent is one event that a text names.
type refusedEvent struct {
	index      int
	path, text string
}

// longestPath bounds the path of a member, in bytes.
const longestPath = 80

// maxCulprits bounds what is read of one text.
const maxCulprits = maxBatch

// errorLines reads the lines of a failed validation. Only the first line of an
// event has its index; a request of one event has none.
func errorLines(message string, n int) []refusedEvent {
	var found []refusedEvent
	seen := map[int]bool{}
	for line := range strings.Lines(message) {
		line = strings.TrimSpace(line)
		index, rest := 0, line
		if after, indexed := strings.CutPrefix(line, "Index: "); indexed {
			digits, tail, ok := strings.Cut(after, ",")
			i, err := strconv.Atoi(strings.TrimSpace(digits))
			if !ok || err != nil || i < 0 || i >= n {
				return nil
			}
			index, rest = i, strings.TrimSpace(tail)
		} else if n != 1 || len(found) > 0 {
			continue // a further line of the event before, or of nobody
		}
		after, isError := strings.CutPrefix(rest, "ERROR :: ")
		if !isError || seen[index] || len(found) == maxCulprits {
			continue
		}
		seen[index] = true
		path, _, _ := strings.Cut(after, " :: ")
		found = append(found, refusedEvent{index, schemaPath(path), rest})
	}
	return found
}

// schemaPath bounds the path of a member, whose names are LinkedIn's own.
func schemaPath(s string) string {
	for i := range len(s) {
		if c := s[i]; c != '/' && (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') {
			return ""
		}
	}
	if len(s) > longestPath {
		return ""
	}
	return s
}

// indices reads "indices [1, 4] (0-indexed)".
func indices(message string, n int) []refusedEvent {
	_, rest, ok := strings.Cut(message, "indices [")
	list, after, closed := strings.Cut(rest, "]")
	if !ok || !closed || !strings.Contains(after, "0-indexed") {
		return nil
	}
	var found []refusedEvent
	seen := map[int]bool{}
	for part := range strings.SplitSeq(list, ",") {
		i, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || i < 0 || i >= n {
			return nil
		}
		if !seen[i] {
			seen[i] = true
			found = append(found, refusedEvent{index: i, text: message})
		}
	}
	return found
}
