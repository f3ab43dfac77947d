package reddit

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/reply"
)

// What an operator can do, where several rows say the same.
const (
	fixToken = "Generate a new conversion access token in Reddit Ads (Events Manager > Conversions API > Generate access token) and replace the secret file; delivery resumes by itself."
	fixRole  = "Make the conversion access token in the ad account that owns the pixel (Reddit Ads > Events Manager), and compare pixel_id."
	fixPixel = "Compare pixel_id with Reddit Ads > Events Manager, with its t2_, a2_ or p2_."
	fixEvent = "Correct the field at the producer or in the mapping, then retry the dead letter; Reddit Ads > Events Manager > Event Testing shows what arrives."
	fixWait  = "Nothing: Sluice waits as long as Reddit asks. If it happens often, lower delivery.rate."
)

// rows are what a status means; last closes a range.
var rows = [...]struct {
	first, last  int
	class        provider.Class
	meaning, fix string
}{
	{200, 299, provider.Accepted, "every event was processed; an answer that counts fewer is a warning", ""},
	{400, 400, provider.Invalid, "one event at least is invalid and none was processed; nobody is named, so the request is halved to find it", fixEvent},
	{401, 401, provider.Credentials, "no token, or one that is not known", fixToken},
	{403, 403, provider.Credentials, "the token may not use this pixel; where the text begins with JSON error it is a matter of the events, as 400", fixRole},
	{404, 404, provider.Configuration, "there is no such pixel", fixPixel},
	{413, 413, provider.Invalid, "the request is too large; it is halved until it fits", fixEvent},
	{422, 422, provider.Invalid, "as 400", fixEvent},
	{429, 429, provider.Throttled, "too many requests", fixWait},
	{500, 599, provider.Transient, "an error at Reddit", ""},
}

func errorRows() []provider.ErrorRow {
	out := make([]provider.ErrorRow, 0, len(rows))
	for _, r := range rows {
		code := strconv.Itoa(r.first)
		if r.last > r.first {
			code += "-" + strconv.Itoa(r.last)
		}
		out = append(out, provider.ErrorRow{Code: code, Meaning: r.meaning, Class: r.class, Fix: r.fix})
	}
	return out
}

// body is what an answer may say: version 3 has data and error, version 2 the
// members beside them.
type body struct {
	Data *struct {
		Message string `json:"message"`
	} `json:"data"`
	Error   json.RawMessage `json:"error"`
	Message string          `json:"message"`
	Invalid []struct {
		Message string `json:"error_message"`
	} `json:"invalid_events"`
}

// failure is the member error.
type failure struct {
	Code        int    `json:"code"`
	Message     string `json:"message"`
	Explanation string `json:"explanation"`
}

// Classify implements provider.Provider. The status decides, but for two words
// that Reddit is known to send under another one.
func (Provider) Classify(n int, r *provider.Response) provider.Answer {
	a := provider.Answer{Code: strconv.Itoa(r.Status), RequestID: reply.Text(reply.Header(r, "X-Request-Id"), reply.MaxRequestID)}
	var b body
	readable := reply.JSON(r, &b) == nil
	if r.Status >= 200 && r.Status < 300 {
		success(&a, n, &b, readable)
		return a
	}
	var f failure
	if readable && json.Unmarshal(b.Error, &f) != nil {
		f = failure{} // an error of another form says nothing, and the status decides
	}
	said := f.Explanation + f.Message
	a.Message = words(said)
	if said == "" && readable {
		a.Message = words(b.Message)
		if len(b.Invalid) > 0 {
			a.Message = words(b.Invalid[0].Message)
		}
	}
	known := false
	for i := range rows {
		if r.Status >= rows[i].first && r.Status <= rows[i].last {
			a.Class, known = rows[i].class, true
		}
	}
	switch {
	case !known:
		a.Class, a.Unmapped = reply.ByStatus(r.Status), true
	case r.Status == 400 && (f.Code == 401 || strings.Contains(strings.ToLower(said), "bearer token")):
		a.Class, a.Code = provider.Credentials, "401"
	case r.Status == 403 && strings.HasPrefix(said, "JSON error"):
		a.Class, a.Code = provider.Invalid, "400"
	}
	if a.Class == provider.Throttled || a.Class == provider.Transient {
		a.WaitMS = reply.RetryAfter(r)
	}
	if a.Class == provider.Invalid {
		reply.Blame(&a, n, nil)
	}
	return a
}

// success reads how many events were processed. It is never sent again: only an
// answer that cannot be read leaves the outcome open.
func success(a *provider.Answer, n int, b *body, readable bool) {
	text := b.Message
	if b.Data != nil {
		text = b.Data.Message
	}
	if !readable || b.Data == nil && b.Message == "" {
		a.Class, a.Message = provider.UnknownOutcome, "the answer cannot be read"
		return
	}
	a.Class, a.Code = provider.Accepted, ""
	got, told := count(text)
	switch {
	case n == 0: // a probe
	case !told:
		a.Warnings = append(a.Warnings, "Reddit does not say how many events it processed")
	case got != n:
		a.Warnings = append(a.Warnings, "Reddit processed "+strconv.Itoa(got)+" of "+strconv.Itoa(n)+" events")
	}
	if n > 0 && len(b.Invalid) > 0 {
		a.Warnings = append(a.Warnings, "Reddit calls "+strconv.Itoa(len(b.Invalid))+" events invalid")
	}
	if len(a.Warnings) > 0 {
		a.Class = provider.AcceptedWithWarnings
	}
}

// count reads the number in Reddit's sentence: Successfully processed 1 conversion
// events.
func count(text string) (int, bool) {
	rest, ok := strings.CutPrefix(text, "Successfully processed ")
	if !ok {
		return 0, false
	}
	digits, _, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(digits)
	return n, err == nil && n >= 0
}

// words are a text of Reddit's without what could be a value of an event: its
// messages can echo one. Only words of letters, dots and underscores stay.
func words(s string) string {
	s = reply.Text(s, reply.MaxMessage)
	var b strings.Builder
	for _, word := range strings.Fields(s) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		plain := strings.TrimRight(word, ".,:;")
		if strings.ContainsFunc(plain, func(r rune) bool { return r != '_' && r != '.' && (r|0x20 < 'a' || r|0x20 > 'z') }) {
			word = "…"
		}
		b.WriteString(word)
	}
	return b.String()
}
