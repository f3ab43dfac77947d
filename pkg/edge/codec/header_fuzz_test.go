package codec_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/codec"
)

// FuzzParseHop: headers come from whoever may write to a waiting topic. What is
// read from them is written again as it was read, and a refusal repeats
// nothing of them, because they may hold anything.
func FuzzParseHop(f *testing.F) {
	for key, value := range map[string]string{
		codec.HeaderAttempt: "3", codec.HeaderFirstHandover: "1795000000000", codec.HeaderCause: "provider.server_error",
		codec.HeaderHTTPStatus: "503", codec.HeaderReplayID: "r-1", codec.HeaderSource: "analytics.events/3@7",
	} {
		f.Add(key, []byte(value), codec.HeaderTraceParent, []byte("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
	}
	f.Add("sluice-attempt", []byte("-9223372036854775809"), "sluice-attempt", []byte("1"))
	f.Fuzz(func(t *testing.T, key string, value []byte, other string, more []byte) {
		headers := []kgo.RecordHeader{{Key: key, Value: value}, {Key: other, Value: more}}
		codec.TraceParent(headers)
		hop, err := codec.ParseHop(headers)
		if err != nil {
			if len(value) > 12 && strings.HasPrefix(key, "sluice-") {
				require.NotContains(t, err.Error(), string(value))
			}
			return
		}
		again, err := codec.ParseHop(hop.Append(nil))
		require.NoError(t, err)
		require.Equal(t, hop, again)
	})
}
