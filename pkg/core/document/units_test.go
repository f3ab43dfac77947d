package document_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/document"
)

func TestMilliseconds(t *testing.T) {
	t.Parallel()
	for text, ms := range map[string]int64{"9d": 777600000, "1h30m": 5400000, "15m": 900000, "500ms": 500, "30s": 30000, "0s": 0} {
		got, err := document.ParseMilliseconds(text)
		require.NoError(t, err, text)
		require.Equal(t, ms, got)
		again, err := document.ParseMilliseconds(document.FormatMilliseconds(got))
		require.NoError(t, err)
		require.Equal(t, ms, again)
	}
	for _, text := range []string{"", "9", "d", "-1d", "1.5h", "1 d", "9dd", "99999999999999999999d", "9223372036854775807d", "1w"} {
		_, err := document.ParseMilliseconds(text)
		require.Error(t, err, text)
	}
}
