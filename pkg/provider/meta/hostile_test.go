package meta_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/provider/meta"
)

// hostileRow is one line of testdata/hostile.txt.
type hostileRow struct {
	line            int
	key, in, want   string
	dropped, passed bool
	hints           meta.Hints
}

func hostileRows(t testing.TB) []hostileRow {
	t.Helper()
	text, err := os.ReadFile("testdata/hostile.txt")
	require.NoError(t, err)
	var rows []hostileRow
	for i, line := range strings.Split(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.Split(line, " | ")
		require.GreaterOrEqual(t, len(parts), 3, "line %d", i+1)
		in, err := strconv.Unquote(parts[1])
		require.NoError(t, err, "line %d", i+1)
		r := hostileRow{line: i + 1, key: parts[0], in: in, dropped: parts[2] == "-", hints: hints}
		want, passed := strings.CutPrefix(parts[2], "=")
		r.passed = passed
		r.want, err = strconv.Unquote(`"` + strings.ReplaceAll(want, `"`, `\"`) + `"`)
		require.NoError(t, err, "line %d", i+1)
		for _, hint := range parts[3:] {
			switch name, value, _ := strings.Cut(hint, "="); name {
			case "country":
				r.hints.Country = value
			case "phone":
				r.hints.PhoneCountry = value
			default:
				t.Fatalf("line %d: unknown hint %q", i+1, name)
			}
		}
		rows = append(rows, r)
	}
	require.Greater(t, len(rows), 400)
	return rows
}

func TestHostileValues(t *testing.T) {
	for _, r := range hostileRows(t) {
		h, form := meta.Normalise(r.key, raw(r.in), r.hints)
		got := string(h.AppendHex(nil))
		switch {
		case r.dropped:
			require.Equal(t, meta.Dropped, form, "line %d: %s %q gave %s", r.line, r.key, r.in, got)
		case r.passed:
			require.Equal(t, meta.PassedOn, form, "line %d", r.line)
			require.Equal(t, r.want, got, "line %d", r.line)
		default:
			require.Equal(t, meta.Normalised, form, "line %d: %s %q", r.line, r.key, r.in)
			require.Equal(t, sha(r.want), got, "line %d: %s %q should be %q", r.line, r.key, r.in, r.want)
		}
	}
}
