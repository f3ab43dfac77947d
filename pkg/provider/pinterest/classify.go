package pinterest

import (
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/reply"
)

// maxWarnings bounds what is kept of an answer's warnings.
const maxWarnings = 20

// body is what an answer may say: the outcome of each event at the top (200) or
// in details (422), or an error.
type body struct {
	outcome
	Code    *int     `json:"code"`
	Message string   `json:"message"`
	Details *outcome `json:"details"`
}

// outcome has an entry for each event, in the order of the request.
type outcome struct {
	Received  *int           `json:"num_events_received"`
	Processed *int           `json:"num_events_processed"`
	Events    []eventOutcome `json:"events"`
}

type eventOutcome struct {
	Status  string `json:"status"`
	Error   string `json:"error_message"`
	Warning string `json:"warning_message"`
}

// The two words for what became of an event.
const (
	processed = "processed"
	failed    = "failed"
)

// Classify implements provider.Provider. Pinterest takes the events that are
// sound whatever becomes of the others, so a fault says that the rest was taken.
func (Provider) Classify(n int, r *provider.Response) provider.Answer {
	a := provider.Answer{Usage: usage(r), RequestID: reply.Text(reply.Header(r, "X-Pinterest-Rid"), reply.MaxRequestID)}
	var b body
	readable := reply.JSON(r, &b) == nil
	said := &b.outcome
	if said.Events == nil && b.Details != nil {
		said = b.Details
	}
	switch {
	case r.Status >= 200 && r.Status < 300:
		if !readable || said.Received == nil && said.Events == nil {
			a.Class, a.Message = provider.UnknownOutcome, "the answer cannot be read"
			return a
		}
		outcomes(&a, n, r.Status, said)
	case r.Status == 422:
		outcomes(&a, n, r.Status, said)
		if n > 0 && a.Class != provider.Invalid { // something failed, and nothing is named
			a.Class, a.Code, a.Warnings = provider.Invalid, "422", nil
			a.Message = reply.Text(b.Message, reply.MaxMessage)
			unnamed(&a, n, said)
		}
	default:
		refused(&a, n, r, &b, readable)
	}
	return a
}

// outcomes reads what became of each event. An answer that does not speak of
// every event names nobody: events that were taken would be dead-lettered.
func outcomes(a *provider.Answer, n, status int, said *outcome) {
	a.Code = strconv.Itoa(status)
	var faults []provider.Fault
	for i := range said.Events {
		e := &said.Events[i]
		if e.Status == failed || e.Status != processed && e.Error != "" {
			faults = append(faults, provider.Fault{Index: i, Code: codeFailed, Message: reply.Text(e.Error, reply.MaxMessage)})
		}
		if e.Warning != "" && len(a.Warnings) < maxWarnings {
			a.Warnings = append(a.Warnings, "event "+strconv.Itoa(i+1)+": "+reply.Text(e.Warning, reply.MaxMessage))
		}
	}
	whole := len(said.Events) == n
	short := said.Processed != nil && said.Received != nil && *said.Processed < *said.Received
	switch {
	case n == 0: // a probe: token and account are fine, its one event is nobody's
		a.Class, a.Warnings = provider.Accepted, nil
	case whole && len(faults) > 0:
		a.Class, a.Message, a.Warnings = provider.Invalid, faults[0].Message, nil
		reply.Blame(a, n, faults)
		a.RestDelivered = true
	case len(faults) > 0 || short:
		a.Class, a.Warnings = provider.Invalid, nil
		a.Message = "some events were not processed, and the answer does not say which"
		unnamed(a, n, said)
	default:
		if !whole || said.Processed != nil && *said.Processed != n {
			a.Warnings = append(a.Warnings, "Pinterest does not speak of as many events as were sent")
		}
		a.Code, a.Class = "", provider.Accepted
		if len(a.Warnings) > 0 {
			a.Class = provider.AcceptedWithWarnings
		}
	}
}

// unnamed blames nobody of several events: some may have been taken, unless the
// answer says that none was.
func unnamed(a *provider.Answer, n int, said *outcome) {
	reply.Blame(a, n, nil)
	a.SomeDelivered = len(a.Faults) == 0 && (said.Processed == nil || *said.Processed != 0)
}

// refused reads an answer that refuses the request as a whole.
func refused(a *provider.Answer, n int, r *provider.Response, b *body, readable bool) {
	a.Code = strconv.Itoa(r.Status)
	code := 0
	if readable && b.Code != nil {
		code = *b.Code
		a.Subcode = strconv.Itoa(code)
		a.Message = reply.Text(b.Message, reply.MaxMessage)
	}
	row, known := find(r.Status, code)
	if known {
		a.Class = row.class
	} else {
		a.Class = reply.ByStatus(r.Status)
		a.Unmapped = !statusKnown(r.Status) || code != 0
	}
	if a.Class == provider.Throttled || a.Class == provider.Transient {
		a.WaitMS = wait(r)
	}
	if a.Class == provider.Invalid {
		reply.Blame(a, n, nil)
	}
}

// statusKnown reports that the table of answers has a row for a status alone.
func statusKnown(status int) bool {
	switch status {
	case 400, 401, 403, 404, 413, 429:
		return true
	default:
		return status >= 500 && status < 600
	}
}

// wait is how long Pinterest asks to wait: Retry-After, else the seconds of
// x-ratelimit-reset.
func wait(r *provider.Response) int64 {
	if ms := reply.RetryAfter(r); ms > 0 {
		return ms
	}
	seconds, _ := leading(reply.Header(r, "X-Ratelimit-Reset"))
	return reply.Wait(seconds * 1000)
}

// usage is how much of the rate is used up, in percent, zero where the headers
// do not say.
func usage(r *provider.Response) float64 {
	limit, ok := leading(reply.Header(r, "X-Ratelimit-Limit"))
	left, told := leading(reply.Header(r, "X-Ratelimit-Remaining"))
	if !ok || !told || limit <= 0 {
		return 0
	}
	return 100 * min(max(1-left/limit, 0), 1)
}

// leading reads the number that a header begins with; policies may follow it
// behind a comma or a semicolon.
func leading(s string) (float64, bool) {
	if i := strings.IndexAny(s, ",;"); i >= 0 {
		s = s[:i]
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return v, err == nil && v == v
}
