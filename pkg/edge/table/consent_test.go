package table_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/table"
)

// decodeConsent reads "ad_user_data updated_at" or fails as a codec would.
// "unknown SECONDS" has a schema that becomes known at that Unix time, and is a
// grant then.
func decodeConsent(_ context.Context, value []byte, dst *consent.Record) error {
	word, at, _ := strings.Cut(string(value), " ")
	switch word {
	case "bad":
		return &codec.DecodeError{Reason: decision.EventUndecodable, Detail: "test"}
	case "pending":
		return codec.ErrSchemaPending
	case "unknown":
		known, err := strconv.ParseInt(at, 10, 64)
		if err != nil || time.Now().Unix() < known {
			return &codec.PendingError{ID: 4711}
		}
		word, at = "granted", "1700000000000"
	}
	*dst = consent.Record{Input: consent.Input{AdUserData: consent.Text(word)}}
	_, err := fmt.Sscan(at, &dst.UpdatedAt)
	return err
}

func consentRecord(key, value string, offset int64) *kgo.Record {
	r := &kgo.Record{Key: []byte(key), Offset: offset, Timestamp: time.UnixMilli(1_800_000_000_000)}
	if value != "" {
		r.Value = []byte(value)
	}
	return r
}

func TestConsentTable(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	x := table.NewConsentTable(decodeConsent)
	get := func(subject string) (consent.Statement, bool) { return x.Get("acme", identity.NewRaw(subject)) }

	require.NoError(t, x.Apply(ctx, consentRecord("acme:s1", "granted 1700000000000", 7)))
	s, ok := get("s1")
	require.True(t, ok)
	require.Equal(t, consent.Granted, s.Said.Get(consent.AdUserData))
	require.Equal(t, consent.FromRecord, s.Source)
	require.EqualValues(t, 1700000000000, s.At)
	require.EqualValues(t, 7, s.Offset)
	_, ok = get("s2")
	require.False(t, ok)
	_, ok = x.Get("acm", identity.NewRaw("e:s1"))
	require.False(t, ok, "customer and subject do not run into each other")

	require.NoError(t, x.Apply(ctx, consentRecord("acme:s1", "denied 1600000000000", 8)))
	s, _ = get("s1")
	require.Equal(t, consent.Denied, s.Said.Get(consent.AdUserData), "the last offset wins, whatever its time")

	var bad *codec.DecodeError
	require.ErrorAs(t, x.Apply(ctx, consentRecord("acme:s1", "bad", 9)), &bad)
	s, ok = get("s1")
	require.True(t, ok)
	require.NotEqual(t, consent.WellFormed, s.Malformed, "what cannot be read denies")

	before := x.Checksum()
	require.ErrorIs(t, x.Apply(ctx, consentRecord("acme:s1", "pending", 10)), codec.ErrSchemaPending)
	require.Equal(t, before, x.Checksum(), "a record that comes again changes nothing yet")

	require.NoError(t, x.Apply(ctx, consentRecord("acme:s1", "", 11)))
	_, ok = get("s1")
	require.False(t, ok)
	require.Zero(t, x.Checksum())
}

// TestConsentTableModel compares the packed table with a map over many random
// puts and removals.
func TestConsentTableModel(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	x := table.NewConsentTable(decodeConsent)
	model := map[string]string{}
	for i := range 60_000 {
		subject := fmt.Sprint("s", rng.IntN(8_000))
		value := ""
		if rng.IntN(3) > 0 {
			value = fmt.Sprintf("granted %d", 1_700_000_000_000+rng.IntN(1_000_000))
		}
		require.NoError(t, x.Apply(t.Context(), consentRecord("acme:"+subject, value, int64(i))))
		if value == "" {
			delete(model, subject)
		} else {
			model[subject] = value
		}
	}
	entries, _ := x.Size()
	require.Equal(t, len(model), entries)
	for i := range 8_000 {
		subject := fmt.Sprint("s", i)
		s, ok := x.Get("acme", identity.NewRaw(subject))
		want, had := model[subject]
		require.Equal(t, had, ok, subject)
		if had {
			require.Equal(t, want, fmt.Sprintf("granted %d", s.At))
		}
	}
}

// TestConsentTableMemory holds the promise of 60 MiB per million subjects at
// every size on the way, the worst of which is just after a growth.
func TestConsentTableMemory(t *testing.T) {
	t.Parallel()
	x := table.NewConsentTable(decodeConsent)
	worst := 0.0
	for i := range 150_000 { // more than two growths beyond the first check
		if err := x.Apply(t.Context(), consentRecord(fmt.Sprint("acme:", i), "granted 1700000000000", int64(i))); err != nil {
			t.Fatal(err)
		}
		if i > 50_000 && i%500 == 0 {
			entries, bytes := x.Size()
			worst = max(worst, float64(bytes)/float64(entries))
		}
	}
	require.LessOrEqual(t, worst, 60.0*1.048576, "bytes per subject")
}

func TestConsentTableLookupAllocatesNothing(t *testing.T) {
	x := table.NewConsentTable(decodeConsent)
	require.NoError(t, x.Apply(t.Context(), consentRecord("acme:s1", "granted 1700000000000", 7)))
	subject := identity.NewRaw("s1")
	require.Zero(t, testing.AllocsPerRun(100, func() { x.Get("acme", subject) }))
}
