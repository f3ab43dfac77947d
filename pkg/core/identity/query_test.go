package identity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/identity"
)

// Links that were read off a page's source carry escaped ampersands.
func TestQueriesEscapedForHTML(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"https://shop.example/?a=1&amp;fbclid=IwAR1", "https://shop.example/?a=1&#38;fbclid=IwAR1#top", "https://shop.example/?a=1&#038;fbclid=IwAR1",
		"https://shop.example/?a=1&#x26;fbclid=IwAR1", "https://shop.example/?a=1&amp;amp;fbclid=IwAR1&amp;b=2", "https://shop.example/?amp;fbclid=IwAR1",
	} {
		v, ok := identity.QueryValue(raw, "fbclid")
		require.True(t, ok, raw)
		require.Equal(t, "IwAR1", v.Reveal(), raw)
		out, unsafe, ok := identity.AppendURL(nil, raw, identity.URLPolicy{ClickIDs: []string{"fbclid"}})
		require.True(t, ok)
		require.Zero(t, unsafe)
		require.Equal(t, "https://shop.example/?fbclid=IwAR1", string(out), raw)
	}
	for _, raw := range []string{"https://shop.example/#a&amp;fbclid=IwAR1", "https://shop.example/?a=1#38;fbclid=IwAR1", "https://shop.example/?a=1&#fbclid=IwAR1"} {
		_, ok := identity.QueryValue(raw, "fbclid")
		require.False(t, ok, raw)
	}
}

// Names of campaigns hold ages, ids of campaigns are numbers.
func TestCampaignsStay(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://shop.example/?utm_source=fb&utm_content=25-34+35-44+women": "https://shop.example/?utm_source=fb&utm_content=25-34+35-44+women",
		"https://shop.example/?utm_id=23849459289298320":                    "https://shop.example/?utm_id=23849459289298320",
		"https://shop.example/?utm_id=2026-11-0042":                         "https://shop.example/?utm_id=2026-11-0042",
		"https://shop.example/?utm_id=%2B4915123456789&utm_source=a":        "https://shop.example/?utm_source=a",
		"https://shop.example/sales/order/view/order_id/000000123/":         "https://shop.example/sales/order/view/order_id/000000123/",
		"https://shop.example/sales/2026-11-0042/":                          "https://shop.example/sales/2026-11-0042/",
		"https://shop.example/call/0151%2023456789/":                        "https://shop.example/call/redacted/",
	} {
		out, _, ok := identity.AppendURL(nil, raw, identity.URLPolicy{})
		require.True(t, ok, raw)
		require.Equal(t, want, string(out))
	}
	for _, raw := range []string{"http://[1.2.3]/x", "http://[abc]/", "http://[fe80::1%25eth0]/"} {
		_, _, ok := identity.AppendURL(nil, raw, identity.URLPolicy{})
		require.False(t, ok, raw)
	}
}
