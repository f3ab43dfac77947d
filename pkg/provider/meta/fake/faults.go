package fake

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
)

// badToken is the refusal of a token; subcode 0, or one of 452 to 492.
func badToken(subcode int, message string) *Refusal {
	status := http.StatusBadRequest
	if subcode != 0 {
		status = http.StatusUnauthorized
	}
	h := http.Header{}
	h.Set("Www-Authenticate", `OAuth "Facebook Platform" "invalid_token" "Invalid OAuth access token"`)
	return &Refusal{Status: status, Code: 190, Subcode: subcode, Message: message, Header: h}
}

// ExpiredToken is the refusal of a token that was valid before.
func ExpiredToken() *Refusal {
	return badToken(467, "Error validating access token: The session has been invalidated")
}

// Throttled refuses for too many requests. Code 4 is the app's limit, 80004 the
// business use case's, which says how many minutes to wait.
func Throttled(dataset string, code, status, minutes int) *Refusal {
	r := &Refusal{Status: status, Code: code}
	switch code {
	case 4:
		r.Message, r.Transient = "(#4) Application request limit reached", false
		r.Subcode = 1504022
		r.Header = http.Header{"X-App-Usage": {`{"call_count":100,"total_cputime":25,"total_time":25}`}}
	default:
		r.Message = fmt.Sprintf("(#%d) There have been too many calls to this ad-account. Wait a bit and try again.", code)
		r.Subcode = 2446079
	}
	if r.Header == nil {
		r.Header = http.Header{}
	}
	for k, v := range usage(dataset, 100, minutes) {
		r.Header[k] = v
	}
	return r
}

// Unavailable is the temporary failure of the service, code 2.
func Unavailable() *Refusal {
	return &Refusal{Status: http.StatusServiceUnavailable, Code: 2, Transient: true, Message: "An unexpected error has occurred. Please retry your request later."}
}

// poison is the permanent refusal of one event; which subcode depends on its id.
func poison(id string) *Refusal {
	h := fnv.New32a()
	h.Write([]byte(id)) // never fails
	codes := []int{2804007, 2804017, 2804048}
	return invalid(codes[h.Sum32()%3], "A parameter of this event is not valid.")
}

type usageEntry struct {
	Type   string `json:"type"`
	Calls  int    `json:"call_count"`
	CPU    int    `json:"total_cputime"`
	Time   int    `json:"total_time"`
	Regain int    `json:"estimated_time_to_regain_access"`
	Tier   string `json:"ads_api_access_tier"`
}

// usage is the header with the share of the quota in percent.
func usage(dataset string, percent, minutes int) http.Header {
	raw, err := json.Marshal(map[string][]usageEntry{dataset: {{
		Type: "ads_management", Calls: percent, CPU: min(percent, 25), Time: min(percent, 25), Regain: minutes, Tier: "standard_access",
	}}})
	if err != nil { // strings and numbers only
		return nil
	}
	return http.Header{"X-Business-Use-Case-Usage": {string(raw)}}
}
