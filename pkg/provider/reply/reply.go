// Package reply reads what every provider's answers have in common: how long to
// wait, a body that is JSON and nothing else, words that may be shown, and what a
// status alone says.
package reply

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
)

// MaxWaitMS bounds how long an answer can ask to wait, a day in milliseconds: a
// mistake in a header must not stop a destination for longer.
const MaxWaitMS = 24 * 3600 * 1000

// MaxMessage bounds what is kept of a provider's words, in bytes.
const MaxMessage = 300

// MaxRequestID bounds the id that a provider gave a request, in bytes.
const MaxRequestID = 128

// Wait bounds a waiting time, in milliseconds, between nothing and MaxWaitMS.
func Wait(ms float64) int64 {
	if ms != ms {
		return 0
	}
	return int64(min(max(ms, 0), MaxWaitMS))
}

// RetryAfter reads the Retry-After header of RFC 9110, section 10.2.3: seconds,
// also with a fraction, or a date in any of HTTP's three forms. It gives
// milliseconds from now (epoch milliseconds), zero where the header says nothing.
func RetryAfter(r *provider.Response) int64 {
	s := strings.TrimSpace(Header(r, "Retry-After"))
	if s == "" {
		return 0
	}
	if seconds, err := strconv.ParseFloat(s, 64); err == nil {
		return Wait(seconds * 1000)
	}
	for _, layout := range [...]string{"Mon, 02 Jan 2006 15:04:05 GMT", time.RFC850, time.ANSIC} {
		if t, err := time.Parse(layout, s); err == nil {
			return Wait(float64(t.UnixMilli() - r.Now))
		}
	}
	return 0
}

// Header reads a header, empty where the answer has none.
func Header(r *provider.Response, name string) string {
	if r.Header == nil {
		return ""
	}
	return r.Header(name)
}

var (
	errCut   = errors.New("the answer was longer than what is read")
	errAfter = errors.New("something follows the answer's JSON")
)

// JSON reads a body that is one JSON value, whole. Members that into does not
// name are left alone: providers add to their answers.
func JSON(r *provider.Response, into any) error {
	if r.Truncated {
		return errCut
	}
	d := json.NewDecoder(bytes.NewReader(r.Body))
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errAfter
	}
	return nil
}

// Text is a text of the other side, redacted and at most so many bytes.
func Text(s string, most int) string {
	if len(s) > 4*most {
		s = s[:4*most]
	}
	s = strings.ToValidUTF8(identity.Redact(s), "\uFFFD")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}

// ByStatus judges an answer that says nothing else: an edge's page, an empty or
// cut body, a code in no table. A success that cannot be read leaves the outcome
// open; a refusal of a proxy on the way says nothing about the events.
func ByStatus(status int) provider.Class {
	switch {
	case status >= 200 && status < 300:
		return provider.UnknownOutcome
	case status == 401, status == 403:
		return provider.Credentials
	case status == 404, status == 405, status == 410, status >= 300 && status < 400:
		return provider.Configuration
	case status == 429:
		return provider.Throttled
	case status == 400, status == 413, status == 422:
		return provider.Invalid
	case status < 200 || status > 599:
		return provider.UnknownOutcome
	default: // 408, 425, 5xx and what nobody documents
		return provider.Transient
	}
}

// Blame names the refused items of a request of n. A request of one has one
// refused item; an index outside the request says that the provider counts
// differently, and nothing of it is believed.
func Blame(a *provider.Answer, n int, faults []provider.Fault) {
	if n == 1 && len(faults) == 0 {
		faults = []provider.Fault{{Code: code(a), Message: a.Message}}
	}
	seen := make(map[int]bool, len(faults))
	for _, f := range faults {
		if f.Index < 0 || f.Index >= n {
			a.Faults = nil
			return
		}
		if !seen[f.Index] {
			seen[f.Index] = true
			a.Faults = append(a.Faults, f)
		}
	}
}

func code(a *provider.Answer) string {
	if a.Subcode == "" {
		return a.Code
	}
	return a.Code + "/" + a.Subcode
}
