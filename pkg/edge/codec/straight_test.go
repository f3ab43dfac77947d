package codec_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/schemas"
)

// FuzzStraight: the generated readers and writers against the coder. Whatever
// the bytes, both read the same, refuse the same with the same words, and write
// the same.
func FuzzStraight(f *testing.F) {
	f.Add(purchaseValue(f)[5:])
	f.Add(codec.AppendDelivery(nil, 1, aDelivery())[5:])
	f.Add(codec.AppendDiagnostic(nil, 1, aDecision())[5:])
	f.Add([]byte("\x08acme\x02a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Fuzz(func(t *testing.T, body []byte) {
		sameReading(t, body, codec.DecodeEvent, codec.CoderDecodeEvent)
		if d := sameReading(t, body, codec.DecodeDelivery, codec.CoderDecodeDelivery); d != nil {
			require.Equal(t, codec.CoderAppendDelivery(nil, 1, d), codec.AppendDelivery(nil, 1, d))
		}
		if d := sameReading(t, body, codec.DecodeDiagnostic, codec.CoderDecodeDiagnostic); d != nil {
			require.Equal(t, codec.CoderAppendDiagnostic(nil, 1, d), codec.AppendDiagnostic(nil, 1, d))
		}
	})
}

// sameReading reads with both, into memory that has been used before. It gives
// nil where both refuse.
func sameReading[T any](t *testing.T, body []byte, decode, coder func(*T, []byte) error) *T {
	t.Helper()
	var got, want T
	_ = decode(&got, body)
	err, wantErr := decode(&got, body), coder(&want, body)
	var fault, wantFault *codec.DecodeError
	if errors.As(wantErr, &wantFault) {
		require.ErrorAs(t, err, &fault)
		require.Equal(t, wantFault, fault)
		return nil
	}
	require.NoError(t, wantErr)
	require.NoError(t, err)
	require.Equal(t, text(want), text(got))
	return &got
}

// Cut short at every byte, and with every byte replaced by those that begin
// numbers, unions and lists: all three readers, of all three records.
func TestStraightReadersRefuseWhatTheCoderRefuses(t *testing.T) {
	t.Parallel()
	for _, body := range [][]byte{purchaseValue(t)[5:], codec.AppendDelivery(nil, 1, aDelivery())[5:], codec.AppendDiagnostic(nil, 1, aDecision())[5:]} {
		for i := range body {
			for _, b := range []byte{0x00, 0x01, 0x02, 0x03, 0x04, 0x7f, 0x80, 0xff} {
				odd := bytes.Clone(body)
				odd[i] = b
				sameReading(t, odd, codec.DecodeEvent, codec.CoderDecodeEvent)
				sameReading(t, odd, codec.DecodeDelivery, codec.CoderDecodeDelivery)
				sameReading(t, odd, codec.DecodeDiagnostic, codec.CoderDecodeDiagnostic)
			}
			sameReading(t, body[:i], codec.DecodeEvent, codec.CoderDecodeEvent)
			sameReading(t, body[:i], codec.DecodeDelivery, codec.CoderDecodeDelivery)
			sameReading(t, body[:i], codec.DecodeDiagnostic, codec.CoderDecodeDiagnostic)
		}
	}
}

// What we write is what the straight-line readers are for: they read all of it,
// but for lists that are longer than one byte can say.
func TestStraightReadersReadWhatWeWrite(t *testing.T) {
	t.Parallel()
	values := func(f func(*rapid.T)) { t.Helper(); rapid.Check(t, f) }
	config := rapid.MakeConfig{Types: wordTypes(), Kinds: plainKinds()}
	values(func(t *rapid.T) {
		e := rapid.MakeCustom[event.Event](config).Draw(t, "event")
		fixEvent(&e)
		var back event.Event
		require.True(t, codec.StraightEvent(&back, codec.AppendEvent(nil, 1, &e)[5:]))
		require.Equal(t, text(e), text(back))
	})
	values(func(t *rapid.T) {
		d := rapid.MakeCustom[decision.Delivery](config).Draw(t, "delivery")
		value := codec.AppendDelivery([]byte("before"), 1, &d)
		require.Equal(t, codec.CoderAppendDelivery([]byte("before"), 1, &d), value)
		var back decision.Delivery
		require.True(t, codec.StraightDelivery(&back, value[11:]))
	})
	values(func(t *rapid.T) {
		d := rapid.MakeCustom[decision.Decision](config).Draw(t, "diagnostic")
		value := codec.AppendDiagnostic([]byte("before"), 1, &d)
		require.Equal(t, codec.CoderAppendDiagnostic([]byte("before"), 1, &d), value)
		var back decision.Decision
		require.True(t, codec.StraightDiagnostic(&back, value[11:]))
	})
}

// A delivery and its diagnostic have their common parts in the same bytes,
// whatever stands in them.
func TestQueuedIsTheCodersBytes(t *testing.T) {
	t.Parallel()
	config := rapid.MakeConfig{Types: wordTypes(), Kinds: plainKinds()}
	w := codec.NewWriter(codec.IDs{schemas.Delivery: 1, schemas.Diagnostic: 2}, "")
	rapid.Check(t, func(t *rapid.T) {
		d, q := rapid.MakeCustom[decision.Delivery](config).Draw(t, "delivery"), rapid.MakeCustom[decision.Decision](config).Draw(t, "decision")
		q.Consent, q.Said, q.Identifiers, q.Source = d.Consent, d.Said, d.Identifiers, d.Source
		out, at := w.AppendQueued(nil, &d, &q)
		assert.Equal(t, codec.CoderAppendDelivery(nil, 1, &d), out[:at])
		assert.Equal(t, codec.CoderAppendDiagnostic(nil, 2, &q), out[at:])
	})
}

// A list of more than 63 entries, or in several blocks, is the coder's to read.
func TestLongListsAreReadAllTheSame(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 63, 64, codec.MaxEntries, codec.MaxEntries + 1} {
		var e, back event.Event
		require.NoError(t, codec.DecodeEvent(&e, purchaseValue(t)[5:]))
		e.Commerce.Items = make([]event.Item, n)
		body := codec.AppendEvent(nil, 1, &e)[5:]
		require.Equal(t, n <= 63, codec.StraightEvent(&back, body), n)
		err := codec.DecodeEvent(&back, body)
		if n > codec.MaxEntries {
			require.Equal(t, "event.invalid", outcome(nil, err))
			continue
		}
		require.NoError(t, err)
		require.Len(t, back.Commerce.Items, n)
	}
}
