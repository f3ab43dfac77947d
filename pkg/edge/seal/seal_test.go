package seal_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/seal"
)

const subject = "acme:visitor-1"

var (
	source = event.Coordinates{Topic: "analytics.events", TopicID: event.TopicID{1}, Partition: 2, Offset: 42}
	plain  = []byte("what must not be read: mail@example.org")
)

// store is the topic of keys as it stands.
type store map[seal.KeyID]seal.Wrapped

func (s store) SubjectKey(id seal.KeyID) (seal.Wrapped, bool) {
	w, ok := s[id]
	return w, ok
}

func (s store) add(t interface{ Fatal(args ...any) }, k seal.Key) seal.KeyID {
	_, id, ok := seal.ParseRecordKey(k.Record)
	if !ok {
		t.Fatal("a key's record key does not parse")
	}
	s[id] = k.Wrapped
	return id
}

// ring has a key of each id.
func ring(t testing.TB, prefix, current string, ids ...string) *seal.Ring {
	t.Helper()
	keys := map[string]identity.Raw{}
	for _, id := range append(ids, current) {
		keys[id] = identity.NewRaw("the installation key of the id " + id + ", at random")
	}
	r, err := seal.New(seal.Config{Prefix: prefix, Keys: keys, Current: current})
	require.NoError(t, err)
	return r
}

func TestWhatIsSealedOpens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r, keys := ring(t, "sluice", "k1"), store{}
		text := rapid.SliceOf(rapid.Byte()).Draw(rt, "plain")
		who := rapid.String().Draw(rt, "subject")
		at := event.Coordinates{Topic: rapid.String().Draw(rt, "topic"), Partition: rapid.Int32().Draw(rt, "partition"), Offset: rapid.Int64().Draw(rt, "offset")}
		sealed, key, err := r.ToSubject(who, at, text)
		require.NoError(rt, err)
		keys.add(rt, key)
		opened, err := r.Open(sealed, who, at, keys)
		require.NoError(rt, err)
		require.True(rt, bytes.Equal(text, opened))
		of, _, ok := seal.ParseRecordKey(key.Record)
		require.True(rt, ok)
		require.Equal(rt, who, string(of))

		sealed, err = r.ToInstallation(at, text)
		require.NoError(rt, err)
		opened, err = r.Open(sealed, "", at, store{})
		require.NoError(rt, err)
		require.True(rt, bytes.Equal(text, opened))
	})
}

// TestADestroyedKeyOpensNothing: neither is there another way to the letter.
func TestADestroyedKeyOpensNothing(t *testing.T) {
	t.Parallel()
	r, keys := ring(t, "sluice", "k1"), store{}
	sealed, key, err := r.ToSubject(subject, source, plain)
	require.NoError(t, err)
	require.NotContains(t, string(sealed), "mail@")
	delete(keys, keys.add(t, key))
	_, err = r.Open(sealed, subject, source, keys)
	require.Equal(t, &seal.NoKeyError{}, err)
	require.ErrorContains(t, err, "destroyed or lost")
}

// TestEveryLetterHasAKeyOfItsOwn: destroying one reaches no other, and two writers
// never take each other's.
func TestEveryLetterHasAKeyOfItsOwn(t *testing.T) {
	t.Parallel()
	one, two, keys := ring(t, "sluice", "k1"), ring(t, "sluice", "k1"), store{}
	first, k1, err := one.ToSubject(subject, source, plain)
	require.NoError(t, err)
	second, k2, err := two.ToSubject(subject, source, plain)
	require.NoError(t, err)
	require.NotEqual(t, k1.Record, k2.Record)
	require.NotEqual(t, first, second)
	delete(keys, keys.add(t, k1))
	keys.add(t, k2)
	_, err = one.Open(first, subject, source, keys)
	require.Error(t, err)
	opened, err := one.Open(second, subject, source, keys)
	require.NoError(t, err)
	require.Equal(t, plain, opened)
}

func TestRotation(t *testing.T) {
	t.Parallel()
	keys := store{}
	before := ring(t, "sluice", "k1")
	mine, key, err := before.ToSubject(subject, source, plain)
	require.NoError(t, err)
	keys.add(t, key)
	nobodys, err := before.ToInstallation(source, plain)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		ring  *seal.Ring
		wrong error
	}{
		"both, the new one seals": {ring(t, "sluice", "k2", "k1"), nil},
		"only the new one":        {ring(t, "sluice", "k2"), &seal.NoKeyError{Installation: "k1"}},
	} {
		for _, sealed := range [][]byte{mine, nobodys} {
			opened, err := c.ring.Open(sealed, subject, source, keys)
			if c.wrong != nil {
				require.Equal(t, c.wrong, err, name)
				continue
			}
			require.NoError(t, err, name)
			require.Equal(t, plain, opened)
		}
	}
	_, key, err = ring(t, "sluice", "k2", "k1").ToSubject(subject, source, plain)
	require.NoError(t, err)
	require.Equal(t, "k2", key.Installation)
}

// TestAnAlteredOrMovedLetterStaysShut: of another subject, another record, another
// installation, or with one bit changed anywhere.
func TestAnAlteredOrMovedLetterStaysShut(t *testing.T) {
	t.Parallel()
	r, keys := ring(t, "sluice", "k1"), store{}
	sealed, key, err := r.ToSubject(subject, source, plain)
	require.NoError(t, err)
	id := keys.add(t, key)
	nobodys, err := r.ToInstallation(source, plain)
	require.NoError(t, err)
	elsewhere := source
	elsewhere.Offset++
	for _, letter := range [][]byte{sealed, nobodys} {
		_, err = r.Open(letter, subject, elsewhere, keys)
		require.ErrorIs(t, err, seal.ErrAltered)
		_, err = ring(t, "other", "k1").Open(letter, subject, source, keys)
		require.ErrorIs(t, err, seal.ErrAltered)
		for i := range letter {
			bad := bytes.Clone(letter)
			bad[i] ^= 1
			_, err = r.Open(bad, subject, source, keys)
			require.Error(t, err, "byte %d", i)
		}
		for n := range letter {
			_, err = r.Open(letter[:n], subject, source, keys)
			require.Error(t, err, "the first %d bytes", n)
		}
	}
	_, err = r.Open(sealed, "acme:visitor-2", source, keys)
	require.ErrorIs(t, err, seal.ErrAltered)
	wrong := keys[id]
	wrong.Bytes[20] ^= 1
	keys[id] = wrong
	_, err = r.Open(sealed, subject, source, keys)
	require.ErrorIs(t, err, seal.ErrAltered)
}

func TestKeysThatCannotBe(t *testing.T) {
	t.Parallel()
	long := identity.NewRaw("a key of more than thirty-two bytes for tests")
	_, err := seal.New(seal.Config{Keys: map[string]identity.Raw{"k1": identity.NewRaw("short")}, Current: "k1"})
	require.ErrorContains(t, err, `"k1": it has 5 bytes`)
	require.NotContains(t, err.Error(), "short")
	opens, err := seal.New(seal.Config{Keys: map[string]identity.Raw{"k1": long}})
	require.NoError(t, err)
	require.False(t, opens.Seals())
	require.True(t, ring(t, "sluice", "k1").Seals())
	_, err = seal.New(seal.Config{Keys: map[string]identity.Raw{"k1": long}, Current: "k2"})
	require.ErrorContains(t, err, `"k2"`)
}

func FuzzOpen(f *testing.F) {
	r, keys := ring(f, "sluice", "k1"), store{}
	sealed, key, err := r.ToSubject(subject, source, plain)
	require.NoError(f, err)
	keys.add(f, key)
	f.Add(sealed, key.Record)
	nobodys, err := r.ToInstallation(source, plain)
	require.NoError(f, err)
	f.Add(nobodys, []byte("acme:x:zz"))
	f.Fuzz(func(t *testing.T, letter, record []byte) {
		opened, err := r.Open(letter, subject, source, keys)
		if err == nil && !bytes.Equal(opened, plain) {
			t.Fatal("something else than what was sealed was opened")
		}
		if who, id, ok := seal.ParseRecordKey(record); ok {
			require.True(t, bytes.EqualFold(record, seal.RecordKey(nil, string(who), id)))
		}
	})
}
