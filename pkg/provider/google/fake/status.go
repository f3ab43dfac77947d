package fake

import (
	"encoding/json"
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

const (
	reasonPrefix = "PROCESSING_ERROR_REASON_"
	// maxSubmissions bounds the remembered requests; the oldest go first.
	maxSubmissions = 50_000
	maxClickAge    = 90 * 24 * time.Hour
)

// submission is what is remembered of an accepted request.
type submission struct {
	at    time.Time
	dests []outcome
}

type outcome struct {
	node   jsontree.Node
	count  int
	errors map[string]int
}

// Script sets the verdicts for requests that come after it.
func (s *Service) Script(v ...call.Verdict) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.verdicts = slices.Clone(v)
}

// Reset forgets tokens, quota, statuses and scripted verdicts.
func (s *Service) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens, s.quota = map[string]grant{}, map[string]*bucket{}
	s.statuses, s.order, s.verdicts = map[string]*submission{}, nil, nil
}

// store records the events and what processing will say about them.
func (s *Service) store(id string, now time.Time, j *judge) {
	sub := &submission{at: now, dests: make([]outcome, len(j.dests))}
	for i, d := range j.dests {
		sub.dests[i] = outcome{node: d.node, errors: map[string]int{}}
	}
	s.mu.Lock()
	verdicts := s.verdicts
	s.mu.Unlock()
	for _, e := range j.events {
		targets := j.targets(e, "")
		for i, d := range j.dests {
			if !slices.ContainsFunc(targets, func(t destination) bool {
				return t.reference == d.reference && t.target == d.target && t.account == d.account
			}) {
				continue
			}
			seen := s.ledger.Accept(record(d, e))
			sub.dests[i].count++
			if reason := s.process(d, e, now, seen, j.root, verdicts); reason != "" {
				sub.dests[i].errors[reason]++
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.statuses[id] = sub
	s.order = append(s.order, id)
	if len(s.order) > maxSubmissions {
		delete(s.statuses, s.order[0])
		s.order = s.order[1:]
	}
}

// process gives the reason why processing refuses the event, or nothing.
func (s *Service) process(d destination, e jsontree.Node, now time.Time, seen ledger.Outcome, root jsontree.Node, verdicts []call.Verdict) string {
	for _, v := range verdicts {
		if matches(v, d) && share(identify(e), v.Reason) < v.PerMille {
			return reasonPrefix + v.Reason
		}
	}
	if d.kind == adsAccount {
		switch s.consent(e, root) {
		case "CONSENT_DENIED":
			return reasonPrefix + "DENIED_CONSENT"
		case "CONSENT_GRANTED":
		default:
			return reasonPrefix + "UNKNOWN_CONSENT"
		}
	}
	at, _ := timestamp(e.Get("eventTimestamp").Text)
	if now.Sub(at) > maxClickAge {
		return reasonPrefix + "EVENT_TOO_OLD"
	}
	// A repeated transaction id is folded silently, as an adjustment; without
	// one the same click at the same time is a duplicate.
	if e.Get("transactionId").Text == "" && e.Get("adIdentifiers").Get("gclid").Text != "" && seen != ledger.First {
		return reasonPrefix + "DUPLICATE_GCLID"
	}
	return ""
}

// consent resolves ad user data: event, request, account.
func (s *Service) consent(e, root jsontree.Node) string {
	for _, n := range []jsontree.Node{e, root} {
		if v := n.Get("consent").Get("adUserData").Text; v != "" && v != "CONSENT_STATUS_UNSPECIFIED" {
			return v
		}
	}
	return s.cfg.DefaultConsent
}

func matches(v call.Verdict, d destination) bool {
	return v.Destination == "" || v.Destination == d.account || v.Destination == d.target || v.Destination == d.account+"/"+d.target
}

func share(id, salt string) int {
	h := fnv.New64a()
	h.Write([]byte(salt + "\x00" + id)) // never fails
	sum := h.Sum64()
	return int((sum ^ sum>>32) % 1000)
}

type countBody struct {
	RecordCount string `json:"recordCount"`
	Reason      string `json:"reason,omitempty"`
}

type statusEntry struct {
	Destination json.RawMessage `json:"destination"`
	Status      string          `json:"requestStatus"`
	Events      *countBody      `json:"eventsIngestionStatus,omitempty"`
	Errors      *errorCounts    `json:"errorInfo,omitempty"`
}

type errorCounts struct {
	Counts []countBody `json:"errorCounts"`
}

func (s *Service) status(req call.Request) call.Answer {
	if r := s.authorize(req); r != nil {
		return s.Reply(r)
	}
	s.mu.Lock()
	sub := s.statuses[req.Query.Get("requestId")]
	s.mu.Unlock()
	if sub == nil {
		return s.Reply(invalid([]violation{{Field: "request_id", Reason: "INVALID_REQUEST_ID", Description: "The request id is not known."}}))
	}
	entries := make([]statusEntry, 0, len(sub.dests))
	for _, d := range sub.dests {
		entries = append(entries, d.entry(!req.Now.Before(sub.at.Add(s.cfg.ProcessingTime))))
	}
	return reply(http.StatusOK, map[string]any{"requestStatusPerDestination": entries}, nil)
}

func (o outcome) entry(done bool) statusEntry {
	e := statusEntry{Destination: encode(o.node), Status: "PROCESSING"}
	if !done {
		return e
	}
	e.Events = &countBody{RecordCount: strconv.Itoa(o.count)}
	e.Status = "SUCCESS"
	bad := 0
	reasons := make([]string, 0, len(o.errors))
	for reason, n := range o.errors {
		bad += n
		reasons = append(reasons, reason)
	}
	if bad == 0 {
		return e
	}
	slices.Sort(reasons)
	e.Errors = &errorCounts{}
	for _, reason := range reasons {
		e.Errors.Counts = append(e.Errors.Counts, countBody{RecordCount: strconv.Itoa(o.errors[reason]), Reason: reason})
	}
	e.Status = "PARTIAL_SUCCESS"
	if bad == o.count {
		e.Status = "FAILED"
	}
	return e
}

// encode writes a checked destination, an object of strings and objects, back.
func encode(n jsontree.Node) json.RawMessage {
	out := []byte{'{'}
	for _, m := range n.Members {
		if m.Value.Kind == jsontree.Null {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = strconv.AppendQuote(out, m.Name) // names of the schema are plain letters
		out = append(out, ':')
		if m.Value.Kind == jsontree.Object {
			out = append(out, encode(m.Value)...)
			continue
		}
		text, err := json.Marshal(m.Value.Text)
		if err != nil { // strings always marshal
			text = []byte(`""`)
		}
		out = append(out, text...)
	}
	return append(out, '}')
}
