package seal_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// What sealing costs one held event of 1.5 KiB: docs/performance.md has the figures.
func BenchmarkToSubject(b *testing.B) {
	r, text := ring(b, "sluice", "k1"), bytes.Repeat([]byte("x"), 1536)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, _, err := r.ToSubject(subject, source, text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	r, keys, text := ring(b, "sluice", "k1"), store{}, bytes.Repeat([]byte("x"), 1536)
	sealed, key, err := r.ToSubject(subject, source, text)
	require.NoError(b, err)
	keys.add(b, key)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := r.Open(sealed, subject, source, keys); err != nil {
			b.Fatal(err)
		}
	}
}
