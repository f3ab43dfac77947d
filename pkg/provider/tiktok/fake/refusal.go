package fake

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"strconv"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
)

// The codes of the Business API that this call answers with.
const (
	codeParameter     = 40002
	codePermission    = 40001
	codeVersion       = 40051
	codeBatchSize     = 40061
	codeNotHashed     = 40062
	codePartner       = 40063
	codeTooFrequent   = 40100
	codeTokenExpired  = 40102
	codeTokenEmpty    = 40104
	codeTokenWrong    = 40105
	codeNotAllowed    = 40118
	codeRoute         = 40400
	codeInnerInvalid  = 40700
	codeOffline       = 41001
	codeSystem        = 50000
	codeBlockList     = 61000
	maxNamesInMessage = 64
)

// Refusal is an error of the Business API: a code in the body, under status 200.
type Refusal struct {
	Status     int // 200 where zero
	Code       int
	Message    string
	RetryAfter int // seconds
}

// Reason is the code as a word, for counters.
func (r *Refusal) Reason() string { return strconv.Itoa(r.Code) }

// wrong is the refusal of a value, by its path in the request.
func wrong(path, problem string) *Refusal {
	return &Refusal{Code: codeParameter, Message: path + ": " + problem}
}

func unknownField(path, name string) *Refusal {
	return wrong(path+"."+short(name), "Unknown field.")
}

// notHashed names neither the event nor the key, as the real service does.
func notHashed() *Refusal {
	return &Refusal{Code: codeNotHashed, Message: "PII is not hashed"}
}

// poison is the permanent refusal of one event. Which form it has depends on the
// event: with the index in either spelling, or without.
func poison(i int, id string) *Refusal {
	h := fnv.New32a()
	h.Write([]byte(id)) // never fails
	switch h.Sum32() % 3 {
	case 0:
		return wrong(fmt.Sprintf("data.%d.properties", i), "Invalid value.")
	case 1:
		return wrong(fmt.Sprintf("Batch.%d.properties", i), "Invalid value.")
	default:
		return &Refusal{Code: codeInnerInvalid, Message: "Validation error."}
	}
}

// short bounds what of a request is repeated in an answer.
func short(s string) string {
	if len(s) > maxNamesInMessage {
		return s[:maxNamesInMessage]
	}
	return s
}

// reply has its members in the order of the real service.
type reply struct {
	Code    int      `json:"code"`
	Message string   `json:"message"`
	Request string   `json:"request_id"`
	Data    struct{} `json:"data"`
}

// answer puts a refusal, or with nil the success, into the envelope.
func (s *Service) answer(r *Refusal) call.Answer {
	if r == nil {
		r = &Refusal{Message: "OK"}
	}
	h := http.Header{}
	h.Set("Content-Type", "application/json; charset=utf-8")
	if r.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(r.RetryAfter))
	}
	body, err := json.Marshal(reply{Code: r.Code, Message: r.Message, Request: s.requestID()})
	if err != nil { // a number and two strings
		body = []byte(`{"code":50000,"message":"System error"}`)
	}
	status := r.Status
	if status == 0 {
		status = http.StatusOK
	}
	return call.Answer{Status: status, Header: h, Body: body}
}

// edge is the answer of a server before the service: a page, and no code.
func edge(status, retryAfter int) call.Answer {
	h := http.Header{}
	h.Set("Content-Type", "text/html")
	if retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(retryAfter))
	}
	text := http.StatusText(status)
	return call.Answer{Status: status, Header: h, Body: fmt.Appendf(nil, "<html><head><title>%d %s</title></head><body></body></html>", status, text)}
}
