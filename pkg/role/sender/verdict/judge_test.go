package verdict_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender/verdict"
)

// desk is a worker whose surroundings are all made up: the provider says what
// the test says.
type desk struct {
	submission codec.Submission
	status     provider.RequestStatus
	answer     provider.Answer
	err        error
	unread     error // what decoding gives
	noClaims   error

	decisions []decision.Decision
	next      []codec.Submission
	forgotten []dedup.Request
}

func (d *desk) Ask(_ context.Context, q verdict.Question) (provider.Answer, error) {
	if d.err != nil {
		return provider.Answer{}, d.err
	}
	q.Request(&provider.Endpoint{})
	return q.Read(&provider.Response{}), nil
}

func (d *desk) StatusRequest(*provider.Endpoint, string) provider.Request { return provider.Request{} }
func (d *desk) ParseStatus(*provider.Response) (provider.RequestStatus, provider.Answer) {
	return d.status, d.answer
}

// ClassifyVerdict reads the class out of the reason's name.
func (d *desk) ClassifyVerdict(reason string, restricted bool) provider.Verdict {
	v := provider.Verdict{Reason: decision.VerdictRefused, Meaning: "what " + reason + " means"}
	switch {
	case strings.HasPrefix(reason, "DUPLICATE"):
		v.Reason = decision.VerdictConfirmed
	case strings.HasPrefix(reason, "UNMATCHED"):
		v.Reason = decision.VerdictUnmatched
	case strings.HasPrefix(reason, "CONSENT") && restricted:
		v.Reason = decision.VerdictConsentDenied
	}
	return v
}

func (d *desk) Decode(_ context.Context, _ []byte, dst *codec.Submission) error {
	*dst = d.submission
	return d.unread
}

func (d *desk) Forget(_ context.Context, requests []dedup.Request) error {
	d.forgotten = append(d.forgotten, requests...)
	return d.noClaims
}

func (d *desk) AppendDiagnostic(dst []byte, x *decision.Decision) []byte {
	d.decisions = append(d.decisions, *x)
	return append(dst, "diagnostic"...)
}

func (d *desk) AppendSubmission(dst []byte, s *codec.Submission) []byte {
	d.next = append(d.next, *s)
	return append(dst, "submission"...)
}

var clock = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func (d *desk) work(t *testing.T, bypass bool) ([]*kgo.Record, error) {
	t.Helper()
	w := verdict.New(verdict.Config{Provider: "google", Bypass: bypass, AppVersion: "v1"}, verdict.Deps{
		Asker: d, Verdicts: d, Submissions: d, Claims: d, Encoder: d, Now: func() time.Time { return clock },
	})
	return w.Work(t.Context(), transact.Batch{Records: []*kgo.Record{{Value: []byte("x")}}})
}

// submitted is a request of n events, of which the first were restricted.
func submitted(n, restricted int) codec.Submission {
	s := codec.Submission{
		RequestID: "r-1", DestinationID: "ads", CustomerID: "acme", Provider: "google", Records: int32(n),
		SubmittedAt: clock.Add(-time.Hour).UnixMilli(), Lane: decision.LaneRealtime,
	}
	for i := range n {
		s.Events = append(s.Events, codec.SubmittedEvent{
			EventID: fmt.Sprintf("e-%d", i), Mapping: "m", Target: "t", Index: int32(i), Restricted: i < restricted,
			Source:   event.Coordinates{Topic: "in", Offset: int64(i)},
			ClaimKey: [16]byte{1, byte(i)}, ClaimOwner: int64(i),
		})
	}
	return s
}

func count(reason string, n int64, indices ...int) provider.ReasonCount {
	return provider.ReasonCount{Reason: reason, Count: n, Indices: indices}
}

// What the counts allow to say, and no more. Each line of want is event (or
// "batch"), reason, and the words in the message.
func TestJudgement(t *testing.T) {
	tests := []struct {
		name       string
		submission codec.Submission
		status     provider.RequestStatus
		want       []string
		forgotten  int
	}{
		{"all taken", submitted(3, 0), provider.RequestStatus{State: provider.StateSuccess, Records: 3},
			[]string{"batch verdict.confirmed (3 of 3 confirmed)"}, 0},
		{"all taken, uncounted", submitted(3, 0), provider.RequestStatus{State: provider.StateSuccess},
			[]string{"batch verdict.confirmed (3 of 3 confirmed)"}, 0},
		{"one taken", submitted(1, 0), provider.RequestStatus{State: provider.StateSuccess, Records: 1},
			[]string{"e-0 verdict.confirmed (confirmed)"}, 0},
		{"one refused", submitted(1, 0), provider.RequestStatus{State: provider.StateFailed, Records: 1, Errors: []provider.ReasonCount{count("BAD", 1)}},
			[]string{"e-0 verdict.refused (refused: BAD: what BAD means)"}, 1},
		{"all alike", submitted(2, 0), provider.RequestStatus{State: provider.StateFailed, Records: 2, Errors: []provider.ReasonCount{count("BAD", 2)}},
			[]string{"e-0 verdict.refused (refused: BAD", "e-1 verdict.refused (refused: BAD"}, 2},
		{"all refused for two reasons", submitted(3, 0), provider.RequestStatus{State: provider.StateFailed, Records: 3, Errors: []provider.ReasonCount{count("Z", 1), count("BAD", 2)}},
			[]string{"batch verdict.refused (2 of 3 refused: BAD", "batch verdict.refused (1 of 3 refused: Z"}, 0},
		{"one reason in two rows", submitted(2, 0), provider.RequestStatus{State: provider.StateFailed, Records: 2, Errors: []provider.ReasonCount{count("BAD", 1), count("BAD", 1)}},
			[]string{"e-0 verdict.refused (refused: BAD", "e-1 verdict.refused (refused: BAD"}, 2},
		{"some", submitted(5, 0), provider.RequestStatus{State: provider.StatePartial, Records: 5, Errors: []provider.ReasonCount{count("BAD", 2), count("UNMATCHED", 1)}},
			[]string{"batch verdict.refused (2 of 5 refused: BAD", "batch verdict.unmatched (1 of 5 confirmed: UNMATCHED", "batch verdict.confirmed (2 of 5 confirmed)"}, 0},
		{"named by position", submitted(3, 0), provider.RequestStatus{State: provider.StatePartial, Records: 3, Errors: []provider.ReasonCount{count("BAD", 1, 2)}},
			[]string{"e-2 verdict.refused (refused: BAD", "batch verdict.confirmed (2 of 3 confirmed)"}, 1},
		{"named by a position that is not there", submitted(3, 0), provider.RequestStatus{State: provider.StatePartial, Records: 3, Errors: []provider.ReasonCount{count("BAD", 1, 9)}},
			[]string{"batch verdict.refused (1 of 3 refused: BAD", "batch verdict.confirmed (2 of 3 confirmed)"}, 0},
		{"all unmatched stay", submitted(2, 0), provider.RequestStatus{State: provider.StateFailed, Records: 2, Errors: []provider.ReasonCount{count("UNMATCHED", 2)}},
			[]string{"e-0 verdict.unmatched (confirmed: UNMATCHED", "e-1 verdict.unmatched (confirmed: UNMATCHED"}, 0},
		{"failed without a reason", submitted(2, 0), provider.RequestStatus{State: provider.StateFailed, Records: 2},
			[]string{"e-0 verdict.refused (refused: what", "e-1 verdict.refused (refused: what"}, 2},
		{"partial without a reason", submitted(2, 0), provider.RequestStatus{State: provider.StatePartial, Records: 2},
			[]string{"batch verdict.refused (some of 2 refused: what"}, 0},
		{"the provider counts fewer", submitted(3, 0), provider.RequestStatus{State: provider.StateFailed, Records: 2, Errors: []provider.ReasonCount{count("BAD", 2)}},
			[]string{"batch verdict.refused (2 of 2 refused: BAD"}, 0},
		{"the provider counts more", submitted(2, 0), provider.RequestStatus{State: provider.StatePartial, Records: 3, Errors: []provider.ReasonCount{count("BAD", 2)}},
			[]string{"batch verdict.refused (2 of 3 refused: BAD", "batch verdict.confirmed (1 of 3 confirmed)"}, 0},
		{"restricted ones explain it", submitted(5, 2), provider.RequestStatus{State: provider.StatePartial, Records: 5, Errors: []provider.ReasonCount{count("CONSENT", 2)}},
			[]string{"batch verdict.consent_denied (2 of 5 refused: CONSENT", "batch verdict.confirmed (3 of 5 confirmed)"}, 0},
		{"restricted ones do not explain it", submitted(5, 2), provider.RequestStatus{State: provider.StatePartial, Records: 5, Errors: []provider.ReasonCount{count("CONSENT", 3)}},
			[]string{"batch verdict.refused (3 of 5 refused: CONSENT", "batch verdict.confirmed (2 of 5 confirmed)"}, 0},
		{"all alike, some restricted", submitted(2, 1), provider.RequestStatus{State: provider.StateFailed, Records: 2, Errors: []provider.ReasonCount{count("CONSENT", 2)}},
			[]string{"e-0 verdict.consent_denied (refused: CONSENT", "e-1 verdict.refused (refused: CONSENT"}, 2},
		{"a list that did not fit", codec.Submission{RequestID: "r", DestinationID: "ads", Records: 2}, provider.RequestStatus{State: provider.StateFailed, Records: 2, Errors: []provider.ReasonCount{count("BAD", 2)}},
			[]string{"batch verdict.refused (2 of 2 refused: BAD"}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := &desk{submission: tt.submission, status: tt.status}
			records, err := d.work(t, false)
			require.NoError(t, err)
			require.Len(t, records, len(tt.want))
			require.Len(t, d.decisions, len(tt.want))
			require.Len(t, d.forgotten, tt.forgotten)
			require.Empty(t, d.next)
			ids := map[string]bool{}
			for i, want := range tt.want {
				got := d.decisions[i]
				who, rest, _ := strings.Cut(want, " ")
				reason, words, _ := strings.Cut(rest, " ")
				if who == "batch" {
					who = ""
				}
				require.Equal(t, who, got.EventID)
				require.Equal(t, reason, got.Reason.String())
				require.Equal(t, got.Reason.Info().Status, got.Status)
				require.Contains(t, got.Message, words)
				require.Equal(t, decision.StageVerdict, got.Stage)
				require.Equal(t, tt.submission.RequestID, got.ProviderRequestID)
				require.Equal(t, "ads:"+got.EventID, string(records[i].Key))
				require.False(t, ids[got.ID])
				ids[got.ID] = true
			}
		})
	}
}

// Remarks of the provider are kept.
func TestWarningsAreKept(t *testing.T) {
	d := &desk{submission: submitted(3, 0), status: provider.RequestStatus{
		State: provider.StateSuccess, Records: 2, Warnings: []provider.ReasonCount{count("ODD", 1)},
	}}
	_, err := d.work(t, false)
	require.NoError(t, err)
	require.Equal(t, []string{"ODD: 1 records", "the provider counts 2 records of the 3 that were sent"}, d.decisions[0].Warnings)
}

// Both claims of an event are given back together.
func TestBothClaimsAreGivenBack(t *testing.T) {
	d := &desk{submission: submitted(1, 0), status: provider.RequestStatus{State: provider.StateFailed, Records: 1}}
	d.submission.Events[0].AlsoKey = [16]byte{9}
	_, err := d.work(t, false)
	require.NoError(t, err)
	require.Equal(t, []dedup.Request{{Key: dedup.Key{1}}, {Key: dedup.Key{9}}}, d.forgotten)
}

// What of ours is missing gives the batch up; what the provider lacks never
// does.
func TestWhatIsWaitedFor(t *testing.T) {
	broken := errors.New("broken")
	refused := provider.RequestStatus{State: provider.StateFailed, Records: 1}
	tests := []struct {
		name   string
		desk   desk
		bypass bool
		wait   bool
		said   int
		again  int
	}{
		{name: "the sender or its tables", desk: desk{err: broken}, wait: true},
		{name: "the registry", desk: desk{unread: &codec.PendingError{}}, wait: true},
		{name: "the claims", desk: desk{status: refused, noClaims: broken}, wait: true, said: 1},
		{name: "the claims, bypassed", desk: desk{status: refused, noClaims: broken}, bypass: true, said: 1},
		{name: "not a submission", desk: desk{unread: broken}},
		{name: "the destination is gone", desk: desk{err: fmt.Errorf("asking: %w", verdict.ErrGone)}},
		{name: "the request is unknown", desk: desk{answer: provider.Answer{Class: provider.Invalid}}},
		{name: "an answer in no table", desk: desk{answer: provider.Answer{Class: provider.Invalid, Unmapped: true}}, again: 1},
		{name: "the provider is down", desk: desk{answer: provider.Answer{Class: provider.Transient}}, again: 1},
		{name: "the provider cannot say", desk: desk{status: provider.RequestStatus{State: provider.StateUnknown}}, again: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := tt.desk
			d.submission = submitted(1, 0)
			records, err := d.work(t, tt.bypass)
			require.Equal(t, tt.wait, errors.Is(err, transact.ErrWait), "%v", err)
			require.Len(t, d.decisions, tt.said)
			require.Len(t, d.next, tt.again)
			if !tt.wait {
				require.NoError(t, err)
				require.Len(t, records, tt.said+tt.again)
			}
			for _, s := range d.next {
				require.EqualValues(t, 1, s.Polls)
				require.Equal(t, clock.Add(30*time.Minute).UnixMilli(), s.NextPoll)
			}
		})
	}
}
