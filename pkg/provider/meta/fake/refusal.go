package fake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
)

// Refusal is an error of the Graph API, as its envelope carries it.
type Refusal struct {
	Status    int
	Type      string // OAuthException where empty
	Code      int
	Subcode   int
	Transient bool
	Message   string
	Title     string
	UserMsg   string
	Blame     string // a field path for error_data.blame_field_specs
	Header    http.Header
}

// Reason is the code and subcode as one word, for counters.
func (r *Refusal) Reason() string {
	if r.Subcode == 0 {
		return strconv.Itoa(r.Code)
	}
	return fmt.Sprintf("%d/%d", r.Code, r.Subcode)
}

type envelope struct {
	Error envelopeError `json:"error"`
}

type envelopeError struct {
	Message   string         `json:"message"`
	Type      string         `json:"type"`
	Code      int            `json:"code"`
	Subcode   int            `json:"error_subcode,omitempty"`
	Transient bool           `json:"is_transient"`
	Title     string         `json:"error_user_title,omitempty"`
	UserMsg   string         `json:"error_user_msg,omitempty"`
	Data      map[string]any `json:"error_data,omitempty"`
	Trace     string         `json:"fbtrace_id"`
}

// answer puts the refusal into the envelope.
func (r *Refusal) answer(trace string) call.Answer {
	e := envelopeError{
		Message: r.Message, Type: r.Type, Code: r.Code, Subcode: r.Subcode, Transient: r.Transient,
		Title: r.Title, UserMsg: r.UserMsg, Trace: trace,
	}
	if e.Type == "" {
		e.Type = "OAuthException"
	}
	if r.Blame != "" {
		e.Data = map[string]any{"blame_field_specs": [][]string{{r.Blame}}}
	}
	status := r.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	return reply(status, envelope{Error: e}, r.Header, trace)
}

func reply(status int, body any, extra http.Header, trace string) call.Answer {
	raw, err := json.Marshal(body)
	if err != nil { // only plain structs of strings and numbers come here
		raw = []byte(`{"error":{"message":"An unknown error occurred","type":"OAuthException","code":1}}`)
	}
	h := http.Header{}
	h.Set("Content-Type", "application/json; charset=UTF-8")
	h.Set("X-Fb-Trace-Id", trace)
	h.Set("X-Fb-Rev", "1030000000")
	h.Set("X-Fb-Debug", "sandbox")
	for k, v := range extra {
		h[k] = v
	}
	return call.Answer{Status: status, Header: h, Body: raw}
}

// The subcodes of event validation, all under code 100.
const (
	subClickID         = 2804001
	subTooOld          = 2804003
	subFuture          = 2804004
	subContents        = 2804008
	subNoValue         = 2804009
	subNoCurrency      = 2804010
	subNotHashed       = 2804016
	subMissing         = 2804019
	subCurrency        = 2804023
	subProcessing      = 2804030
	subOSVersion       = 2804043
	subInsufficient    = 2804050
	subMessagingName   = 2804066
	subPageID          = 2804069
	subInstagramID     = 2804079
	subClickToWhatsApp = 2804087
	subWhatsAppID      = 2804116
	subWhatsAppLink    = 2804132
)

// titles gives each subcode its headline. Only that of 2804003 is known
// verbatim; the others are ours.
var titles = map[int]string{
	subClickID:         "Invalid Facebook Click ID",
	subTooOld:          "Event Timestamp Too Old",
	subFuture:          "Event Timestamp In Future",
	subContents:        "Invalid Contents Parameter",
	subNoValue:         "Missing Value For Purchase Event",
	subNoCurrency:      "Missing Currency For Purchase Event",
	subNotHashed:       "Customer Information Not Hashed",
	subMissing:         "Missing Or Invalid Parameter",
	subCurrency:        "Invalid Currency",
	subProcessing:      "Invalid Data Processing Options",
	subOSVersion:       "Missing OS Version In Extinfo",
	subInsufficient:    "Insufficient Customer Information",
	subMessagingName:   "Event Name Not Supported For Business Messaging",
	subPageID:          "Missing Page ID",
	subInstagramID:     "Missing Instagram Account ID",
	subClickToWhatsApp: "Invalid Click ID",
	subWhatsAppID:      "Missing Page ID Or WhatsApp Business Account ID",
	subWhatsAppLink:    "Dataset Not Linked To WhatsApp Business Account",
	2804007:            "Invalid Parameter",
	2804017:            "Invalid Parameter",
	2804048:            "Invalid Parameter",
}

// invalid is a refusal of the validation of one event.
func invalid(subcode int, msg string) *Refusal {
	return &Refusal{Code: 100, Subcode: subcode, Message: "Invalid parameter", Title: titles[subcode], UserMsg: msg}
}

// badParam is a refusal of a value's type or form, which names its path.
func badParam(path, problem string) *Refusal {
	return &Refusal{Code: 100, Message: fmt.Sprintf("(#100) Param %s %s", path, problem), Blame: path}
}

// unexpectedKey is the refusal of a member that the API does not know.
func unexpectedKey(key, path string) *Refusal {
	return &Refusal{Code: 100, Message: fmt.Sprintf("(#100) Unexpected key %q on param %q", short(key), path)}
}

// short bounds what of a request is repeated in an answer.
func short(s string) string {
	if len(s) > 64 {
		return s[:64]
	}
	return s
}
