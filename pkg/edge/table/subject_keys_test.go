package table_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/seal"
	"github.com/sluicehq/sluice/pkg/edge/table"
)

func decodeSubjectKey(_ context.Context, value []byte, dst *codec.SubjectKey) error {
	return codec.DecodeSubjectKey(dst, value[5:])
}

// keyRecord is the record of a letter's key; without an installation key, its
// tombstone.
func keyRecord(id byte, installation string) *kgo.Record {
	r := &kgo.Record{Key: seal.RecordKey(nil, "acme:s", seal.KeyID{id})}
	if installation != "" {
		r.Value = codec.AppendSubjectKey(nil, 1, &codec.SubjectKey{InstallationKey: installation, Wrapped: bytes.Repeat([]byte{id}, seal.WrappedBytes)})
	}
	return r
}

func TestKeysOfLettersComeAndGo(t *testing.T) {
	t.Parallel()
	keys := table.NewSubjectKeyTable(decodeSubjectKey)
	for id := range byte(3) {
		require.NoError(t, keys.Apply(t.Context(), keyRecord(id, "k1")))
	}
	require.NoError(t, keys.Apply(t.Context(), keyRecord(1, "")))
	_, there := keys.SubjectKey(seal.KeyID{1})
	require.False(t, there)
	w, there := keys.SubjectKey(seal.KeyID{2})
	require.True(t, there)
	require.Equal(t, "k1", w.Installation)
	require.Equal(t, bytes.Repeat([]byte{2}, seal.WrappedBytes), w.Bytes[:])
	require.Equal(t, 2, keys.Size())
}

// TestAKeyIsNotMissingWhileTheTableIsReadAgain: a letter would end for it. One that
// is destroyed meanwhile is gone at once.
func TestAKeyIsNotMissingWhileTheTableIsReadAgain(t *testing.T) {
	t.Parallel()
	keys := table.NewSubjectKeyTable(decodeSubjectKey)
	require.NoError(t, keys.Apply(t.Context(), keyRecord(1, "k1")))
	require.NoError(t, keys.Apply(t.Context(), keyRecord(2, "k1")))
	keys.Publish()
	keys.Reset()
	_, there := keys.SubjectKey(seal.KeyID{1})
	require.True(t, there)
	require.NoError(t, keys.Apply(t.Context(), keyRecord(2, "")))
	_, there = keys.SubjectKey(seal.KeyID{2})
	require.False(t, there)
	require.NoError(t, keys.Apply(t.Context(), keyRecord(3, "k1")))
	_, there = keys.SubjectKey(seal.KeyID{3})
	require.True(t, there)
	keys.Publish()
	_, there = keys.SubjectKey(seal.KeyID{1})
	require.False(t, there, "the topic that was read again does not have it")
	require.Equal(t, 1, keys.Size())
}

func TestARecordThatIsNoKeyIsBad(t *testing.T) {
	t.Parallel()
	keys := table.NewSubjectKeyTable(decodeSubjectKey)
	short := keyRecord(1, "k1")
	short.Value = codec.AppendSubjectKey(nil, 1, &codec.SubjectKey{InstallationKey: "k1", Wrapped: []byte("short")})
	for name, r := range map[string]*kgo.Record{
		"a key without an id": {Key: []byte("acme:s")},
		"no key":              {Value: []byte("x")},
		"a short key":         short,
		"no Avro":             {Key: keyRecord(1, "").Key, Value: []byte("12345garbage that is long enough")},
	} {
		var bad *codec.DecodeError
		require.ErrorAs(t, keys.Apply(t.Context(), r), &bad, name)
		require.NotContains(t, bad.Error(), "acme:s")
	}
	require.Zero(t, keys.Size())
}

// BenchmarkSubjectKeys says what a key of a letter that waits occupies:
// docs/performance.md has the figure.
func BenchmarkSubjectKeys(b *testing.B) {
	const many = 100_000
	for b.Loop() {
		before := heap()
		keys := table.NewSubjectKeyTable(decodeSubjectKey)
		for i := range many {
			r := keyRecord(1, "k1")
			r.Key = fmt.Appendf(nil, "acme:s:%032x", i)
			require.NoError(b, keys.Apply(b.Context(), r))
		}
		b.ReportMetric(float64(heap()-before)/many, "bytes/key")
		require.Equal(b, many, keys.Size())
	}
}
