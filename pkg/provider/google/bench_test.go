package google_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/identity"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/google"
)

// TestAllocations keeps the hot path as it is: one allocation for the list of
// present kinds, and at most two more for what was dropped.
func TestAllocations(t *testing.T) {
	k := hot(t)
	dst := make([]byte, 0, 8192)
	p := k.in.Route.Provider.(*google.Provider)
	n := testing.AllocsPerRun(200, func() { sink = p.Build(dst, &k.in) })
	require.LessOrEqual(t, n, 3.0)
}

var sink provider.Built

// hot is an event with seven identifiers and two items; phone numbers in
// international form, as most shops have them.
func hot(t testing.TB) *kit {
	t.Helper()
	k := newKit()
	optOut(k)
	k.in.Event.Identity.Phones = []identity.Raw{identity.NewRaw("+1 (800) 555-0100"), identity.NewRaw("+1 800 555 0101")}
	k.build(t)
	return k
}

func BenchmarkBuild(b *testing.B) {
	k := hot(b)
	dst := make([]byte, 0, 8192)
	p := k.in.Route.Provider.(*google.Provider)
	b.ReportAllocs()
	for b.Loop() {
		sink = p.Build(dst, &k.in)
	}
	b.SetBytes(int64(len(sink.Fragment)))
}

func BenchmarkBuildNationalPhone(b *testing.B) {
	k := newKit()
	k.build(b)
	dst := make([]byte, 0, 8192)
	p := k.in.Route.Provider.(*google.Provider)
	b.ReportAllocs()
	for b.Loop() {
		sink = p.Build(dst, &k.in)
	}
}
