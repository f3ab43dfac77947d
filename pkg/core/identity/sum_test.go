package identity_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/identity"
)

// Every length up to and beyond what is padded here gives the library's digest.
func TestSumIsTheLibrarys(t *testing.T) {
	t.Parallel()
	message := bytes.Repeat([]byte("Ünlucky 13 "), 40)
	for n := range message {
		require.Equal(t, sha256.Sum256(message[:n]), identity.Sum256(message[:n]), n)
		if n <= identity.ShortMessage {
			sum, ok := identity.ShortSum(message[:n])
			require.True(t, ok)
			require.Equal(t, sha256.Sum256(message[:n]), sum, n)
		}
	}
}

// So does a pseudonym's short way, with the race detector too.
func TestShortHMACIsTheLibrarys(t *testing.T) {
	t.Parallel()
	p, message := identity.NewPseudonym("k1", []byte("key")), bytes.Repeat([]byte("x"), identity.ShortMessage)
	for n := range message {
		mac := hmac.New(sha256.New, []byte("key"))
		mac.Write(message[:n])
		sum, ok := p.ShortHMAC(message[:n])
		require.True(t, ok)
		require.Equal(t, mac.Sum(nil), sum[:], n)
	}
}

func FuzzSum(f *testing.F) {
	f.Add([]byte("foo@bar.com"))
	f.Fuzz(func(t *testing.T, message []byte) {
		sum := identity.Sum256(message)
		require.Equal(t, sha256.Sum256(message), sum)
		require.Equal(t, hex.EncodeToString(message), string(identity.AppendHex(nil, message)))
	})
}

// Digests of two letters come from a table.
func TestHashIsTheDigest(t *testing.T) {
	t.Parallel()
	for first := range 256 {
		for second := range 256 {
			word := []byte{byte(first), byte(second)}
			h := identity.Hash(word)
			sum := sha256.Sum256(word)
			require.Equal(t, hex.EncodeToString(sum[:]), string(h.AppendHex(nil)), "%q", word)
		}
	}
}

func TestHexIsTheLibrarys(t *testing.T) {
	t.Parallel()
	for c := range 256 {
		b := []byte{byte(c), byte(255 - c), 0, byte(c), 0xff, byte(c)}
		require.Equal(t, "x"+hex.EncodeToString(b), string(identity.AppendHex([]byte("x"), b)))
	}
}

// The state of the standard library's digest is read in the form that it
// marshals. Were it another one, sums would come from the library, slowly.
func TestShortSumsAreOurs(t *testing.T) {
	message := []byte("visitor.42@example.com")
	require.Zero(t, testing.AllocsPerRun(100, func() { identity.Sum256(message) }))
	sum, ok := identity.ShortSum(message)
	require.True(t, ok)
	require.Equal(t, sha256.Sum256(message), sum)
}

func BenchmarkSum(b *testing.B) {
	message := []byte("visitor.42@example.com")
	for b.Loop() {
		identity.Sum256(message)
	}
}

func BenchmarkSubject(b *testing.B) {
	p, subject := identity.NewPseudonym("k1", []byte("key")), identity.NewRaw("visitor-42")
	for b.Loop() {
		p.Subject("bench", subject)
	}
}
