package google

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/provider"
)

// verdictClass is what a processing reason means for records that Google had
// accepted.
type verdictClass uint8

const (
	verdictUnknown    verdictClass = iota // a reason that is in no table
	verdictEvent                          // the event itself
	verdictConfig                         // the account or the action
	verdictConsent                        // consent is missing or denied
	verdictDuplicate                      // Google has it already
	verdictLater                          // sent too early, or Google failed
	verdictUnmatched                      // nobody to match it to, normal for other traffic
	verdictEncryption                     // key configuration, which Sluice does not use
)

type verdictRow struct {
	name         string
	class        verdictClass
	meaning, fix string
}

type warningRow struct{ name, meaning string }

// provider gives the class under which the docs list the reason.
func (c verdictClass) provider() provider.Class {
	switch c {
	case verdictConfig, verdictEncryption:
		return provider.Configuration
	case verdictDuplicate:
		return provider.DuplicateDelivery
	case verdictLater:
		return provider.Transient
	case verdictUnmatched:
		return provider.Accepted
	}
	return provider.Invalid
}

// ClassifyVerdict implements provider.Verdicts: it looks a processing reason up.
func (p *Provider) ClassifyVerdict(reason string, restricted bool) provider.Verdict {
	for i := range processingReasons {
		row := &processingReasons[i]
		if row.name != reason {
			continue
		}
		v := provider.Verdict{Reason: decision.VerdictRefused, Class: row.class.provider(), Meaning: row.meaning, Fix: row.fix, Known: true}
		switch {
		case row.class == verdictDuplicate:
			v.Reason = decision.VerdictConfirmed
		case row.class == verdictUnmatched:
			v.Reason = decision.VerdictUnmatched
		case row.class == verdictConsent && restricted:
			v.Reason = decision.VerdictConsentDenied
		}
		return v
	}
	return provider.Verdict{Reason: decision.VerdictRefused, Class: provider.Invalid, Meaning: "Google gave a reason that is not known here."}
}

// stateNames: the proto says FAILED, one page says FAILURE.
var stateNames = map[string]provider.RequestState{
	"PROCESSING": provider.StateProcessing, "SUCCESS": provider.StateSuccess, "PARTIAL_SUCCESS": provider.StatePartial,
	"FAILED": provider.StateFailed, "FAILURE": provider.StateFailed,
}

// StatusRequest implements provider.Verdicts.
func (p *Provider) StatusRequest(t *provider.Endpoint, requestID string) provider.Request {
	r := provider.Request{Method: "GET", URL: address(t, statusPath) + "?requestId=" + escapeQuery(requestID)}
	r.Header = appendQuota(r.Header, t.Account)
	return r
}

// escapeQuery percent-encodes everything but what request ids are made of.
func escapeQuery(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' {
			b.WriteByte(c)
			continue
		}
		const digits = "0123456789ABCDEF"
		b.WriteByte('%')
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}

type statusBody struct {
	Destinations []struct {
		State  string      `json:"requestStatus"`
		Events countBody   `json:"eventsIngestionStatus"`
		Errors reasonsBody `json:"errorInfo"`
		Warns  reasonsBody `json:"warningInfo"`
	} `json:"requestStatusPerDestination"`
}

type reasonsBody struct {
	Errors []countBody `json:"errorCounts"`
	Warns  []countBody `json:"warningCounts"`
}

type countBody struct {
	Count  json.RawMessage `json:"recordCount"`
	Reason string          `json:"reason"`
}

// number reads an int64 as protobuf JSON writes it, in quotes, or without.
func (c countBody) number() int64 {
	n, err := strconv.ParseInt(strings.Trim(string(c.Count), `"`), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// ParseStatus implements provider.Verdicts. Google's counts never say which
// record they mean.
func (p *Provider) ParseStatus(r *provider.Response) (provider.RequestStatus, provider.Answer) {
	if r.Status/100 != 2 {
		return provider.RequestStatus{}, p.Classify(1, r)
	}
	var body statusBody
	if err := json.Unmarshal(r.Body, &body); err != nil && !lenient(err) || r.Truncated || len(body.Destinations) == 0 {
		return provider.RequestStatus{}, provider.Answer{Class: provider.UnknownOutcome, Message: "the status cannot be read"}
	}
	d := body.Destinations[0]
	s := provider.RequestStatus{State: stateNames[d.State], Records: d.Events.number()}
	for _, c := range d.Errors.Errors {
		s.Errors = append(s.Errors, provider.ReasonCount{Reason: safeCode(c.Reason), Count: c.number()})
	}
	for _, c := range d.Warns.Warns {
		s.Warnings = append(s.Warnings, provider.ReasonCount{Reason: safeCode(c.Reason), Count: c.number()})
	}
	return s, provider.Answer{Class: provider.Accepted}
}
