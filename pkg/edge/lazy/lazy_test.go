package lazy_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/edge/lazy"
)

func TestWhatCannotBeOpenedIsTriedAgain(t *testing.T) {
	t.Parallel()
	var v lazy.Value[int]
	_, opened := v.Taken()
	require.False(t, opened)
	_, err := v.Get(func() (int, error) { return 0, errors.New("not yet") })
	require.EqualError(t, err, "not yet")
	for range 2 {
		got, err := v.Get(func() (int, error) { return 7, nil })
		require.NoError(t, err)
		require.Equal(t, 7, got)
	}
	got, opened := v.Taken()
	require.True(t, opened)
	require.Equal(t, 7, got)
	got, err = v.Get(func() (int, error) { return 8, nil })
	require.NoError(t, err)
	require.Equal(t, 8, got, "what was taken is opened anew")
}

func TestWhoeverAsksFirstOpensForAll(t *testing.T) {
	t.Parallel()
	var v lazy.Value[*int]
	var all sync.WaitGroup
	var got [8]*int
	opened := 0 // the race detector looks on
	for i := range got {
		all.Go(func() {
			var err error
			got[i], err = v.Get(func() (*int, error) { opened++; return new(int), nil })
			assert.NoError(t, err)
		})
	}
	all.Wait()
	require.Equal(t, 1, opened)
	for _, p := range got {
		require.Same(t, got[0], p)
	}
}
