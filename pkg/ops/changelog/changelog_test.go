package changelog_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/fake/topics"
	"github.com/sluicehq/sluice/pkg/ops/apply"
	"github.com/sluicehq/sluice/pkg/ops/changelog"
	"github.com/sluicehq/sluice/schemas"
)

var (
	now   = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	names = topology.Names{Prefix: topology.DefaultPrefix}
)

// history is a cluster on which destinations were applied.
type history struct {
	topics *topics.Topics
	reader *changelog.Reader
	id     codec.SchemaID
}

func newHistory(t *testing.T, kept time.Duration) *history {
	t.Helper()
	h := &history{topics: &topics.Topics{Kept: kept}}
	registry := topics.Registry(t)
	ids, err := registry.IDs(t.Context(), codec.Topics{schemas.Destination: {names.Destinations()}})
	require.NoError(t, err)
	h.id = ids[schemas.Destination]
	h.reader = changelog.New(changelog.Deps{Topics: h.topics, Registry: registry, Names: names, Now: func() time.Time { return now }})
	return h
}

// apply writes a destination so many hours ago; nil removes acme-meta.
func (h *history) apply(ago time.Duration, author string, d *resource.Destination) {
	at := now.Add(-ago)
	r := &kgo.Record{Topic: names.Destinations(), Key: []byte("acme-meta"), Timestamp: at, Headers: apply.Author{Name: author, Reason: "because", At: at}.Headers("1.0")}
	if d != nil {
		r.Key, r.Value = []byte(d.ID), codec.AppendDestination(nil, h.id, d)
	}
	h.topics.Put(r)
}

func destination(owner string) *resource.Destination {
	return &resource.Destination{ID: "acme-meta", Customer: "acme", Provider: "meta", Owner: owner, Active: true}
}

func TestEachApplyIsToldWithWhatItChanged(t *testing.T) {
	t.Parallel()
	h := newHistory(t, 90*24*time.Hour)
	h.apply(3*time.Hour, "ada", destination("growth"))
	h.apply(2*time.Hour, "ben", destination("web"))
	h.apply(time.Hour, "ada", nil)
	answer, err := h.reader.Changes(t.Context(), changelog.Request{Names: []string{"acme-meta"}})
	require.NoError(t, err)
	require.Len(t, answer.Applies, 3)
	var verbs, authors []string
	for _, a := range answer.Applies {
		require.Len(t, a.Changes, 1)
		require.Empty(t, a.Oldest)
		verbs, authors = append(verbs, a.Changes[0].Verb), append(authors, a.Author)
	}
	require.Equal(t, []string{"remove", "change", "create"}, verbs, "newest first")
	require.Equal(t, []string{"ada", "ben", "ada"}, authors)
	require.Equal(t, "2026-11-20T11:00:00Z", answer.Applies[0].AppliedAt)
	require.Equal(t, "because", answer.Applies[0].Reason)
	require.Equal(t, int64(90*24*3600), answer.KeptSeconds)
}

// TestWhatCompactionMayHaveTakenIsNotGuessed: the oldest version that is held
// may have had others before it.
func TestWhatCompactionMayHaveTakenIsNotGuessed(t *testing.T) {
	t.Parallel()
	h := newHistory(t, time.Hour)
	h.apply(3*time.Hour, "ada", destination("growth"))
	answer, err := h.reader.Changes(t.Context(), changelog.Request{})
	require.NoError(t, err)
	require.Equal(t, []string{"Destination acme-meta"}, answer.Applies[0].Oldest)
	require.Empty(t, answer.Applies[0].Changes)
	require.Empty(t, answer.Applies[0].Effects)
}

func TestTheLimitCountsWhatItLeavesOut(t *testing.T) {
	t.Parallel()
	h := newHistory(t, 90*24*time.Hour)
	for i, owner := range []string{"a", "b", "c", "d"} {
		h.apply(time.Duration(10-i)*time.Hour, "ada", destination(owner))
	}
	for name, c := range map[string]struct {
		request    changelog.Request
		told, more int
	}{
		"all":             {changelog.Request{}, 4, 0},
		"limit":           {changelog.Request{Limit: 3}, 3, 1},
		"since":           {changelog.Request{Since: now.Add(-9 * time.Hour)}, 3, 0},
		"since and limit": {changelog.Request{Since: now.Add(-9 * time.Hour), Limit: 1}, 1, 2},
		"another kind":    {changelog.Request{Kind: resource.KindPolicy}, 0, 0},
	} {
		answer, err := h.reader.Changes(t.Context(), c.request)
		require.NoError(t, err, name)
		require.Len(t, answer.Applies, c.told, name)
		require.Equal(t, c.more, answer.More, name)
	}
}

func TestAnUnknownNameIsRefusedWithTheNearest(t *testing.T) {
	t.Parallel()
	h := newHistory(t, 0)
	h.apply(time.Hour, "ada", destination("growth"))
	_, err := h.reader.Changes(t.Context(), changelog.Request{Names: []string{"acme-mta"}})
	var unknown *changelog.UnknownResourceError
	require.ErrorAs(t, err, &unknown)
	require.ErrorContains(t, err, "did you mean acme-meta?")
	known, err := h.reader.Known(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"acme-meta"}, known)
}

func TestARecordThatCannotBeReadIsNamedByItsPlace(t *testing.T) {
	t.Parallel()
	h := newHistory(t, 0)
	h.topics.Put(&kgo.Record{Topic: names.Destinations(), Key: []byte("acme-meta"), Value: []byte("not avro"), Timestamp: now.Add(-time.Hour)})
	answer, err := h.reader.Changes(t.Context(), changelog.Request{})
	require.NoError(t, err)
	require.Equal(t, []string{"Destination acme-meta at " + names.Destinations() + "/0@0"}, answer.Applies[0].Unreadable)
}
