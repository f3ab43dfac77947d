package identity_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"github.com/sluicehq/sluice/pkg/core/identity"
)

func TestLookJudgesText(t *testing.T) {
	for s, want := range map[string]identity.Suspect{
		"":                                     identity.NotSuspect,
		"gold plan":                            identity.NotSuspect,
		"12345678901":                          identity.NotSuspect, // bare digits
		"2026-11-20":                           identity.NotSuspect,
		"20.11.2026":                           identity.NotSuspect,
		"2026-11-20 10:30:00":                  identity.NotSuspect,
		"order-2026-1120-55":                   identity.NotSuspect,
		"550e8400-e29b-41d4-a716-446655440000": identity.NotSuspect,
		"$1,299.00":                            identity.NotSuspect,
		"summer_sale_2026":                     identity.NotSuspect,
		"@2x":                                  identity.NotSuspect,
		"4111111111111112":                     identity.NotSuspect, // check digit
		"9999999999999995":                     identity.NotSuspect, // no issuer
		"a@b.c":                                identity.SuspectEmail,
		"mail jane@example.com now":            identity.SuspectEmail,
		"jane%40example.com":                   identity.SuspectEmail,
		"jane%2540example.com":                 identity.SuspectEmail,
		"josé@exämple.de":                      identity.SuspectEmail,
		"x%3Djane%40example%2Ecom":             identity.SuspectEmail,
		"+4915123456789":                       identity.SuspectPhone,
		"004915123456789":                      identity.SuspectPhone,
		"(650) 555-1212":                       identity.SuspectPhone,
		"650-555-1212":                         identity.SuspectPhone,
		"call +49 151 2345678 today":           identity.SuspectPhone,
		"%2B4915123456789":                     identity.SuspectPhone,
		"4111111111111111":                     identity.SuspectCard,
		"4111 1111 1111 1111":                  identity.SuspectCard,
		"card: 5555-5555-5555-4444.":           identity.SuspectCard,
		"378282246310005":                      identity.SuspectCard,
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln":                        identity.SuspectToken,
		"Bearer abcdefgh1234":                                              identity.SuspectToken,
		"EAABsbCS1iHgBAKZCxyz0123456":                                      identity.SuspectToken,
		"aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF":                                 identity.SuspectToken,
		"62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f": identity.SuspectToken,
	} {
		require.Equal(t, want, identity.Look(s), s)
		_, ok := identity.CleanText(s)
		require.Equal(t, want == identity.NotSuspect, ok, s)
	}
}

func TestRedactCoversWhatProvidersQuote(t *testing.T) {
	for in, want := range map[string]string{
		`Unexpected key "x" on param "$['data'][0]"`:       `Unexpected key "x" on param "$['data'][0]"`,
		"The timestamp for this event is too old":          "The timestamp for this event is too old",
		"bad em jane@example.com and bob%40example.org":    "bad em [redacted] and [redacted]",
		"phone +49 151 2345678 is not hashed":              "phone [redacted] is not hashed",
		"ip 203.0.113.7 and 2001:db8::1, port 1.2.3.4:80.": "ip [redacted] and [redacted], port [redacted].",
		"token EAABsbCS1iHgBAKZCxyz0123456 expired":        "token [redacted] expired",
		"line\nbreak":                     "line break",
		"md5 " + strings.Repeat("a1", 16): "md5 [redacted]",
	} {
		require.Equal(t, want, identity.Redact(in))
		require.Equal(t, want, identity.Redact(want), "idempotent")
	}
	require.LessOrEqual(t, len(identity.Redact(strings.Repeat("ä ", 5000))), 1100)
}

func TestLowerIsTheFullCaseMapping(t *testing.T) {
	lower := cases.Lower(language.Und)
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if r >= 0xD800 && r <= 0xDFFF {
			continue
		}
		s := string(r)
		if want, got := lower.String(s), string(identity.AppendLower(nil, s)); got != want { // a million times: require is too slow
			t.Fatalf("%U becomes %q, not %q", r, got, want)
		}
	}
	for _, s := range []string{"ΓΙΩΡΓΟΣ", "ΣΑΣ ΟΔΟΣ.", "İSTANBUL ΟΣ", "STRASSE ẞ"} {
		require.Equal(t, "x"+lower.String(s), string(identity.AppendLower([]byte("x"), s)))
	}
	require.Equal(t, "a\uFFFDb", string(identity.AppendLower(nil, "A\xffB")))
}

func TestTrimKnowsJavaScriptSpaces(t *testing.T) {
	require.Equal(t, "x", identity.Trim("\u00a0\u3000\ufeff\u2003 x\t\v\f\r\n\u2028"))
	require.Equal(t, "\u0085x", identity.Trim("\u0085x"))
	require.Empty(t, identity.Trim(" \u202f\u205f\u1680"))
}

func TestHashedNeverHoldsTheValue(t *testing.T) {
	h := identity.Hash([]byte("foo@bar.com"))
	require.Equal(t, "0c7e6a405862e402eb76a70f8a26fc732d07c32931e9fae9ab1582911d2e8a3b", string(h.AppendHex(nil)))
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", h, h, h), "foo")
	again, ok := identity.ParseHashed(strings.ToUpper(string(h.AppendHex(nil))))
	require.True(t, ok)
	require.Equal(t, h, again, "hashed stays hashed")
	nothing := identity.Hash(nil)
	require.True(t, nothing.IsZero(), "nothing is not hashed")
	_, ok = identity.ParseHashed(strings.Repeat("g", 64))
	require.False(t, ok)
	empty, ok := identity.ParseHashed("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
	require.True(t, ok)
	require.True(t, empty.OfNothing())
	marked, ok := h.WithMark("AQQCAQAB")
	require.True(t, ok)
	require.True(t, strings.HasSuffix(string(marked.AppendHex(nil)), "8a3b.AQQCAQAB"))
	require.True(t, marked.SameDigest(&h))
	require.Positive(t, marked.Compare(&h))
	require.True(t, identity.OtherDigest("550E8400e29b41d4a716446655440000"))
	require.False(t, identity.OtherDigest("550E8400e29b41d4a71644665544000g"))
}

func TestURLKeepsOnlyWhatMayLeave(t *testing.T) {
	p := identity.URLPolicy{ClickIDs: []string{"fbclid"}, Parameters: []string{"partner"}}
	for _, c := range []struct {
		in, want string
		unsafe   int
		policy   identity.URLPolicy
	}{
		{"https://shop.example.com/a/b?utm_source=x&fbclid=AbC_d&q=1&partner=p#frag", "https://shop.example.com/a/b?utm_source=x&fbclid=AbC_d&partner=p", 0, p},
		{"https://shop.example.com/?fbclid=AbC", "https://shop.example.com/", 0, identity.URLPolicy{}},
		{"HTTPS://user:pw@shop.example.com:8443/x", "https://shop.example.com:8443/x", 0, p},
		{"https://shop.example.com/users/jane@example.com/orders", "https://shop.example.com/users/redacted/orders", 1, p},
		{"https://shop.example.com/u/jane%40example.com", "https://shop.example.com/u/redacted", 1, p},
		{"https://shop.example.com/?utm_content=%2B4915123456789&utm_term=a", "https://shop.example.com/?utm_term=a", 1, p},
		{"https://shop.example.com/?utm_term=650+555+1212+99", "https://shop.example.com/", 1, p},
		{"https://shop.example.com/a b\"c%zz", "https://shop.example.com/a%20b%22c%25zz", 0, p},
		{"https://shop.example.com/x?utm_a=1", "https://shop.example.com/x", 0, identity.URLPolicy{Mode: identity.URLPath}},
		{"https://shop.example.com/x?utm_a=1", "https://shop.example.com", 0, identity.URLPolicy{Mode: identity.URLOrigin}},
		{"https://münchen.example/straße", "https://münchen.example/straße", 0, p},
		{"http://[2001:db8::1]:80/x", "http://[2001:db8::1]:80/x", 0, p},
	} {
		out, unsafe, ok := identity.AppendURL(nil, c.in, c.policy)
		require.True(t, ok, c.in)
		require.Equal(t, c.want, string(out))
		require.Equal(t, c.unsafe, unsafe, c.in)
		again, unsafe, ok := identity.AppendURL(nil, string(out), c.policy)
		require.True(t, ok)
		require.Zero(t, unsafe)
		require.Equal(t, string(out), string(again), "idempotent")
	}
	for _, bad := range []string{"", "shop.example.com", "/path", "ftp://x.y/", "javascript:alert(1)", "https://", "https://a b/", "https://user@/x", "http://x:99999999/"} {
		_, _, ok := identity.AppendURL(nil, bad, p)
		require.False(t, ok, bad)
	}
}

func TestQueryValueDecodesOnce(t *testing.T) {
	v, ok := identity.QueryValue("example.com?a=1&fbclid=Ab%2BC%2525&fbclid=second#fbclid=third", "fbclid")
	require.True(t, ok)
	require.Equal(t, "Ab+C%25", v.Reveal())
	_, ok = identity.QueryValue("example.com?fbclidtest=456", "fbclid")
	require.False(t, ok)
	_, ok = identity.QueryValue("https://x.example/?fbclid=", "fbclid")
	require.False(t, ok)
}

func TestPublicIP(t *testing.T) {
	for in, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", " 203.0.113.7:5678 ": "203.0.113.7", "::ffff:203.0.113.7": "203.0.113.7",
		"[2001:db8::1]:443": "2001:db8::1", "2001:db8::1%eth0": "2001:db8::1", "2001:DB8:0::1": "2001:db8::1", "[2001:db8::1]": "2001:db8::1",
	} {
		got, ok := identity.PublicIP(identity.NewRaw(in))
		require.True(t, ok, in)
		require.Equal(t, netip.MustParseAddr(want), got)
	}
	for _, bad := range []string{"", "10.0.0.1", "172.16.9.9", "192.168.1.1", "127.0.0.1", "169.254.1.1", "::1", "fe80::1", "fd00::1",
		"100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "1.2.3", "1.2.3.4, 5.6.7.8", "1.2.3.4:", "1.2.3.4:x", "[::1", "::ffff:10.0.0.1", "localhost"} {
		_, ok := identity.PublicIP(identity.NewRaw(bad))
		require.False(t, ok, bad)
	}
}

func TestCodes(t *testing.T) {
	for in, want := range map[string]string{"eur": "EUR", "USD": "USD", " zwg ": "ZWG", "AED": "AED"} {
		got, ok := identity.Currency(in)
		require.True(t, ok, in)
		require.Equal(t, want, got)
	}
	for _, bad := range []string{"", "EU", "EURO", "XXX", "E R", "€", "US$"} {
		_, ok := identity.Currency(bad)
		require.False(t, ok, bad)
	}
	require.Zero(t, testing.AllocsPerRun(100, func() { identity.Currency("eur") }))
}

func FuzzLookAndRedact(f *testing.F) {
	for _, s := range []string{"jane@example.com", "+49 151 2345678", "%2540", "(", "+", "4111-1111-1111-1111", "a@b.c@d.e", "https://x/%", "\xff@a.b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		identity.LookID(s)
		identity.Look(s)
		out := identity.Redact(s)
		if k := identity.Look(out); len(s) < 1000 && (k == identity.SuspectEmail || k == identity.SuspectCard) {
			t.Fatalf("%q keeps %v: %q", s, k, out)
		}
	})
}

func FuzzURL(f *testing.F) {
	for _, s := range []string{"https://a.b/c?utm_x=1", "http://u:p@h/%zz?fbclid=A", "https://[::1]/", "https://x/\xff?utm_a=%", "http://0/00000000\xff", "http://0/?utm_a=00000000\xff"} {
		f.Add(s)
	}
	p := identity.URLPolicy{ClickIDs: []string{"fbclid"}}
	f.Fuzz(func(t *testing.T, s string) {
		out, _, ok := identity.AppendURL(nil, s, p)
		if !ok {
			return
		}
		again, _, ok := identity.AppendURL(nil, string(out), p)
		if !ok || string(again) != string(out) {
			t.Fatalf("%q: %q then %q", s, out, again)
		}
		if bytes.ContainsAny(out, "\"\\\n# ") {
			t.Fatalf("%q needs escaping", out)
		}
	})
}
