package identity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/identity"
)

// The same people's numbers, as forms and exports write them.
func TestPhones(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, own, fallback, want string }{
		{"+49 151 23456789", "", "", "4915123456789"}, {"0049 151 23456789", "", "", "4915123456789"}, {"+49 (0)151 23456789", "", "", "4915123456789"},
		{"+44 (0)20 7946 0958", "", "", "442079460958"}, {"+39 (0)6 12345678", "", "DE", "390612345678"}, {"+39 06 12345678", "", "", "390612345678"},
		{"+44 020 7946 0958", "", "", "442079460958"}, {"+4402079460958", "", "", "442079460958"}, {"0044 020 7946 0958", "", "", "442079460958"}, {"+44-0447-234-2344", "", "", "444472342344"}, {"+225 07 08 09 10 11", "", "", "2250708091011"}, {"+39 06 6982 1234", "", "", "390669821234"},
		{"+001 (616) 954-78 88", "", "", "16169547888"}, {"+1-555-123-4567 ext. 123", "", "", "15551234567"}, {"+1 650 555 1212;ext=12", "", "", "16505551212"},
		{"+49 151 23456789\u200b", "", "", "4915123456789"}, {"＋４９ １５１ ２３４５６７８９", "", "", "4915123456789"}, {"٠٠٤٩١٥١٢٣٤٥٦٧٨٩", "", "", "4915123456789"},
		// national numbers of a country that is known
		{"0151 23456789", "DE", "", "4915123456789"}, {"0151 23456789", "", "DE", "4915123456789"}, {"0412 345 678", "AU", "", "61412345678"},
		{"9876543210", "IN", "", "919876543210"}, {"(212) 555-0187", "US", "", "12125550187"}, {"(479) 555-0142", "US", "DE", "14795550142"},
		{"49 151 23456789", "DE", "", "4915123456789"}, {"049 151 23456789", "DE", "", "4915123456789"},
		{"+33 6 12 34 56 78", "DE", "DE", "33612345678"},
		// an international number that lacks its plus sign
		{"441134960987", "", "", "441134960987"}, {"1-800-555-0100", "", "", "18005550100"}, {"14155551234", "", "", "14155551234"},
	} {
		got, fault := identity.AppendE164(nil, c.in, c.own, c.fallback)
		require.Equal(t, c.want, string(got), "%v: fault %v", c, fault)
	}
	for _, in := range []string{"0151 23456789", "0412 345 678", "9876543210", "(212) 555-0187", "(800) 555-0100", "020 7946 0958", "01(650)123-4567", "411", "12345678"} {
		got, fault := identity.AppendE164(nil, in, "", "")
		require.Equal(t, identity.PhoneNoCountry, fault, in)
		require.Empty(t, got)
	}
	for _, in := range []string{
		"", "+", "abc", "+0151 23456789", "0000000000", "+0000000000", "+123", "+1234567890123456", "4.91512E+12", "1111111111", "+1111111111", "+999123456", "++++", "undefined",
		"00000000000000000000000000000000000000000000000000000123", "0151", "+49 151 2345678901234",
	} {
		got, fault := identity.AppendE164(nil, in, "", "DE")
		require.NotEqual(t, identity.PhoneOK, fault, "%q gives %s", in, got)
		require.Empty(t, got)
	}
}

// Whatever is hashed has the shape of E.164.
func FuzzPhones(f *testing.F) {
	for _, s := range []string{"+49 (0)151 23456789", "0049", "(0)", "+1x2", "ext", "٠٠٤٩", "\xff+1"} {
		f.Add(s, "DE", "US")
	}
	f.Fuzz(func(t *testing.T, s, own, fallback string) {
		got, fault := identity.AppendE164(nil, s, own, fallback)
		if fault != identity.PhoneOK {
			require.Empty(t, got)
			return
		}
		require.Regexp(t, `^[1-9][0-9]{6,14}$`, string(got))
		again, fault := identity.AppendE164(nil, "+"+string(got), "", "")
		require.Equal(t, identity.PhoneOK, fault)
		require.Equal(t, string(got), string(again))
	})
}
