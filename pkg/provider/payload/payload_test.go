package payload_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// What looks like personal data leaves nothing behind, not even its key, and
// is counted.
func TestNothingPersonalPasses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		write  func(*payload.Writer)
		want   string
		unsafe int32
	}{
		"text":               {func(w *payload.Writer) { w.Text("k", event.Path("a.b"), "blue kettle") }, `"k":"blue kettle"`, 0},
		"empty text":         {func(w *payload.Writer) { w.Text("k", event.Path("a.b"), "") }, ``, 0},
		"text with address":  {func(w *payload.Writer) { w.Text("k", event.Path("a.b"), "for ann@example.org") }, ``, 1},
		"id":                 {func(w *payload.Writer) { w.ID("k", event.Path("a.b"), "sku-1") }, `"k":"sku-1"`, 0},
		"id with address":    {func(w *payload.Writer) { w.ID("k", event.Path("a.b"), "ann@example.org") }, ``, 1},
		"URL":                {func(w *payload.Writer) { w.URL("k", event.Path("a.b"), "https://shop.example/a?b=c#d") }, `"k":"https://shop.example/a"`, 0},
		"URL in text":        {func(w *payload.Writer) { w.Text("k", event.Path("a.b"), "https://shop.example/a?b=c") }, `"k":"https://shop.example/a"`, 0},
		"no URL":             {func(w *payload.Writer) { w.URL("k", event.Path("a.b"), "javascript:alert(1)") }, ``, 0},
		"no URL in text":     {func(w *payload.Writer) { w.Text("k", event.Path("a.b"), "see ftp://x") }, ``, 1},
		"number":             {func(w *payload.Writer) { w.Scalar("fields", identity.Vouch("k"), long(42)) }, `"k":42`, 0},
		"card number":        {func(w *payload.Writer) { w.Scalar("fields", identity.Vouch("k"), long(4111111111111111)) }, ``, 1},
		"card as a fraction": {func(w *payload.Writer) { w.Scalar("fields", identity.Vouch("k"), double(4111111111111111)) }, ``, 1},
		"truth": {func(w *payload.Writer) {
			w.Scalar("fields", identity.Vouch("k"), event.Value{Kind: event.Boolean, Bool: true})
		}, `"k":true`, 0},
		"nothing":   {func(w *payload.Writer) { w.Scalar("fields", identity.Vouch("k"), event.Value{}) }, ``, 0},
		"no number": {func(w *payload.Writer) { w.Scalar("fields", identity.Vouch("k"), double(math.NaN())) }, ``, 0},
		"amount":    {func(w *payload.Writer) { w.Amount("k", event.Some(80.00000000000001), 6) }, `"k":80`, 0},
		"no amount": {func(w *payload.Writer) { w.Amount("k", event.Some(math.Inf(1)), 6) }, ``, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := payload.Writer{Dst: []byte("{"), URLs: identity.URLPolicy{Mode: identity.URLPath}}
			c.write(&w)
			require.Equal(t, "{"+c.want, string(w.Dst))
			require.Equal(t, c.unsafe, w.Unsafe)
			require.True(t, json.Valid(append(w.Dst, '}')))
		})
	}
}

func TestFloat(t *testing.T) {
	t.Parallel()
	for want, v := range map[float64]event.Value{1.5: double(1.5), 2: long(2), 3.25: {Kind: event.String, Str: " 3.25 "}} {
		got, ok := payload.Float(v)
		require.True(t, ok)
		require.InDelta(t, want, got, 0)
	}
	_, ok := payload.Float(event.Value{Kind: event.String, Str: "3,25"})
	require.False(t, ok)
	_, ok = payload.Float(event.Value{Kind: event.Boolean, Bool: true})
	require.False(t, ok)
}

// The same values in any order make the same bytes.
func TestDigestsAreSortedOnceAndBounded(t *testing.T) {
	t.Parallel()
	var forth, back payload.Digests
	insert := func(d *payload.Digests, i int) bool {
		d.Next().Set([]byte{byte(i)})
		return d.Take(payload.MaxDigests)
	}
	for i := range payload.MaxDigests {
		require.True(t, insert(&forth, i))
		require.True(t, insert(&forth, i), "a repeat is in")
		require.True(t, insert(&back, payload.MaxDigests-1-i))
	}
	require.Equal(t, payload.MaxDigests, forth.Len())
	require.Equal(t, string(forth.Append(nil)), string(back.Append(nil)))
	require.Len(t, forth.All(), payload.MaxDigests)
	var few payload.Digests
	few.Next().Set([]byte("x"))
	require.False(t, few.Take(0), "no room")
	require.False(t, insert(&forth, 99))
	require.True(t, insert(&forth, 3), "what is in stays in")
}

func TestTheFirstReasonOfTheGatesIsReported(t *testing.T) {
	t.Parallel()
	var f payload.Findings
	f.Refuse(decision.ProviderCurrencyInvalid, "later")
	f.Refuse(decision.ProviderValueMissing, "earlier")
	f.Refuse(decision.ProviderCurrencyMissing, "between")
	f.Found(decision.KindEmail, 6)
	f.Found(decision.KindEmail, 6)
	f.Found(decision.KindPhone, 7)
	f.Dropped[decision.KindClickID] = decision.DropConsent
	w := payload.Writer{Dst: []byte(`before,{"half":1`), Unsafe: 2}
	var built provider.Built
	f.Finish(&built, &w, len("before,"))
	require.Equal(t, decision.ProviderValueMissing, built.PreflightReason)
	require.Equal(t, "earlier", built.Detail)
	require.Equal(t, "before,", string(built.Fragment), "a refused event leaves no bytes")
	require.Equal(t, decision.IdentifierStatus{
		Present: []decision.Kind{decision.KindEmail, decision.KindPhone}, MatchQuality: 10, UnsafeDropped: 2,
		Dropped: []decision.Dropped{{Kind: decision.KindClickID, Reason: decision.DropConsent}},
	}, built.Identifiers)
}

func long(n int64) event.Value     { return event.Value{Kind: event.Long, Long: n} }
func double(f float64) event.Value { return event.Value{Kind: event.Double, Double: f} }
