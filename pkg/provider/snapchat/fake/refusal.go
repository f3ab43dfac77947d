package fake

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"strconv"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
)

// The codes of validation. Snapchat publishes no list of them: these are made up,
// strings of digits as the real ones are.
const (
	codeShape        = "4000"
	codeMissing      = "4001"
	codeTime         = "4002"
	codeNotHashed    = "4003"
	codeInsufficient = "4004"
	codeMoney        = "4005"
	codeValue        = "4006"
)

// Refusal is an answer that takes nothing.
type Refusal struct {
	Status     int // 400 where zero
	Reason     string
	Codes      []string
	Messages   []string
	Event      int // counted from 1; 0: no event is named
	RetryAfter int // seconds
	logs       bool
}

// Word is the first code, for counters.
func (r *Refusal) Word() string {
	if len(r.Codes) == 0 {
		return strconv.Itoa(r.Status)
	}
	return r.Codes[0]
}

// bad is the refusal of one event.
func bad(code, path, problem string) *Refusal {
	return &Refusal{Reason: "Event validation failed", Codes: []string{code}, Messages: []string{path + " " + problem}}
}

// malformed is the refusal of a whole request.
func malformed(problem string) *Refusal {
	return &Refusal{Reason: "Malformed request", Codes: []string{codeShape}, Messages: []string{problem}}
}

func unauthorised() *Refusal {
	return &Refusal{Status: http.StatusUnauthorized, Reason: "Invalid access token"}
}

func poison(id string) *Refusal {
	h := fnv.New32a()
	h.Write([]byte(id)) // never fails
	r := bad(codeValue, "custom_data", "is not accepted")
	r.logs = h.Sum32()%2 == 0
	return r
}

// short bounds what of a request is repeated in an answer.
func short(s string) string {
	if len(s) > 64 {
		return s[:64]
	}
	return s
}

type problems struct {
	Codes    []string `json:"codes"`
	Messages []string `json:"error_msgs"`
}

type eventLog struct {
	Event  int       `json:"event"`
	Status string    `json:"status"`
	Errors *problems `json:"errors,omitempty"`
}

// reply has its members in the order of the SDK's schema.
type reply struct {
	Status string     `json:"status"`
	Event  int        `json:"event,omitempty"`
	Reason string     `json:"reason,omitempty"`
	Errors *problems  `json:"errors,omitempty"`
	Logs   []eventLog `json:"event_logs,omitempty"`
}

// answer puts a refusal, or with nil the success, into the service's envelope.
func (s *Service) answer(r *Refusal) call.Answer {
	out, status, after := reply{Status: "VALID", Reason: "All events are valid"}, http.StatusOK, 0
	if r != nil {
		status, after = r.Status, r.RetryAfter
		if status == 0 {
			status = http.StatusBadRequest
		}
		out = reply{Status: "INVALID", Reason: r.Reason}
		var list *problems
		if len(r.Codes) > 0 {
			list = &problems{r.Codes, r.Messages}
		}
		if r.logs {
			out.Logs = []eventLog{{Event: r.Event, Status: "INVALID", Errors: list}}
		} else {
			out.Event, out.Errors = r.Event, list
		}
	}
	return s.reply(status, out, after)
}

func (s *Service) reply(status int, body any, retryAfter int) call.Answer {
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set("X-Snap-Request-ID", fmt.Sprintf("snap-%012d", s.requests.Add(1)))
	if retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(retryAfter))
	}
	raw, err := json.Marshal(body)
	if err != nil { // numbers and strings only
		raw = []byte(`{"status":"INVALID"}`)
	}
	return call.Answer{Status: status, Header: h, Body: raw}
}

// edge is the answer of a server before the service: a page.
func edge(status, retryAfter int) call.Answer {
	h := http.Header{}
	h.Set("Content-Type", "text/html")
	if retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(retryAfter))
	}
	return call.Answer{Status: status, Header: h, Body: fmt.Appendf(nil, "<html><head><title>%d %s</title></head><body></body></html>", status, http.StatusText(status))}
}
