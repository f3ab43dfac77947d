package verdict

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
)

// publish writes a ruling's diagnostic.
func (w *Worker) publish(out *output, s *codec.Submission, r *ruling, now int64) {
	d := w.decision(s, r, now)
	key := append(append([]byte(d.DestinationID), ':'), d.EventID...)
	out.add(w.cfg.Topics.Diagnostics(), key, w.deps.Encoder.AppendDiagnostic(nil, &d))
}

// decision describes a ruling. Every field of an event comes from its earlier
// diagnostic, by way of the submission; what is about a request names no event
// and no mapping, and shares the request's id with its events' diagnostics.
func (w *Worker) decision(s *codec.Submission, r *ruling, now int64) decision.Decision {
	d := decision.Decision{
		Time: now, Stage: decision.StageVerdict, Status: r.status(), Reason: r.verdict.Reason, Message: sentence(r),
		CustomerID: s.CustomerID, DestinationID: s.DestinationID, Provider: s.Provider, Lane: s.Lane, Target: target(s),
		Attempts: s.Polls + 1, ProviderCode: r.code, ProviderMessage: r.verdict.Meaning, ProviderRequestID: s.RequestID,
		Warnings: r.warnings, AppVersion: w.cfg.AppVersion,
	}
	if r.event < 0 {
		d.Events = int32(r.count)
	} else {
		e := event(s, r.event)
		d.Mapping, d.Target, d.SourceEvent = e.Mapping, e.Target, e.SourceEvent
		d.EventID, d.EventIDSource, d.TransactionID = e.EventID, e.EventIDSource, e.TransactionID
		d.EventTime, d.Value, d.Currency = e.EventTime, e.Value, e.Currency
		d.SubjectHash, d.SubjectKeyID = e.SubjectHash, e.SubjectKeyID
		d.Restricted, d.Source, d.ReplayID = e.Restricted, e.Source, e.ReplayID
		d.ClaimKey, d.AlsoKey, d.ClaimWindowMS = e.ClaimKey, e.AlsoKey, e.ClaimWindowMS
		if e.Source.AppendTime > 0 {
			d.LatencyMS = now - e.Source.AppendTime
		}
	}
	d.ID = decision.NewVerdictID(s.RequestID, cmp.Or(r.code, r.verdict.Reason.String()), d.Source, d.Mapping)
	return d
}

// event finds an event by its position in the request.
func event(s *codec.Submission, index int) *codec.SubmittedEvent {
	for i := range s.Events {
		if int(s.Events[i].Index) == index {
			return &s.Events[i]
		}
	}
	return &codec.SubmittedEvent{} // judge names only events of the list
}

// target is what all events of the request are for, empty where they differ.
func target(s *codec.Submission) string {
	for i := range s.Events {
		if s.Events[i].Target != s.Events[0].Target {
			return ""
		}
	}
	if len(s.Events) == 0 {
		return ""
	}
	return s.Events[0].Target
}

// sentence says a ruling to a person.
func sentence(r *ruling) string {
	var b strings.Builder
	b.WriteString(r.verdict.Reason.Info().Sentence)
	b.WriteString(" (")
	word := r.status().String()
	switch {
	case r.event >= 0:
		b.WriteString(word)
	case r.count == 0:
		fmt.Fprintf(&b, "some of %d %s", r.total, word)
	default:
		fmt.Fprintf(&b, "%d of %d %s", r.count, r.total, word)
	}
	for i, part := range []string{r.code, r.verdict.Meaning, r.verdict.Fix} {
		if part != "" {
			b.WriteString([...]string{": ", ": ", " "}[i] + part)
		}
	}
	b.WriteByte(')')
	return b.String()
}

// claims are what an event's refusal gives back.
func (r *ruling) claims(s *codec.Submission) []dedup.Request {
	if r.event < 0 || r.status() != decision.Refused {
		return nil
	}
	e := event(s, r.event)
	var out []dedup.Request
	for _, key := range [...][16]byte{e.ClaimKey, e.AlsoKey} {
		if key != ([16]byte{}) {
			out = append(out, dedup.Request{Key: dedup.Key(key), Owner: dedup.Owner(e.ClaimOwner)})
		}
	}
	return out
}
