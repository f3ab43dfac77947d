package terminal

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestWhatATerminalWouldObeyIsEscaped: at any depth of an answer.
func TestWhatATerminalWouldObeyIsEscaped(t *testing.T) {
	t.Parallel()
	type word string
	type inner struct {
		Text  string
		Named word
		Any   any
		Body  []byte
		At    time.Time
	}
	type answer struct {
		ID    string
		List  []inner
		Map   map[string]*inner
		Pair  [2]string
		Count int
		None  *inner
	}
	at := time.Date(2026, 11, 1, 2, 3, 4, 0, time.UTC)
	evil, safe := "a\x1b[2J\nb\u202e\x9b\xffé", `a\x1b[2J\nb\u202e\x9b\xffé`
	mine := answer{
		ID: evil, Count: 3, Pair: [2]string{evil, "x"},
		List: []inner{{Text: evil, Named: word(evil), Any: evil, Body: []byte(evil), At: at}},
		Map:  map[string]*inner{evil: {Text: evil}},
	}
	got := Shown(mine)
	require.Equal(t, answer{
		ID: safe, Count: 3, Pair: [2]string{safe, "x"},
		List: []inner{{Text: safe, Named: word(safe), Any: safe, Body: []byte(evil), At: at}},
		Map:  map[string]*inner{safe: {Text: safe}},
	}, got)
	require.Equal(t, evil, mine.ID, "a copy")
	require.Equal(t, evil, mine.List[0].Text)
	require.Nil(t, Shown[any](nil))
	require.Equal(t, "Straße 東京 12 €", Escaped("Straße 東京 12 €"))
	require.Equal(t, `a\u200bb\ufeff`, Escaped("a\u200bb\ufeff"), "what shows nothing is shown")
}
