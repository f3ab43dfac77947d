package reply_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/reply"
)

func with(header string) *provider.Response {
	return &provider.Response{Header: func(string) string { return header }, Now: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC).UnixMilli()}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]int64{
		"": 0, "7": 7000, " 1.5 ": 1500, "-3": 0, "soon": 0, "NaN": 0, "Inf": reply.MaxWaitMS, "999999999": reply.MaxWaitMS,
		"Mon, 30 Nov 2026 12:00:09 GMT": 9000, "Monday, 30-Nov-26 12:00:09 GMT": 9000, "Mon Nov 30 12:00:09 2026": 9000,
		"Mon, 30 Nov 2026 11:00:00 GMT": 0,
	} {
		require.Equal(t, want, reply.RetryAfter(with(header)), header)
	}
	require.Zero(t, reply.RetryAfter(&provider.Response{}))
	require.Zero(t, reply.Wait(math.NaN()))
}

func TestJSONIsOneWholeValue(t *testing.T) {
	t.Parallel()
	var into struct {
		Code int `json:"code"`
	}
	require.NoError(t, reply.JSON(&provider.Response{Body: []byte(` {"code":5,"new":true} `)}, &into))
	require.Equal(t, 5, into.Code)
	for _, body := range []string{"", "{", `{"code":5}{}`, `{"code":"5"}`, "<html>"} {
		require.Error(t, reply.JSON(&provider.Response{Body: []byte(body)}, &into), body)
	}
	require.Error(t, reply.JSON(&provider.Response{Body: []byte(`{"code":5}`), Truncated: true}, &into))
}

func TestTextIsRedactedAndBounded(t *testing.T) {
	t.Parallel()
	require.NotContains(t, reply.Text("no such user jane@shop.example", 300), "jane")
	require.LessOrEqual(t, len(reply.Text("ééééééé", 5)), 5)
}

func TestBlame(t *testing.T) {
	t.Parallel()
	one := provider.Answer{Code: "400", Subcode: "7", Message: "bad"}
	reply.Blame(&one, 1, nil)
	require.Equal(t, []provider.Fault{{Code: "400/7", Message: "bad"}}, one.Faults)
	var many provider.Answer
	reply.Blame(&many, 3, []provider.Fault{{Index: 2}, {Index: 2}, {Index: 0}})
	require.Equal(t, []provider.Fault{{Index: 2}, {Index: 0}}, many.Faults)
	var strange provider.Answer
	reply.Blame(&strange, 3, []provider.Fault{{Index: 1}, {Index: 3}})
	require.Empty(t, strange.Faults, "who counts differently is not believed")
}
