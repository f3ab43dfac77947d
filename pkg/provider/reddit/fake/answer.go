package fake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
)

// Refusal is an answer that refuses the whole request.
type Refusal struct {
	Status     int
	Message    string
	RetryAfter int // seconds, zero: not said
	bad        []badEvent
}

// badEvent is one refused event as version 2 tells it; the event is echoed, here
// without its content.
type badEvent struct {
	Message string   `json:"error_message"`
	Event   struct{} `json:"event"`
}

func badToken() *Refusal {
	return &Refusal{Status: http.StatusUnauthorized, Message: "This server could not verify that you are authorized to access the document you requested."}
}

func invalidEvents(bad []badEvent) *Refusal {
	return &Refusal{Status: http.StatusBadRequest, Message: fmt.Sprintf("There were %d invalid conversion events. None were processed.", len(bad)), bad: bad}
}

// answer puts the refusal into the envelope of version 3, or of version 2 for
// refused events.
func (r *Refusal) answer(old bool) call.Answer {
	var header http.Header
	if r.RetryAfter > 0 {
		header = http.Header{"Retry-After": {strconv.Itoa(r.RetryAfter)}}
	}
	if old && r.bad != nil {
		return reply(r.Status, header, map[string]any{"message": r.Message, "invalid_events": r.bad})
	}
	return reply(r.Status, header, map[string]any{"error": map[string]any{"code": r.Status, "message": r.Message}})
}

func success(n int) call.Answer {
	return reply(http.StatusOK, nil, map[string]any{"data": map[string]any{"message": fmt.Sprintf("Successfully processed %d conversion events.", n)}})
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
