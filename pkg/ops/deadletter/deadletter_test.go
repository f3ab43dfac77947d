package deadletter_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/states"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/fake/topics"
	"github.com/sluicehq/sluice/pkg/ops/deadletter"
	"github.com/sluicehq/sluice/schemas"
)

var (
	now   = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	names = topology.Names{Prefix: topology.DefaultPrefix}
)

// decided is a diagnostics topic in memory.
type decided []decision.Decision

func (d *decided) Each(_ context.Context, _ time.Time, take func(*decision.Decision)) (int, error) {
	for i := range *d {
		take(&(*d)[i])
	}
	return 0, nil
}

// office is a cluster with dead letters.
type office struct {
	topics  *topics.Topics
	decided *decided
	desk    *deadletter.Desk
}

// newOffice has one dead letter of the router and three of a sender: 0 and 1 are
// open, 2 was delivered since, and one record is none.
func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{topics: &topics.Topics{}, decided: &decided{}}
	registry := topics.Registry(t)
	ids, err := registry.IDs(t.Context(), codec.Topics{
		schemas.Delivery: {names.DeadDeliveries("meta")}, schemas.DeadLetter: {names.DeadEvents()}, schemas.State: {names.State()},
	})
	require.NoError(t, err)
	writer := codec.NewWriter(ids, "test")
	store := states.New(states.Deps{
		Topics: o.topics, Registry: registry, Topic: names.State(),
		Transaction: func(ctx context.Context, id string) (states.Transaction, error) { return o.topics.Transaction(ctx, id) },
	})
	o.desk = deadletter.New(deadletter.Deps{
		Topics: o.topics, Registry: registry, Diagnostics: o.decided, States: store, Names: names, Providers: []string{"meta"},
		Now: func() time.Time { return now },
	})
	o.topics.Put(&kgo.Record{Topic: names.DeadEvents(), Timestamp: now.Add(-time.Hour), Value: writer.AppendDeadLetter(nil, &codec.DeadLetter{
		Original: codec.Original{Source: event.Coordinates{Topic: "in", Partition: 1, Offset: 7}, Value: []byte("in clear")}, Reason: decision.EventUndecodable, CustomerID: "acme",
	})})
	for i, id := range []string{"e-0", "e-1", "e-2"} {
		q := decision.Delivery{
			Facts: decision.Facts{Customer: "acme", DestinationID: "acme-meta", Mapping: "web"}, Provider: "meta", EventID: id, SourceEvent: "purchase",
			Payload: []byte(`{"event_name":"Purchase"}`), Source: event.Coordinates{Topic: "in", Offset: int64(i)},
		}
		o.topics.Put(&kgo.Record{
			Topic: names.DeadDeliveries("meta"), Timestamp: now.Add(time.Duration(i-3) * time.Minute), Value: writer.AppendDelivery(nil, &q),
			Headers: []kgo.RecordHeader{{Key: codec.HeaderCause, Value: []byte(decision.ProviderRejected.String())}},
		})
	}
	o.topics.Put(&kgo.Record{Topic: names.DeadDeliveries("meta"), Value: []byte("junk"), Timestamp: now})
	*o.decided = append(*o.decided, decision.Decision{
		Stage: decision.StageSender, Status: decision.Delivered, Reason: decision.ReasonDelivered, DestinationID: "acme-meta", Mapping: "web", EventID: "e-2", Time: now.UnixMilli(),
	})
	return o
}

func (o *office) letters(t *testing.T, q deadletter.Request) (ids []string, all []deadletter.Letter, unreadable int) {
	t.Helper()
	unreadable, err := o.desk.Each(t.Context(), q, func(l deadletter.Letter) {
		ids, all = append(ids, l.EventID+":"+string(l.State)), append(all, l)
	})
	require.NoError(t, err)
	return ids, all, unreadable
}

func TestALetterStandsWithWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ids, all, unreadable := o.letters(t, deadletter.Request{})
	require.Equal(t, []string{":open", "e-0:open", "e-1:open", "e-2:delivered"}, ids)
	require.Equal(t, 1, unreadable)
	require.Equal(t, "in/1@7", all[0].Source)
	require.Equal(t, "event.undecodable", all[0].Reason)
	for _, l := range all {
		require.Empty(t, l.Payload, "nobody asked for it")
	}
	_, all, _ = o.letters(t, deadletter.Request{Payload: true})
	require.Empty(t, all[0].Payload, "an original holds personal data in clear")
	require.JSONEq(t, `{"event_name":"Purchase"}`, string(all[1].Payload))
}

// TestALetterThatConsentForbidsIsClosed: no replay can send it today, so nobody
// need look at it. One that fails again for another reason stays open.
func TestALetterThatConsentForbidsIsClosed(t *testing.T) {
	t.Parallel()
	for reason, want := range map[decision.Reason]deadletter.State{
		decision.ConsentDenied: deadletter.Closed, decision.ConsentRevoked: deadletter.Closed, decision.ChoiceGPC: deadletter.Closed,
		decision.ProviderTooOld: deadletter.Open, decision.DestinationInactive: deadletter.Open,
	} {
		o := newOffice(t)
		status := decision.Skipped
		if reason == decision.ConsentRevoked {
			status = decision.Revoked
		}
		*o.decided = append(*o.decided,
			decision.Decision{Stage: decision.StageSender, Status: decision.DeadLettered, Reason: decision.ProviderRejected, ProviderMessage: "no such pixel", DestinationID: "acme-meta", Mapping: "web", EventID: "e-0", Source: event.Coordinates{Topic: "in"}},
			decision.Decision{Stage: decision.StageReplay, Status: status, Reason: reason, DestinationID: "acme-meta", Mapping: "web", EventID: "e-0", Source: event.Coordinates{Topic: "in"}},
		)
		_, all, _ := o.letters(t, deadletter.Request{})
		require.Equal(t, want, all[1].State, reason.String())
		require.Equal(t, "no such pixel", all[1].Message)
		s, err := o.desk.Summary(t.Context(), deadletter.Filter{})
		require.NoError(t, err)
		oldest := now.Add(-3 * time.Minute) // e-0
		if want == deadletter.Closed {
			oldest = now.Add(-2 * time.Minute)
			require.Equal(t, 1, s.Groups[1].Closed)
		}
		require.Equal(t, oldest.Format(time.RFC3339), s.Groups[1].OldestOpen)
	}
}

// TestTheRoutersLetterStandsAsItsReplay: it names no mapping itself; what became
// of it is what became of every mapping that the replay found.
func TestTheRoutersLetterStandsAsItsReplay(t *testing.T) {
	t.Parallel()
	replayed := func(destination string, stage decision.Stage, status decision.Status, reason decision.Reason) decision.Decision {
		return decision.Decision{
			Stage: stage, Status: status, Reason: reason, DestinationID: destination, Mapping: "web", EventID: "r-1", ReplayID: "r",
			Source: event.Coordinates{Topic: "in", Partition: 1, Offset: 7, AppendTime: 5},
		}
	}
	o := newOffice(t)
	for _, step := range []struct {
		said decision.Decision
		want deadletter.State
	}{
		{replayed("acme-meta", decision.StageReplay, decision.Queued, decision.Eligible), deadletter.Pending},
		{replayed("acme-meta", decision.StageSender, decision.Delivered, decision.ReasonDelivered), deadletter.Delivered},
		{replayed("acme-google", decision.StageReplay, decision.Skipped, decision.ConsentDenied), deadletter.Delivered},
		{replayed("acme-hook", decision.StageReplay, decision.Rejected, decision.ProviderTooOld), deadletter.Open},
	} {
		*o.decided = append(*o.decided, step.said)
		_, all, _ := o.letters(t, deadletter.Request{})
		require.Equal(t, step.want, all[0].State)
	}
}

func TestAFilterNarrowsByEachOfItsLists(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for name, c := range map[string]struct {
		filter deadletter.Filter
		want   int
	}{
		"destination": {deadletter.Filter{Destinations: []string{"acme-meta"}}, 3},
		"customer":    {deadletter.Filter{Customers: []string{"other"}}, 0},
		"event":       {deadletter.Filter{Events: []string{"purchase"}}, 3},
		"event id":    {deadletter.Filter{EventIDs: []string{"e-1"}}, 1},
		"reason":      {deadletter.Filter{Reasons: []string{"provider.rejected"}}, 3},
		"prefix":      {deadletter.Filter{Reasons: []string{"event."}}, 1},
		"since":       {deadletter.Filter{Since: now.Add(-2 * time.Minute)}, 2},
		"until":       {deadletter.Filter{Until: now.Add(-30 * time.Minute)}, 1},
	} {
		require.False(t, c.filter.Empty(), name)
		ids, _, _ := o.letters(t, deadletter.Request{Filter: c.filter})
		require.Len(t, ids, c.want, name)
	}
}

func TestASummaryCountsByDestinationAndReason(t *testing.T) {
	t.Parallel()
	s, err := newOffice(t).desk.Summary(t.Context(), deadletter.Filter{})
	require.NoError(t, err)
	require.Equal(t, 4, s.Events)
	require.Equal(t, 3, s.Open)
	require.Equal(t, 1, s.Unreadable)
	require.Len(t, s.Groups, 2)
	require.Equal(t, "acme-meta", s.Groups[1].DestinationID)
	require.Equal(t, 1, s.Groups[1].Delivered)
	require.Equal(t, now.Add(-3*time.Minute).Format(time.RFC3339), s.Groups[1].Oldest)
}

// TestWhatIsGivenUpIsNeverOpenAgain: and a dry run gives nothing up.
func TestWhatIsGivenUpIsNeverOpenAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	one := deadletter.DiscardRequest{Filter: deadletter.Filter{EventIDs: []string{"e-0"}}, Author: "ada"}
	dry := one
	dry.DryRun = true
	answer, err := o.desk.Discard(t.Context(), dry)
	require.NoError(t, err)
	require.False(t, answer.Discarded)
	require.Equal(t, 1, answer.Events)
	require.Empty(t, o.topics.Records(names.State()))
	answer, err = o.desk.Discard(t.Context(), one)
	require.NoError(t, err)
	require.True(t, answer.Discarded)
	answer, err = o.desk.Discard(t.Context(), deadletter.DiscardRequest{Filter: deadletter.Filter{Destinations: []string{"acme-meta"}}})
	require.NoError(t, err)
	require.Equal(t, 1, answer.Events, "e-0 is given up, e-2 was delivered")
	ids, _, _ := o.letters(t, deadletter.Request{})
	require.Equal(t, []string{":open", "e-0:discarded", "e-1:discarded", "e-2:delivered"}, ids)
}
