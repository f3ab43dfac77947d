package meta

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/consent"
)

// envelope is what Meta answers, read leniently: proxies turn numbers into
// strings, and error_data may be a string of JSON.
type envelope struct {
	EventsReceived *number           `json:"events_received"`
	Messages       []json.RawMessage `json:"messages"`
	TraceID        string            `json:"fbtrace_id"`
	Error          *apiError         `json:"error"`
}

type apiError struct {
	Message   string          `json:"message"`
	Code      number          `json:"code"`
	Subcode   number          `json:"error_subcode"`
	Transient flexBool        `json:"is_transient"`
	UserTitle string          `json:"error_user_title"`
	UserText  string          `json:"error_user_msg"`
	Data      json.RawMessage `json:"error_data"`
	TraceID   string          `json:"fbtrace_id"`
}

// number reads 190 and "190"; anything else is 0.
type number int

// UnmarshalJSON implements json.Unmarshaler; it never fails.
func (n *number) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	if err == nil && f > -1e15 && f < 1e15 {
		*n = number(f)
	}
	return nil
}

// flexBool reads true, "true" and 1.
type flexBool bool

// UnmarshalJSON implements json.Unmarshaler; it never fails.
func (v *flexBool) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	*v = s == "true" || s == "1"
	return nil
}

// readEnvelope reads a body; false where it is not one complete JSON object.
func readEnvelope(body []byte) (envelope, bool) {
	var e envelope
	body = bytes.TrimSpace(body)
	if len(body) == 0 || body[0] != '{' || json.Unmarshal(body, &e) != nil {
		return envelope{}, false
	}
	return e, true
}

// text is what Meta says about an error, in the order in which it helps.
func (e *apiError) text() string {
	switch {
	case e.UserTitle != "" && e.UserText != "":
		return e.UserTitle + ": " + e.UserText
	case e.UserText != "":
		return e.UserText
	case e.UserTitle != "":
		return e.UserTitle + ": " + e.Message
	default:
		return e.Message
	}
}

// indices finds the events that an error names, such as data[3] in a message
// or $['data'][3] in a path, below n and without repeats. None: the error does
// not say, and the batch is halved until the event is found.
func (e *apiError) indices(n int) []int {
	var found []int
	for _, s := range [...]string{e.Message, e.UserText, strings.ReplaceAll(string(e.Data), `\`, "")} {
		for s != "" {
			i, rest, ok := nextIndex(s)
			if !ok {
				break
			}
			s = rest
			known := i >= n
			for _, f := range found {
				known = known || f == i
			}
			if !known {
				found = append(found, i)
			}
		}
	}
	return found
}

// nextIndex finds the next data[N], ['data'][N], ["data"][N] or data.N, and
// "data","N" of a list of path elements. custom_data and user_data are no data,
// and a number that follows the word in a sentence is no index: who blames the
// wrong event loses it.
func nextIndex(s string) (index int, rest string, ok bool) {
	for {
		i := strings.Index(s, "data")
		if i < 0 {
			return 0, "", false
		}
		word := i > 0 && (alnum(s[i-1]) || s[i-1] == '_')
		s = s[i+len("data"):]
		if word {
			continue
		}
		t := strings.TrimLeft(s, `'"]`)
		switch {
		case t == "":
			continue
		case t[0] == '[', t[0] == ',' && len(t) < len(s):
			t = strings.TrimLeft(t[1:], `'" `)
		case t[0] == '.':
			t = t[1:]
		default: // prose, as in "no data, 3 events": the number is no index
			continue
		}
		end := 0
		for end < len(t) && digit(t[end]) {
			end++
		}
		if end == 0 || end > 5 || end < len(t) && alnum(t[end]) {
			continue
		}
		if i, err := strconv.Atoi(t[:end]); err == nil {
			return i, t[end:], true
		}
	}
}

// lduCountry is Meta's code for the United States.
const lduCountry = 1

// lduStates are the states that Limited Data Use covers, with Meta's codes.
// Source: the Limited Data Use page of Meta's Marketing API documentation, as of
// September 2026. To add a state, add a row once Meta documents its code.
var lduStates = [...]struct {
	region string
	code   int64
}{
	{"CA", 1000}, {"CO", 1001}, {"CT", 1002}, {"FL", 1003}, {"OR", 1004}, {"TX", 1005}, {"MT", 1006},
	{"DE", 1007}, {"NE", 1008}, {"NH", 1009}, {"NJ", 1010}, {"MN", 1011}, {"MD", 1012}, {"RI", 1013},
}

// limitedDataUse gives the state's code where the event may be sent restricted:
// under opt_out, in a state of the table. The state is always named; Meta is
// never asked to guess it from an IP address.
func limitedDataUse(regime consent.Regime, place consent.Place) (code int64, ok bool) {
	if regime != consent.OptOut || place.Location.Country != "US" {
		return 0, false
	}
	for _, s := range lduStates {
		if s.region == place.Location.Region {
			return s.code, true
		}
	}
	return 0, false
}
