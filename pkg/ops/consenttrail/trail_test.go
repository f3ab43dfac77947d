package consenttrail_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/ops/consenttrail"
)

var day = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func version(days int, record consent.Record) consenttrail.Version {
	at := day.AddDate(0, 0, days)
	record.UpdatedAt = at.Add(-time.Hour).UnixMilli()
	return consenttrail.Version{Customer: "acme", StoredAt: at, Record: record, Offset: int64(days)}
}

func granted(p string) consent.Record {
	return consent.Record{Input: consent.Input{AdUserData: consent.Text(p)}}
}

// TestWhatStoodBeforeIsKnownOrNot: a version that compaction may have made the
// oldest says nothing about what it changed.
func TestWhatStoodBeforeIsKnownOrNot(t *testing.T) {
	t.Parallel()
	versions := []consenttrail.Version{version(0, granted("granted")), version(3, granted("denied"))}
	compacted := consenttrail.Tell(versions, day.AddDate(0, 0, 1))
	require.False(t, compacted[0].Complete)
	require.True(t, compacted[1].Complete)
	require.Equal(t, "granted", *compacted[1].Fields[0].From)
	whole := consenttrail.Tell(versions, day.AddDate(0, 0, -1))
	require.True(t, whole[0].Complete)
	require.Nil(t, whole[0].Fields[0].From)
	require.Equal(t, "2026-11-01T12:00:00Z", whole[0].StoredAt)
	require.Equal(t, "2026-11-01T11:00:00Z", whole[0].MadeAt)
}

// TestAnErasureHoldsUntilAnExplicitGrant: silence and a record that nobody can
// read do not lift it.
func TestAnErasureHoldsUntilAnExplicitGrant(t *testing.T) {
	t.Parallel()
	unreadable := version(3, consent.Record{})
	unreadable.Unreadable = true
	removed := version(6, consent.Record{})
	removed.Removed = true
	told := consenttrail.Tell([]consenttrail.Version{
		version(0, consent.Record{}), version(1, consent.Record{Erased: true}), version(2, granted("denied")), unreadable,
		version(4, granted("granted")), version(5, consent.Record{Erased: true}), removed,
	}, day)
	var erased []bool
	var actions []string
	for _, c := range told {
		erased, actions = append(erased, c.Erased), append(actions, c.Action)
	}
	require.Equal(t, []bool{false, true, true, true, false, true, false}, erased)
	require.Equal(t, []string{"first", "changed", "changed", "unreadable", "changed", "changed", "removed"}, actions)
}

// TestHeadersOfOthersAreBounded: any program writes them.
func TestHeadersOfOthersAreBounded(t *testing.T) {
	t.Parallel()
	v := version(0, granted("granted"))
	v.Author, v.Method = strings.Repeat("a", 1000)+"\x1b[2J", "por\ntal\xff"
	c := consenttrail.Tell([]consenttrail.Version{v}, day)[0]
	require.Equal(t, strings.Repeat("a", 200)+"…", c.Author)
	require.Equal(t, "portal", c.Method)
}
