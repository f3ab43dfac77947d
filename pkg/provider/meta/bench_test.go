package meta_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/event"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/meta"
)

// maxAllocations: the list of identifier kinds that a decision shows.
const maxAllocations = 1

func TestBuildAllocatesOnlyTheStatus(t *testing.T) {
	route := newRoute(t, "Purchase")
	for name, change := range map[string]func(*event.Event){
		"a click cookie":       func(*event.Event) {},
		"a click id in a URL":  func(ev *event.Event) { ev.Click.Fbc = raw(""); ev.Page.URL += "&fbclid=AbC" },
		"names outside ASCII":  func(ev *event.Event) { ev.Identity.City = raw("São Paulo") },
		"hashed and raw mixed": func(ev *event.Event) { ev.Identity.Emails = append(ev.Identity.Emails, raw("a@b.co"), raw("c@d.co")) },
	} {
		ev := webEvent()
		change(ev)
		in := input(route, ev)
		in.Scratch.Buf = make([]byte, 0, 1024)
		dst := make([]byte, 0, 4096)
		require.LessOrEqual(t, testing.AllocsPerRun(200, func() { meta.New().Build(dst, in) }), float64(maxAllocations+1), name)
	}
	in := input(route, webEvent())
	in.Scratch.Buf = make([]byte, 0, 1024)
	dst := make([]byte, 0, 4096)
	require.LessOrEqual(t, testing.AllocsPerRun(200, func() { meta.New().Build(dst, in) }), float64(maxAllocations))
}

func BenchmarkBuild(b *testing.B) {
	in := input(newRoute(b, "Purchase"), webEvent())
	in.Scratch = &provider.Scratch{Buf: make([]byte, 0, 1024)}
	dst := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		built := meta.New().Build(dst, in)
		b.SetBytes(int64(len(built.Fragment)))
	}
}
