package lines_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/ops/lines"
)

func TestLineNotes(t *testing.T) {
	t.Parallel()
	notes, err := lines.NewNotes("my.ndjson")
	require.NoError(t, err)
	notes.Line(1, []byte(`{"event_id":"e1"}`))
	require.Empty(t, notes.String())

	notes.Line(2, []byte(`{"consnt":{},"warehouse":1}`))
	notes.Line(4, []byte(`{"consnt":{}}`))
	notes.Bad(3, errors.New("field event_name: it is missing"))
	require.Equal(t, "reading my.ndjson: 1 bad line\n"+
		"  my.ndjson:3: field event_name: it is missing\n"+
		"  they are sent as they are, and dead-lettered; fix: mend these lines\n"+
		"my.ndjson:2: unknown member consnt (ignored; 2 times in all); did you mean consent?\n"+
		"my.ndjson:2: unknown member warehouse (ignored)\n", notes.String())

	notes.Line(5, []byte(`{"consent":{"adUserData":"denied"}}`))
	require.Contains(t, notes.String(), "my.ndjson:5: unknown member consent.adUserData (malformed: this consent denies everything); did you mean consent.ad_user_data?\n")

	line := []byte(`{"my_unknown_member_1":1}`)
	notes.Line(5, line)
	copy(line, `{"emails":["ada@x.test"]}`) // as a reader of lines does
	require.Contains(t, notes.String(), "my.ndjson:5: unknown member my_unknown_member_1 (ignored)\n")
	require.NotContains(t, notes.String(), "ada@x", "the bytes of a later line")

	for i := range 30 {
		notes.Line(6+i, fmt.Appendf(nil, `{"unheard_of_%d":1}`, i))
	}
	require.Contains(t, notes.String(), "  and 14 more unknown members\n", "a file of another kind has as many as it likes")
}
