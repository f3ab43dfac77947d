package identity_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"github.com/sluicehq/sluice/pkg/core/identity"
)

// What is ordinary goes a short way. It must lead where the rule leads, for
// anything that anybody writes: an identifier that is normalised differently is
// another person's.
func FuzzShortWays(f *testing.F) {
	for _, s := range []string{
		"", "Jane.Doe@Example.com", "Zoë", "İSTANBUL", "ΟΔΥΣΣΕΥΣ", "ȺȾ", "e\u0301", "\u1100\u1161", "\xff\xcc\x81", "\x80a", "\u00a0x\u0085",
		"4111 1111 1111 1111", "a 378282246310005", "+49 151 23456789", "2026-11-20", "jane%40example.com", "jane%2540example.com",
		"8f2c41d09be3a675-00000042", "Bearer abcdefghijkl", "BASIC abcdefghijkl", "sk_live_123456", "sk_live_12345", "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW",
		"/checkout/thank-you", "/12345678/", "/a b/é", "/elevenchars/twelve-chars", `\a/b`, "//", "/%41", "/1234/5678",
		"shop.example/x", "shop.example:80?x", "u:p@shop.example#", ".example", "[::1]:80/", "münchen.example", "a_b-c.example", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		require.Equal(t, identity.LowerByRule(s), string(identity.AppendLower(nil, s)))
		require.Equal(t, identity.LowerByRule(s), string(identity.AppendLower([]byte("x"), []byte(s))[1:]))
		require.Equal(t, norm.NFC.String(s), string(identity.AppendNFC(nil, s)))
		require.Equal(t, norm.NFC.String(s), string(identity.ComposeTail([]byte("x"+s), 1)[1:]))
		require.Equal(t, norm.NFC.String(s) == s, identity.IsComposed(s))
		require.Equal(t, identity.LookIDByRule(s) == identity.NotSuspect, identity.LookID(s) == identity.NotSuspect)
		require.Equal(t, identity.LookByRule(s) == identity.NotSuspect, identity.Look(s) == identity.NotSuspect)
		path, unsafe := identity.PathByRule(s)
		short, counted := identity.Path(s)
		require.Equal(t, path, short)
		require.Equal(t, unsafe, counted)
		host, ok := identity.HostByRule(s)
		got, valid := identity.Host(s)
		require.Equal(t, ok, valid)
		require.Equal(t, host, got)
	})
}

// The digits of a plain phone number are all its digits.
func FuzzDigits(f *testing.F) {
	for _, s := range []string{"49 151 2345678", "1 (650) 555-1212", "44 (0)113 4960000", "49/30.12", "1 650 ext 5", "", "٤٩"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out, plain := identity.AppendDigits([]byte("+"), s)
		if !plain {
			require.Equal(t, "+", string(out))
			return
		}
		digits := strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r
			}
			require.Contains(t, " -./()", string(r))
			return -1
		}, s)
		require.Equal(t, "+"+digits, string(out))
		require.NotContains(t, s, "(0")
	})
}

// Every triple of letters is in the table or not.
func TestEveryCodeIsFound(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, code := range strings.Fields(identity.CurrencyCodes) {
		known[code] = true
	}
	require.Less(t, len(known), 256, "positions are bytes")
	for i := range 26 * 26 * 26 {
		word := string([]byte{'A' + byte(i/26/26), 'A' + byte(i/26%26), 'A' + byte(i%26)})
		for _, s := range []string{word, strings.ToLower(word)} {
			code, ok := identity.Currency(s)
			require.Equal(t, known[word], ok, s)
			if ok {
				require.Equal(t, word, code)
			}
		}
	}
}
