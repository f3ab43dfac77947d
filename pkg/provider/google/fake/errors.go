package fake

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
)

// violation is one entry of google.rpc.BadRequest.
type violation struct {
	Field       string `json:"field"`
	Description string `json:"description"`
	Reason      string `json:"reason,omitempty"`
	decode      bool   // found while reading the JSON, not while checking it
	event       int    // 1-based index of the event it belongs to; 0: none
}

// warning is one entry of fieldWarnings.
type warning struct {
	Reason      string `json:"reason"`
	Description string `json:"description"`
	Field       string `json:"field"`
}

// Refusal is a google.rpc.Status.
type Refusal struct {
	HTTP       int
	Status     string // canonical name
	Message    string
	Reason     string            // of ErrorInfo; empty: no ErrorInfo
	Domain     string            // datamanager.googleapis.com where empty
	Metadata   map[string]string // of ErrorInfo
	Violations []violation
	RetryAfter int // seconds, 0: no header
}

const serviceName = "datamanager.googleapis.com"

type statusBody struct {
	Error statusError `json:"error"`
}

type statusError struct {
	Code    int      `json:"code"`
	Message string   `json:"message"`
	Status  string   `json:"status"`
	Details []detail `json:"details,omitempty"`
}

// detail is one of the google.rpc messages, with its members in the order of
// the real service.
type detail struct {
	Type       string            `json:"@type"`
	Reason     string            `json:"reason,omitempty"`
	Domain     string            `json:"domain,omitempty"`
	Metadata   map[string]string `json:"metadata,omitempty"`
	RequestID  string            `json:"requestId,omitempty"`
	Violations []violation       `json:"fieldViolations,omitempty"`
}

const typePrefix = "type.googleapis.com/google.rpc."

func (r *Refusal) answer(requestID string) call.Answer {
	body := statusBody{Error: statusError{Code: r.HTTP, Message: r.Message, Status: r.Status}}
	own := r.Domain == ""
	if r.Reason != "" {
		meta := map[string]string{}
		for k, v := range r.Metadata {
			meta[k] = v
		}
		domain := r.Domain
		if own {
			domain = serviceName
			meta["requestId"] = requestID
		}
		body.Error.Details = append(body.Error.Details, detail{Type: typePrefix + "ErrorInfo", Reason: r.Reason, Domain: domain, Metadata: meta})
		if own {
			body.Error.Details = append(body.Error.Details, detail{Type: typePrefix + "RequestInfo", RequestID: requestID})
		}
	}
	if len(r.Violations) > 0 {
		body.Error.Details = append(body.Error.Details, detail{Type: typePrefix + "BadRequest", Violations: r.Violations})
	}
	h := http.Header{}
	if r.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(r.RetryAfter))
	}
	if r.HTTP == http.StatusUnauthorized {
		h.Set("Www-Authenticate", `Bearer realm="https://accounts.google.com/", error="invalid_token"`)
	}
	return reply(r.HTTP, body, h)
}

func reply(status int, body any, h http.Header) call.Answer {
	raw, err := json.Marshal(body)
	if err != nil { // only plain data comes here
		raw = []byte(`{"error":{"code":500,"message":"Internal error encountered.","status":"INTERNAL"}}`)
		status = http.StatusInternalServerError
	}
	if h == nil {
		h = http.Header{}
	}
	h.Set("Content-Type", "application/json; charset=UTF-8")
	return call.Answer{Status: status, Header: h, Body: raw}
}

// invalid is the refusal with violations found by checking.
func invalid(list []violation) *Refusal {
	r := &Refusal{HTTP: http.StatusBadRequest, Status: "INVALID_ARGUMENT", Message: "There was a problem with the request.", Violations: list}
	if len(list) > 0 && list[0].decode {
		// The JSON reader answers before the service: no ErrorInfo.
		r.Message = list[0].Description
		return r
	}
	r.Reason = "INVALID_ARGUMENT"
	return r
}

// Unauthenticated is the refusal of a credential.
func Unauthenticated() *Refusal {
	return &Refusal{HTTP: http.StatusUnauthorized, Status: "UNAUTHENTICATED", Message: "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential."}
}

// Throttled is the refusal for too many requests.
func Throttled(retryAfter int) *Refusal {
	return &Refusal{
		HTTP: http.StatusTooManyRequests, Status: "RESOURCE_EXHAUSTED", Reason: "RATE_LIMIT_EXCEEDED", Domain: "googleapis.com",
		Message:    "Quota exceeded for quota metric 'IngestionService requests' and limit 'IngestionService requests per minute' of service 'datamanager.googleapis.com'.",
		Metadata:   map[string]string{"service": serviceName, "quota_metric": serviceName + "/ingestion_requests"},
		RetryAfter: retryAfter,
	}
}

// Unavailable is the temporary failure of the service.
func Unavailable() *Refusal {
	return &Refusal{HTTP: http.StatusServiceUnavailable, Status: "UNAVAILABLE", Message: "The service is currently unavailable."}
}

func denied(reason, message string, metadata map[string]string) *Refusal {
	return &Refusal{HTTP: http.StatusForbidden, Status: "PERMISSION_DENIED", Message: message, Reason: reason, Domain: "googleapis.com", Metadata: metadata}
}
