package health_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	core "github.com/sluicehq/sluice/pkg/core/health"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/diagnostics"
	"github.com/sluicehq/sluice/pkg/ops/health"
)

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// said is a diagnostics topic in memory.
type said struct {
	decisions []decision.Decision
	since     time.Time
	err       error
}

func (s *said) Search(_ context.Context, q diagnostics.Search, take func(*decision.Decision) error) (diagnostics.Searched, error) {
	s.since = q.Since
	for i := range s.decisions {
		if err := take(&s.decisions[i]); err != nil {
			return diagnostics.Searched{}, err
		}
	}
	return diagnostics.Searched{Records: int64(len(s.decisions))}, s.err
}

func reporter(log *said, statuses ...core.Status) *health.Reporter {
	return health.New(health.Deps{
		Diagnostics: log, Now: func() time.Time { return now },
		Applied: func(context.Context) ([]*resource.Destination, error) {
			return []*resource.Destination{
				{ID: "a", Customer: "acme", Provider: "meta", Active: true}, {ID: "b", Customer: "acme", Provider: "google", Active: true},
				{ID: "c", Customer: "other", Provider: "meta", Active: true},
			}, nil
		},
		Statuses: func(context.Context) ([]core.Status, error) { return statuses, nil },
		Versions: func([]*resource.Destination) map[string]core.Version { return nil },
		Blind:    func(provider string) bool { return provider == "google" },
	})
}

func names(a *health.Answer) []string {
	all := []string{}
	for _, d := range a.Destinations {
		all = append(all, d.DestinationID)
	}
	return all
}

func TestARequestNamesItsDestinations(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ask  health.Request
		want []string
	}{
		"all":      {health.Request{}, []string{"a", "b", "c"}},
		"customer": {health.Request{Customer: "acme"}, []string{"a", "b"}},
		"named":    {health.Request{Destinations: []string{"c", "a"}}, []string{"a", "c"}},
		"both":     {health.Request{Customer: "acme", Destinations: []string{"c"}}, []string{}},
	} {
		c.ask.Span = time.Hour
		answer, err := reporter(&said{}).Health(t.Context(), c.ask)
		require.NoError(t, err)
		require.Equal(t, c.want, names(&answer), name)
		require.Len(t, answer.Reports, len(c.want), name)
		require.Len(t, answer.Alerts, len(answer.Judged), name)
	}
}

func TestTheAnswerCountsWhatFallsIntoTheSpan(t *testing.T) {
	t.Parallel()
	at := func(ago time.Duration, id string) decision.Decision {
		return decision.Decision{
			ID: id, Time: now.Add(-ago).UnixMilli(), Stage: decision.StageSender, Status: decision.Delivered, Reason: decision.ReasonDelivered,
			CustomerID: "acme", DestinationID: "a", Mapping: "m", EventID: id, SourceEvent: "purchase", Provider: "meta",
		}
	}
	log := &said{decisions: []decision.Decision{at(2*time.Hour, "1"), at(30*time.Minute, "2"), at(time.Minute, "3")}}
	answer, err := reporter(log, core.Status{Destination: "a", Sender: "s", State: "blocked", Reason: decision.CredentialsInvalid, Message: "refused", UpdatedAt: now.UnixMilli()}).
		Health(t.Context(), health.Request{Span: time.Hour, Destinations: []string{"a"}})
	require.NoError(t, err)
	require.Equal(t, "2026-11-20T12:00:00.000Z", answer.At)
	require.InDelta(t, 3600, answer.WindowSeconds, 0)
	require.Equal(t, 2, answer.Destinations[0].Counts["delivered"])
	require.Equal(t, "2026-11-20T11:59:00.000Z", answer.Destinations[0].Freshness.LastDelivered)
	require.Equal(t, "blocked", answer.Destinations[0].State)
	require.Equal(t, "refused", answer.Destinations[0].StateMessage)
	require.Equal(t, now.Add(-core.RecentSpan-core.BaselineSpan), log.since, "alerts look further back than an hour")
	firing := 0
	for _, alert := range answer.Alerts {
		if alert.Firing {
			firing++
		}
	}
	require.Positive(t, firing, "a blocked destination alerts")
	text, err := json.Marshal(answer)
	require.NoError(t, err)
	require.Contains(t, string(text), `"looked_at":{"records":3`)
}

// What a provider that never says no has taken is sent, and no more is known.
func TestTheAnswerSaysWhichProvidersNeverSayNo(t *testing.T) {
	t.Parallel()
	answer, err := reporter(&said{}).Health(t.Context(), health.Request{Span: time.Hour, Customer: "acme"})
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, names(&answer))
	require.Equal(t, []bool{false, true}, []bool{answer.Destinations[0].Blind, answer.Destinations[1].Blind})
	require.True(t, answer.Reports[1].Blind)
}

func TestWhatCannotBeReadIsNoAnswer(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	_, err := reporter(&said{err: boom}).Health(t.Context(), health.Request{Span: time.Hour})
	require.ErrorIs(t, err, boom)
}
