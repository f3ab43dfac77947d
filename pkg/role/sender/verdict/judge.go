package verdict

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/provider"
)

// ruling is one diagnostic to be: about one event, or about a request.
type ruling struct {
	verdict provider.Verdict
	// code is the provider's own reason; empty where it has none, as for what
	// it has simply taken.
	code string
	// event is the place in the submission's list; -1: the request as a whole.
	event int
	// count of total records are meant.
	count, total int
	warnings     []string
}

func (r *ruling) status() decision.Status { return r.verdict.Reason.Info().Status }

// judge reads a finished status. It names events only where the counts leave
// no doubt: the request held one event, all were refused for one reason, or the
// provider names positions.
func judge(s *codec.Submission, st *provider.RequestStatus, by provider.Verdicts) []ruling {
	sent := int(s.Records)
	total := sent
	if st.Records > 0 {
		total = int(st.Records)
	}
	var out []ruling
	blamed := 0
	for _, e := range reasons(st, total) {
		n := int(min(e.Count, int64(total)))
		blamed += n
		events := s.Events
		switch {
		case len(e.Indices) == n:
			events = named(s, e.Indices)
		case n != sent || total != sent || len(s.Events) != sent:
			events = nil
		}
		if len(events) < n || n == 0 {
			v := by.ClassifyVerdict(e.Reason, announced(s, n))
			out = append(out, ruling{verdict: v, code: e.Reason, event: -1, count: n, total: total})
			continue
		}
		for i := range events {
			v := by.ClassifyVerdict(e.Reason, events[i].Restricted)
			out = append(out, ruling{verdict: v, code: e.Reason, event: int(events[i].Index), count: 1, total: total})
		}
	}
	certain := st.State == provider.StateSuccess || blamed > 0
	if taken := total - blamed; taken > 0 && certain && st.State != provider.StateFailed {
		r := ruling{verdict: provider.Verdict{Reason: decision.VerdictConfirmed, Known: true}, event: -1, count: taken, total: total}
		if sent == 1 && len(s.Events) == 1 && taken == 1 {
			r.event = 0
		}
		out = append(out, r)
	}
	remarks := remarks(s, st)
	for i := range out {
		out[i].warnings = remarks
	}
	return out
}

// reasons are the counts, one for each reason, in a stable order. A failure
// without any counts is the whole request's; of a partial one without any,
// nobody knows how many are meant.
func reasons(st *provider.RequestStatus, total int) []provider.ReasonCount {
	var out []provider.ReasonCount
	for _, e := range st.Errors {
		i := slices.IndexFunc(out, func(o provider.ReasonCount) bool { return o.Reason == e.Reason })
		if i < 0 {
			out = append(out, e)
			continue
		}
		out[i].Count += e.Count
		out[i].Indices = append(slices.Clone(out[i].Indices), e.Indices...)
	}
	if len(out) == 0 && st.State == provider.StateFailed {
		out = append(out, provider.ReasonCount{Count: int64(total)})
	}
	if len(out) == 0 && st.State == provider.StatePartial {
		out = append(out, provider.ReasonCount{})
	}
	slices.SortFunc(out, func(a, b provider.ReasonCount) int { return cmp.Compare(a.Reason, b.Reason) })
	return out
}

// named are the events at positions of the request; fewer where the list does
// not have them.
func named(s *codec.Submission, positions []int) []codec.SubmittedEvent {
	var out []codec.SubmittedEvent
	for _, p := range positions {
		if i := slices.IndexFunc(s.Events, func(e codec.SubmittedEvent) bool { return int(e.Index) == p }); i >= 0 {
			out = append(out, s.Events[i])
		}
	}
	return out
}

// announced says whether n refusals can all be of records that were sent
// without consent, as announced: their refusal is expected then. It does not
// say which they are.
func announced(s *codec.Submission, n int) bool {
	restricted := 0
	for i := range s.Events {
		if s.Events[i].Restricted {
			restricted++
		}
	}
	return n > 0 && n <= restricted
}

// remarks are what the provider said besides.
func remarks(s *codec.Submission, st *provider.RequestStatus) []string {
	var out []string
	for _, w := range st.Warnings {
		out = append(out, fmt.Sprintf("%s: %d records", w.Reason, w.Count))
	}
	if st.Records > 0 && st.Records != int64(s.Records) {
		out = append(out, fmt.Sprintf("the provider counts %d records of the %d that were sent", st.Records, s.Records))
	}
	return out
}
