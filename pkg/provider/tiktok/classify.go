package tiktok

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/reply"
)

// maxWarnings bounds what is kept of the events that a partial success names.
const maxWarnings = 20

// envelope is the body of every answer of the Business API.
type envelope struct {
	Code      *json.Number    `json:"code"`
	Message   string          `json:"message"`
	RequestID string          `json:"request_id"`
	Data      json.RawMessage `json:"data"`
}

// Classify implements provider.Provider. The code in the body decides: the HTTP
// status is 200 for refusals as well. A body without a code comes from an edge
// before the API, and its status decides.
func (Provider) Classify(n int, r *provider.Response) provider.Answer {
	a := provider.Answer{WaitMS: reply.RetryAfter(r)}
	var e envelope
	code := 0
	if reply.JSON(r, &e) != nil || e.Code == nil {
		byStatus(&a, n, r.Status)
		return a
	}
	code, err := strconv.Atoi(e.Code.String())
	if err != nil || code == codeOK && (r.Status < 200 || r.Status > 299) {
		byStatus(&a, n, r.Status)
		return a
	}
	a.RequestID = reply.Text(e.RequestID, reply.MaxRequestID)
	if code == codeOK {
		a.Class = provider.Accepted
		return a
	}
	a.Code = strconv.Itoa(code)
	a.Message = reply.Text(e.Message, reply.MaxMessage)
	if row, known := find(answers[:], code); known {
		a.Class = row.class
	} else {
		a.Class, a.Unmapped = unknown(code, r.Status), true
	}
	switch {
	case a.Class == provider.AcceptedWithWarnings && (r.Status < 200 || r.Status > 299):
		a.Class, a.Unmapped = reply.ByStatus(r.Status), true
	case a.Class == provider.AcceptedWithWarnings:
		a.Warnings = partly(e.Data)
	}
	if a.Class == provider.Invalid {
		reply.Blame(&a, n, firstRefused(&a, code, e.Message))
	}
	return a
}

// unknown judges a code that is in no table: by the status where it says
// something, and by the family of the code.
func unknown(code, status int) provider.Class {
	switch {
	case status >= 500, code >= 50000 && code <= 59999:
		return provider.Transient
	case status == 429:
		return provider.Throttled
	case status == 401:
		return provider.Credentials
	default:
		return provider.Invalid
	}
}

// byStatus judges an answer without a code.
func byStatus(a *provider.Answer, n, status int) {
	a.Code = "HTTP " + strconv.Itoa(status)
	a.Message = "the answer has no code that can be read"
	row, known := find(statuses[:], status)
	if !known {
		a.Class, a.Unmapped = reply.ByStatus(status), true
		return
	}
	a.Class = row.class
	if a.Class == provider.Invalid {
		reply.Blame(a, n, nil)
	}
}

// partly reads which events a partial success names. The form is that of the
// older pixel/batch call; none is documented for this one.
func partly(data json.RawMessage) []string {
	var said struct {
		Failed []struct {
			Order   *int   `json:"order_in_batch"`
			Message string `json:"error_message"`
		} `json:"failed_events"`
	}
	if json.Unmarshal(data, &said) != nil || len(said.Failed) == 0 {
		return []string{"TikTok took a part of the request and does not say which"}
	}
	var list []string
	for _, f := range said.Failed[:min(len(said.Failed), maxWarnings)] {
		at := "an event"
		if f.Order != nil {
			at = "event " + strconv.Itoa(*f.Order)
		}
		list = append(list, at+" of the request: "+reply.Text(f.Message, reply.MaxMessage))
	}
	return list
}

// firstRefused reads the place of the first refused event from a message, where it
// stands as data.N or Batch.N. The first mention counts: what follows may be a
// value that the message repeats. A batch that is too large names no event.
func firstRefused(a *provider.Answer, code int, message string) []provider.Fault {
	if code == codeBatchSize {
		return nil
	}
	at, found := -1, 0
	for _, word := range [...]string{"data.", "Batch."} {
		if i, n, ok := mention(message, word); ok && (at < 0 || i < at) {
			at, found = i, n
		}
	}
	if at < 0 {
		return nil
	}
	return []provider.Fault{{Index: found, Code: a.Code, Message: a.Message}}
}

// maxDigits is more than any place in a request of 1000 events has.
const maxDigits = 6

// mention finds the first word that a number follows, and where it stands.
func mention(s, word string) (at, n int, ok bool) {
	for from := 0; ; {
		i := strings.Index(s[from:], word)
		if i < 0 {
			return 0, 0, false
		}
		at = from + i
		from = at + len(word)
		if at > 0 && letter(s[at-1]) {
			continue // metadata.1
		}
		end := from
		for end < len(s) && end-from < maxDigits && s[end] >= '0' && s[end] <= '9' {
			end++
		}
		if n, err := strconv.Atoi(s[from:end]); err == nil && (end == len(s) || !letter(s[end])) {
			return at, n, true
		}
	}
}

func letter(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}
