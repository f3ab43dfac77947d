package trace_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/history"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/diagnostics"
	"github.com/sluicehq/sluice/pkg/ops/trace"
	"github.com/sluicehq/sluice/schemas"
)

// said is a diagnostics topic in memory. It looks for a search's marks in the
// ids that a real one has in its bytes.
type said struct {
	decisions []decision.Decision
	searches  []diagnostics.Search
	err       error
}

func (s *said) Search(_ context.Context, q diagnostics.Search, take func(*decision.Decision) error) (diagnostics.Searched, error) {
	s.searches = append(s.searches, q)
	done := diagnostics.Searched{Partitions: 1}
	for i := range s.decisions {
		d := s.decisions[i]
		done.Records++
		text := []byte(d.EventID + " " + d.TransactionID + " " + d.ProviderRequestID + " " + string(codec.SourceMark(d.Source.Partition, d.Source.Offset)))
		for _, mark := range q.Contains {
			if bytes.Contains(text, mark) {
				done.Decoded++
				if err := take(&d); err != nil {
					return done, err
				}
				break
			}
		}
	}
	return done, s.err
}

// later are submissions of the provider "slow".
type later struct {
	values   [][]byte
	searches []diagnostics.Search
}

func (*later) Asynchronous(provider string) bool { return provider == "slow" }

func (l *later) Search(_ context.Context, _ string, s diagnostics.Search, take func([]byte) (bool, error)) (diagnostics.Searched, error) {
	l.searches = append(l.searches, s)
	for _, value := range l.values {
		if _, err := take(value); err != nil {
			return diagnostics.Searched{}, err
		}
	}
	return diagnostics.Searched{}, nil
}

func decided(id string, at int64, status decision.Status, reason decision.Reason) decision.Decision {
	d := decision.Decision{
		ID: id, Time: at, Stage: decision.StageRouter, Status: status, Reason: reason, CustomerID: "acme", DestinationID: "d", Mapping: "m", Provider: "slow",
		EventID: "e-1", TransactionID: "t-1", SourceEvent: "purchase", Source: event.Coordinates{Topic: "in", Partition: 3, Offset: 41},
	}
	if status == decision.Delivered {
		d.Stage, d.ProviderRequestID = decision.StageSender, "r-1"
	}
	return d
}

func tracer(t *testing.T, log *said, l *later) (*trace.Tracer, *codec.Registry) {
	t.Helper()
	registry := srfake.NewRegistry()
	t.Cleanup(registry.Close)
	server := httptest.NewServer(registry.Handler())
	t.Cleanup(server.Close)
	client, err := sr.NewClient(sr.URLs(server.URL))
	require.NoError(t, err)
	known := codec.NewRegistry(codec.RegistryConfig{}, codec.RegistryDeps{Client: client})
	tracer, err := trace.New(trace.Deps{
		Diagnostics: log, Submissions: l, Registry: known,
		Committed: func(context.Context, int32) (int64, error) { return 40, nil },
	})
	require.NoError(t, err)
	return tracer, known
}

func TestATraceTellsWhatBecameOfAnEvent(t *testing.T) {
	t.Parallel()
	log := &said{decisions: []decision.Decision{
		decided("1", 1000, decision.Queued, decision.Eligible), decided("2", 2000, decision.Delivered, decision.ReasonDelivered),
	}}
	l := &later{}
	tr, registry := tracer(t, log, l)
	id, err := registry.Register(t.Context(), "submissions", schemas.Submission)
	require.NoError(t, err)
	writer := codec.NewWriter(codec.IDs{schemas.Submission: id}, "test")
	l.values = [][]byte{
		[]byte("nothing that anybody can read"),
		writer.AppendSubmission(nil, &codec.Submission{RequestID: "r-1", DestinationID: "d", Records: 20, Polls: 1}),
		writer.AppendSubmission(nil, &codec.Submission{RequestID: "r-1", DestinationID: "d", Records: 20, Polls: 2}),
		writer.AppendSubmission(nil, &codec.Submission{RequestID: "r-2", DestinationID: "d", Records: 20, Polls: 2}),
	}
	answer, err := tr.Trace(t.Context(), trace.Request{Query: history.Query{IDs: []string{"e-1"}}})
	require.NoError(t, err)
	text, err := json.Marshal(answer)
	require.NoError(t, err)
	var got struct {
		Found   bool
		Records []struct {
			Source   string
			EventID  string `json:"event_id"`
			Outcomes []struct {
				State, Status, Provider string
				Steps                   []struct {
					Status string
				}
			}
		}
		Waiting []trace.Waiting      `json:"waiting_verdicts"`
		Looked  diagnostics.Searched `json:"looked_at"`
	}
	require.NoError(t, json.Unmarshal(text, &got))
	require.True(t, got.Found)
	require.Len(t, got.Records, 1)
	require.Equal(t, "in/3@41", got.Records[0].Source)
	require.Equal(t, "delivered", got.Records[0].Outcomes[0].Status)
	require.Len(t, got.Records[0].Outcomes[0].Steps, 2)
	require.Equal(t, []trace.Waiting{{RequestID: "r-1", DestinationID: "d", Records: 20, Asked: 2}}, got.Waiting, "the newest word")
	require.Equal(t, int64(2), got.Looked.Records)
	require.Len(t, log.searches, 2, "the event, then its request")
	require.Equal(t, []string{"d:"}, log.searches[1].Keys)
	require.Equal(t, []string{"r-1"}, l.searches[0].Keys)
}

// The id may be a transaction's, whose events have keys of their own.
func TestATraceLooksEverywhereWhereItsKeysHadNothing(t *testing.T) {
	t.Parallel()
	log := &said{}
	tr, _ := tracer(t, log, &later{})
	q := trace.Request{Query: history.Query{IDs: []string{"e-1"}}, Search: diagnostics.Search{Keys: []string{"d:e-1"}}}
	answer, err := tr.Trace(t.Context(), q)
	require.NoError(t, err)
	require.False(t, answer.Found)
	require.Nil(t, answer.Unread)
	require.Len(t, log.searches, 2)
	require.Nil(t, log.searches[1].Keys)
	text, err := json.Marshal(answer)
	require.NoError(t, err)
	require.JSONEq(t, `{"found":false,"records":[],"requests":[],"waiting_verdicts":[],"looked_at":{"records":0,"decoded":0,"unreadable":0,"partitions":1}}`, string(text))
}

func TestARecordThatTheRouterHasNotReadIsSaid(t *testing.T) {
	t.Parallel()
	tr, _ := tracer(t, &said{}, &later{})
	for offset, want := range map[int64]*trace.Unread{39: nil, 40: {Partition: 3, Committed: 40}} {
		answer, err := tr.Trace(t.Context(), trace.Request{Query: history.Query{Source: &event.Coordinates{Topic: "in", Partition: 3, Offset: offset}}})
		require.NoError(t, err)
		require.Equal(t, want, answer.Unread)
	}
}

func TestASearchThatFailsIsNoAnswer(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	tr, _ := tracer(t, &said{err: boom}, &later{})
	_, err := tr.Trace(t.Context(), trace.Request{Query: history.Query{IDs: []string{"e-1"}}})
	require.ErrorIs(t, err, boom)
}
