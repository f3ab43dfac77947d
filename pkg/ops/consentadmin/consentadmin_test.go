package consentadmin_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/fake/topics"
	"github.com/sluicehq/sluice/pkg/ops/consentadmin"
)

const (
	topic = "sluice.consent"
	keys  = "sluice.subject-keys"
	input = "analytics.events"
	day   = 24 * time.Hour
)

var (
	now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	ada = consentadmin.Author{Name: "ada", Method: "test"}
)

// desk is an Admin over topics in memory.
type desk struct {
	*consentadmin.Admin
	topics    *topics.Topics
	decisions []decision.Decision
	pseudonym identity.Pseudonym
	clock     time.Time
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{topics: &topics.Topics{Retention: 7 * day}, pseudonym: identity.NewPseudonym("k1", []byte("0123456789abcdef0123456789abcdef")), clock: now}
	d.Admin = consentadmin.New(consentadmin.Deps{
		Topics: d.topics, Registry: topics.Registry(t), Topic: topic, Keys: keys, Pending: []string{input}, Pseudonym: d.pseudonym, Version: "9.9",
		Producer: func() (consentadmin.Producer, error) { return d, nil },
		Decisions: func(_ context.Context, _ time.Time, take func(*decision.Decision)) error {
			for i := range d.decisions {
				take(&d.decisions[i])
			}
			return nil
		},
		Now: func() time.Time { return d.clock },
	})
	return d
}

// Produce stores records at the clock's time.
func (d *desk) Produce(ctx context.Context, records ...*kgo.Record) error {
	for _, r := range records {
		r.Timestamp = d.clock
	}
	return d.topics.Produce(ctx, records...)
}

// Close makes a desk a producer.
func (d *desk) Close(context.Context) error { return nil }

func who(id string) consentadmin.Subject {
	return consentadmin.Subject{Customer: "acme", ID: identity.NewRaw(id)}
}

func grant(r *consent.Record) error { r.AdUserData = consent.Text("granted"); return nil }

func gpc(r *consent.Record) error { r.GPC = consent.True; return nil }

func TestSettingKeepsWhatIsNotNamed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, change := range []func(*consent.Record) error{grant, gpc} {
		_, err := d.Set(t.Context(), consentadmin.SetRequest{Subject: who("s"), Author: ada, Change: change})
		require.NoError(t, err)
	}
	entry, err := d.Get(t.Context(), who("s"))
	require.NoError(t, err)
	require.Equal(t, "granted", entry.Record.AdUserData.Value)
	require.Equal(t, consent.True, entry.Record.GPC)
	require.Equal(t, now.UnixMilli(), entry.Record.UpdatedAt)
	written := d.topics.Records(topic)[1]
	require.Equal(t, "acme:s", string(written.Key))
	require.Equal(t, "ada", topics.Header(written, codec.HeaderAuthor))
	require.Equal(t, "test", topics.Header(written, codec.HeaderMethod))
	none, err := d.Get(t.Context(), who("other"))
	require.NoError(t, err)
	require.Nil(t, none)
	_, err = d.Set(t.Context(), consentadmin.SetRequest{Subject: who("s"), Change: func(*consent.Record) error { return errors.New("no") }})
	require.EqualError(t, err, "no")
	require.Len(t, d.topics.Records(topic), 2)
}

// TestOnlyAGrantLiftsAnErasure: anything else would remove it silently.
func TestOnlyAGrantLiftsAnErasure(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, err := d.Erase(t.Context(), consentadmin.EraseRequest{Subject: who("s"), Author: ada})
	require.NoError(t, err)
	_, err = d.Set(t.Context(), consentadmin.SetRequest{Subject: who("s"), Author: ada, Change: gpc})
	require.ErrorIs(t, err, consentadmin.ErrErased)
	answer, err := d.Import(t.Context(), consentadmin.ImportRequest{Records: []codec.SubjectRecord{{CustomerID: "acme", SubjectID: identity.NewRaw("s")}}})
	require.NoError(t, err)
	require.Equal(t, consentadmin.ImportAnswer{Records: 1, Erased: 1}, answer)
	require.Len(t, d.topics.Records(topic), 1)
	_, err = d.Set(t.Context(), consentadmin.SetRequest{Subject: who("s"), Author: ada, Change: grant})
	require.NoError(t, err)
	entry, err := d.Get(t.Context(), who("s"))
	require.NoError(t, err)
	require.False(t, entry.Erased)
}

func TestAnErasureListsWhatWasSentAndWhatItStopped(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	hash := d.pseudonym.Subject("acme", identity.NewRaw("s"))
	said := func(event string, status decision.Status, reason decision.Reason) decision.Decision {
		return decision.Decision{
			Stage: decision.StageSender, Status: status, Reason: reason, SubjectHash: hash, CustomerID: "acme", DestinationID: "d", Mapping: "m", Provider: "meta",
			EventID: event, SourceEvent: "purchase", Time: now.UnixMilli(),
		}
	}
	other := said("e-3", decision.Delivered, decision.ReasonDelivered)
	other.SubjectHash = "another"
	d.decisions = []decision.Decision{said("e-1", decision.Delivered, decision.ReasonDelivered), said("e-2", decision.Queued, decision.Eligible), other}
	for _, c := range []struct {
		dry  bool
		want []string
	}{{true, []string{"e-1 sent", "e-2 waiting"}}, {false, []string{"e-1 sent", "e-2 stopped"}}} {
		stopped := false
		answer, err := d.Erase(t.Context(), consentadmin.EraseRequest{Subject: who("s"), Author: ada, DryRun: c.dry, Erased: func() { stopped = true }})
		require.NoError(t, err)
		require.Equal(t, !c.dry, answer.Erased)
		require.Equal(t, !c.dry, stopped)
		var got []string
		for _, s := range answer.Events {
			got = append(got, s.EventID+" "+s.State)
		}
		require.Equal(t, c.want, got)
	}
}

func TestAnImportLeavesOutWhatIsOlder(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, err := d.Set(t.Context(), consentadmin.SetRequest{Subject: who("a"), Author: ada, Change: grant})
	require.NoError(t, err)
	old := codec.SubjectRecord{CustomerID: "acme", SubjectID: identity.NewRaw("a"), Record: consent.Record{UpdatedAt: now.Add(-day).UnixMilli()}}
	first := codec.SubjectRecord{CustomerID: "acme", SubjectID: identity.NewRaw("b")}
	last := codec.SubjectRecord{CustomerID: "acme", SubjectID: identity.NewRaw("b"), Record: consent.Record{Source: "last"}}
	q := consentadmin.ImportRequest{Records: []codec.SubjectRecord{old, first, last}, Author: ada, DryRun: true}
	answer, err := d.Import(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, consentadmin.ImportAnswer{Records: 2, Written: 1, Older: 1, DryRun: true}, answer)
	require.Len(t, d.topics.Records(topic), 1)
	q.DryRun, q.Overwrite = false, true
	answer, err = d.Import(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, 2, answer.Written)
	entry, err := d.Get(t.Context(), who("b"))
	require.NoError(t, err)
	require.Equal(t, "last", entry.Record.Source, "the last line of a subject wins")
}

// TestAMarkerStaysWhileSomethingOlderCanBePending: and a record that comes while
// markers are removed is written again.
func TestAMarkerStaysWhileSomethingOlderCanBePending(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, err := d.Erase(t.Context(), consentadmin.EraseRequest{Subject: who("s"), Author: ada})
	require.NoError(t, err)
	d.clock = now.Add(60 * day)
	var pending *consentadmin.PendingError
	_, err = d.Purge(t.Context(), consentadmin.PurgeRequest{OlderThan: 6 * day})
	require.ErrorAs(t, err, &pending)
	require.Equal(t, 7*day, pending.Keeps)
	for name, c := range map[string]struct {
		q    consentadmin.PurgeRequest
		want int
	}{
		"too young":      {consentadmin.PurgeRequest{OlderThan: 61 * day, DryRun: true}, 0},
		"another's":      {consentadmin.PurgeRequest{OlderThan: 30 * day, Customers: []string{"acm"}, DryRun: true}, 0},
		"the customer's": {consentadmin.PurgeRequest{OlderThan: 30 * day, Customers: []string{"acme"}, DryRun: true}, 1},
	} {
		answer, err := d.Purge(t.Context(), c.q)
		require.NoError(t, err, name)
		require.Equal(t, c.want, answer.Purged, name)
	}
	require.Len(t, d.topics.Records(topic), 1)
	answer, err := d.Purge(t.Context(), consentadmin.PurgeRequest{OlderThan: 30 * day, Author: ada})
	require.NoError(t, err)
	require.Equal(t, consentadmin.PurgeAnswer{Purged: 1}, answer)
	entry, err := d.Get(t.Context(), who("s"))
	require.NoError(t, err)
	require.Nil(t, entry)
}
