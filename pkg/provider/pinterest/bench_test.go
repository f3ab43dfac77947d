package pinterest_test

import (
	"testing"

	"github.com/sluicehq/sluice/pkg/provider"
)

func BenchmarkBuild(b *testing.B) {
	in := input(newRoute(b, "checkout"), webEvent())
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = provider.Build(dst[:0], in).Fragment
	}
}
