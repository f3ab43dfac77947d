package fake

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
)

// The codes of the real service's error object. Code 2 has two meanings, which
// only the status tells apart.
const (
	codePartial      = 1
	codeInvalidToken = 2
	codeScope        = 3
	codeRate         = 8
	codePermission   = 29
	codeInvalid      = 4196
	codeUnavailable  = 4197
)

// Refusal is an answer that refuses the whole request.
type Refusal struct {
	Status  int
	Code    int
	Message string
	Header  http.Header
}

func (r *Refusal) answer() call.Answer {
	return reply(r.Status, r.Header, map[string]any{"code": r.Code, "message": r.Message})
}

func invalid(message string) *Refusal {
	return &Refusal{Status: http.StatusBadRequest, Code: codeInvalid, Message: message}
}

func badToken() *Refusal {
	return &Refusal{Status: http.StatusUnauthorized, Code: codeInvalidToken, Message: "Authentication failed."}
}

func noAccount() *Refusal {
	return &Refusal{Status: http.StatusNotFound, Code: codeInvalidToken, Message: "AdAccount not found."}
}

// throttled names the wait in the provider's own header, or in the standard one.
func throttled(seconds int, standard bool) *Refusal {
	name := "X-Ratelimit-Reset"
	if standard {
		name = "Retry-After"
	}
	h := http.Header{}
	h.Set("X-Ratelimit-Limit", "5000")
	h.Set("X-Ratelimit-Remaining", "0")
	h.Set(name, strconv.Itoa(seconds))
	return &Refusal{Status: http.StatusTooManyRequests, Code: codeRate, Message: "This request exceeded a rate limit. This can happen if the client exceeds one of the published rate limits within a short time window.", Header: h}
}

func unavailable() *Refusal {
	return &Refusal{Status: http.StatusServiceUnavailable, Code: codeUnavailable, Message: "The resource is temporarily unavailable."}
}

// eventAnswer has its members in the order of the real service.
type eventAnswer struct {
	Status  string `json:"status"`
	Error   string `json:"error_message"`
	Warning string `json:"warning_message"`
}

type eventsAnswer struct {
	Received  int           `json:"num_events_received"`
	Processed int           `json:"num_events_processed"`
	Events    []eventAnswer `json:"events"`
}

// tell answers with what became of each event, in the order of the request.
func (s *Service) tell(verdicts []verdict) call.Answer {
	body := eventsAnswer{Received: len(verdicts), Events: make([]eventAnswer, 0, len(verdicts))}
	for _, v := range verdicts {
		e := eventAnswer{Status: "processed", Error: v.err, Warning: v.warning}
		if v.err != "" {
			e.Status = "failed"
		} else {
			body.Processed++
		}
		body.Events = append(body.Events, e)
	}
	switch {
	case body.Processed == body.Received || s.cfg.PartialIn200:
		return reply(http.StatusOK, nil, body)
	case s.cfg.SilentPartial:
		return reply(http.StatusUnprocessableEntity, nil, map[string]any{"code": codePartial, "message": "Not all events were successfully processed.", "details": map[string]any{}})
	default:
		return reply(http.StatusUnprocessableEntity, nil, map[string]any{"code": codePartial, "message": "Not all events were successfully processed.", "details": body})
	}
}

func reply(status int, header http.Header, body any) call.Answer {
	raw, err := json.Marshal(body)
	if err != nil { // only strings and numbers come here
		status, raw = http.StatusInternalServerError, nil
	}
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", "application/json")
	return call.Answer{Status: status, Header: header, Body: raw}
}

// short bounds what of a request is repeated in an answer.
func short(s string) string {
	if len(s) > 64 {
		return s[:64]
	}
	return s
}
