package history_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/history"
)

// Each case is what the diagnostics say, in order: source status reason.
func TestWhatBecameOfAnEvent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		said   string
		want   history.State
		reason string
	}{
		"nothing":                       {"", history.Never, ""},
		"queued":                        {"1 queued eligible", history.Pending, "eligible"},
		"held":                          {"1 held consent.unknown", history.Pending, "consent.unknown"},
		"delivered":                     {"1 queued eligible, 1 delivered delivered", history.Delivered, "delivered"},
		"retried and delivered":         {"1 queued eligible, 1 retrying provider.unavailable, 1 delivered delivered", history.Delivered, "delivered"},
		"parked":                        {"1 queued eligible, 1 parked credentials.invalid", history.Pending, "credentials.invalid"},
		"dead letter":                   {"1 queued eligible, 1 dead_lettered provider.rejected", history.Failed, "provider.rejected"},
		"skipped":                       {"1 skipped consent.denied", history.Failed, "consent.denied"},
		"shadowed":                      {"1 shadowed eligible", history.Failed, "eligible"},
		"replayed":                      {"1 dead_lettered provider.rejected, 1 queued eligible", history.Pending, "eligible"},
		"replayed and delivered":        {"1 dead_lettered provider.rejected, 1 queued eligible, 1 delivered delivered", history.Delivered, "delivered"},
		"a copy does not end the first": {"1 queued eligible, 2 duplicate duplicate.event_id", history.Pending, "eligible"},
		"nor does a skipped copy":       {"1 queued eligible, 2 skipped consent.denied", history.Pending, "eligible"},
		"a copy of what failed":         {"1 dead_lettered provider.rejected, 2 duplicate duplicate.event_id", history.Failed, "provider.rejected"},
		"a copy alone":                  {"2 duplicate duplicate.event_id", history.Failed, "duplicate.event_id"},
		"a copy of what was delivered":  {"2 duplicate duplicate.delivered", history.Delivered, "duplicate.delivered"},
		"skipped after it was taken":    {"1 delivered delivered, 2 skipped consent.denied", history.Delivered, "delivered"},
		"confirmed":                     {"1 delivered delivered, 1 confirmed verdict.confirmed", history.Delivered, "verdict.confirmed"},
		"refused later":                 {"1 delivered delivered, 1 refused verdict.refused", history.Failed, "verdict.refused"},
		"refused and replayed":          {"1 delivered delivered, 1 refused verdict.refused, 1 queued eligible", history.Pending, "eligible"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f history.Fold
			for i, line := range strings.Split(c.said, ", ") {
				if line == "" {
					continue
				}
				f.Add(said(t, line, int64(i)))
				f.Add(said(t, line, int64(i))) // a repeat changes nothing
			}
			fate := f.Of(history.KeyOf("d", "m", "e"))
			require.Equal(t, c.want, fate.State, fate.State.String())
			if c.reason != "" {
				require.Equal(t, c.reason, fate.Reason.String())
			}
		})
	}
}

func said(t *testing.T, line string, at int64) *decision.Decision {
	t.Helper()
	word := strings.Fields(line)
	status, err := decision.ParseStatus(word[1])
	require.NoError(t, err)
	reason, err := decision.ParseReason(word[2])
	require.NoError(t, err)
	return &decision.Decision{
		DestinationID: "d", Mapping: "m", EventID: "e", Status: status, Reason: reason, Time: at,
		Source: event.Coordinates{Offset: int64(word[0][0] - '0')},
	}
}

// What names no event at a mapping is no event's history.
func TestOnlyEventsAtMappingsHaveAHistory(t *testing.T) {
	t.Parallel()
	var f history.Fold
	f.Add(&decision.Decision{Status: decision.Skipped, Reason: decision.MappingNone, EventID: "e"})
	f.Add(&decision.Decision{Status: decision.Refused, Reason: decision.VerdictRefused, DestinationID: "d"})
	require.Zero(t, f.Len())
	require.NotEqual(t, history.KeyOf("a", "bc", "d"), history.KeyOf("ab", "c", "d"))
}
