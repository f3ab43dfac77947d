package table

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestProgress(t *testing.T) {
	t.Parallel()
	a, b := partition{"t", 0}, partition{"t", 1}
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	p := newProgress()

	_, ok := p.reached()
	require.False(t, ok, "nothing was asked yet")

	p.ask(target{asked: at(1), ends: map[partition]int64{a: 2, b: 0}})
	_, ok = p.reached()
	require.False(t, ok)
	p.advance(a, 2)
	p.ask(target{asked: at(2), ends: map[partition]int64{a: 3, b: 0}})
	asked, ok := p.reached()
	require.True(t, ok)
	require.Equal(t, at(1), asked, "the first end is reached, the second is not")
	p.advance(a, 1)
	p.advance(a, 3)
	asked, ok = p.reached()
	require.True(t, ok)
	require.Equal(t, at(2), asked)

	_, gone := p.beyond(map[partition]int64{a: 1, b: 0})
	require.False(t, gone, "the answer was on its way while more was read")
	_, gone = p.beyond(map[partition]int64{a: 3, b: 0})
	require.False(t, gone)
	where, gone := p.beyond(map[partition]int64{a: 1, b: 0})
	require.True(t, gone, "read past the end: made anew")
	require.Equal(t, a, where)
}

// A topic that is always written to must not starve freshness: the oldest
// query stays until it is reached, however many follow.
func TestProgressKeepsOldest(t *testing.T) {
	t.Parallel()
	a := partition{"t", 0}
	p := newProgress()
	for i := range 100 {
		p.ask(target{asked: time.Unix(int64(i), 0), ends: map[partition]int64{a: int64(i + 1)}})
	}
	p.advance(a, 1)
	asked, ok := p.reached()
	require.True(t, ok)
	require.Equal(t, time.Unix(0, 0), asked)
	p.advance(a, 100)
	asked, ok = p.reached()
	require.True(t, ok)
	require.Equal(t, time.Unix(99, 0), asked)
	require.Empty(t, p.targets)
}
