package jsonappend_test

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
)

func TestNumbersAreShortAndPlain(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0", 142.52: "142.52", 1e21: "1000000000000000000000", 1e-7: "0.0000001", -3: "-3", math.Copysign(0, -1): "0",
	} {
		require.Equal(t, want, string(jsonappend.Float(nil, f)))
	}
	for f, want := range map[float64]string{
		80.00000000000001: "80", 142.5: "142.5", 0.00004: "0", -0.00001: "0", 1e21: "1000000000000000000000", 100: "100", 0: "0", 19.99999: "20",
	} {
		require.Equal(t, want, string(jsonappend.Decimal(nil, f, 4)))
	}
	require.Equal(t, "100", string(jsonappend.Decimal(nil, 100, 0)))
	require.False(t, jsonappend.Finite(math.NaN()) || jsonappend.Finite(math.Inf(-1)))
	require.Equal(t, "0", string(jsonappend.Float(nil, math.NaN())))
}

func TestMembersPutTheirOwnCommas(t *testing.T) {
	b, h := []byte{'{'}, identity.Hash([]byte("x"))
	b = jsonappend.String(jsonappend.Key(b, "a"), identity.Literal("x"))
	b = jsonappend.Int(jsonappend.Key(b, "b"), 7)
	b = jsonappend.Bool(jsonappend.Name(b, identity.Vouch(`c"`)), true)
	b = append(jsonappend.Key(b, "d"), '[')
	b = jsonappend.Hex(jsonappend.Comma(b), &h)
	b = jsonappend.Bytes(jsonappend.Comma(b), identity.VouchBytes([]byte("y")))
	b = append(b, "]}"...)
	require.JSONEq(t, `{"a":"x","b":7,"c\"":true,"d":["2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881","y"]}`, string(b))
}

func FuzzTimes(f *testing.F) {
	for _, ms := range []int64{0, 1, -1, 1795262395123, 951782400000, 253402300799999, 253402300800000, -62167219200001, -62167219200000, math.MaxInt64, math.MinInt64} {
		f.Add(ms)
	}
	f.Fuzz(func(t *testing.T, ms int64) {
		want := time.UnixMilli(ms).UTC().Format(`"2006-01-02T15:04:05.000Z"`)
		require.Equal(t, want, string(jsonappend.Time(nil, ms)))
	})
}

// An amount in cents is written without the library, and comes out the same.
func FuzzDecimals(f *testing.F) {
	for _, v := range []float64{0, 0.1, 19.9, 142.52, 80.00000000000001, 0.005, 1.005, 999999999.99, 1e9, 8.5e9 + 0.01, 1e21, -3.25, math.Copysign(0, -1)} {
		f.Add(v, int64(v*100))
	}
	f.Fuzz(func(t *testing.T, v float64, hundredths int64) {
		near := float64(hundredths) / 100
		for _, v := range []float64{v, near, math.Nextafter(near, 0), math.Nextafter(near, math.Inf(1))} {
			for digits := range 9 {
				want := "0"
				if jsonappend.Finite(v) {
					if want = strconv.FormatFloat(v, 'f', digits, 64); digits > 0 {
						want = strings.TrimRight(strings.TrimRight(want, "0"), ".")
					}
					if want == "-0" {
						want = "0"
					}
				}
				require.Equal(t, want, string(jsonappend.Decimal(nil, v, digits)), "%v to %d", v, digits)
			}
		}
	})
}

func FuzzStringsAreValidAndUnchanged(f *testing.F) {
	for _, s := range []string{"eight or more plain bytes", "1234567\"", "\\1234567", "123\x1f4567", "1234é67", "12345678\x80", "", "a\"b\\c", "\x00\x1f\n\r\t\x7f", "ü€😀\u2028", "\xff\xc3", "\uFFFD"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out := jsonappend.String(nil, identity.Vouch(s))
		var back, want string
		require.NoError(t, json.Unmarshal(out, &back))
		ref, err := json.Marshal(s)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(ref, &want))
		require.Equal(t, want, back)
		require.Equal(t, string(out), string(jsonappend.Bytes(nil, identity.VouchBytes([]byte(s)))))
	})
}

func TestWritingDoesNotAllocate(t *testing.T) {
	buf := make([]byte, 0, 512)
	h := identity.Hash([]byte("x"))
	require.Zero(t, testing.AllocsPerRun(100, func() {
		b := jsonappend.Hex(jsonappend.Key(append(buf, '{'), "em"), &h)
		b = jsonappend.String(jsonappend.Key(b, "s"), identity.Literal("grün \"x\""))
		jsonappend.Decimal(jsonappend.Key(b, "v"), 142.52, 4)
	}))
}
