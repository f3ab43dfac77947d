package consent_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
)

// Text from a browser never panics, never takes long, and never grants unless
// it is a complete TC string.
func FuzzNormalise(f *testing.F) {
	f.Add("granted", "", "")
	f.Add("", tcString(f, "p1,p7,v755,r7"), gppString(f, "2:p1+6:=1YYN+7:gpc+8:sale+16:AA"))
	f.Add("denied", "COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA", "DBABLA~DSJgmkoZJSA.YA")
	f.Add("maybe", "C", "DBADLO8~BSJgmkoZJSA.YA~BSFgmiU~BWJYJllA~BSFgmSZQ.YA")
	f.Fuzz(func(t *testing.T, field, tcf, gpp string) {
		in := consent.Input{AdUserData: consent.Text(field), TCF: consent.Text(tcf), GPP: consent.Text(gpp)}
		s := consent.Normalise(in, 1, 1)
		require.Zero(t, s.Said.Granted&s.Said.Denied)
		require.Zero(t, s.Explicit&^s.Said.Granted)
		if s.Malformed != consent.WellFormed {
			require.Equal(t, consent.State{Denied: consent.AllPurposes}, s.Said)
		}
		if field != "granted" {
			require.Zero(t, s.Explicit)
		}
		// GPP alone grants nothing unless a TC string stands in it.
		us := consent.Normalise(consent.Input{GPP: consent.Text(gpp)}, 1, 1)
		if us.Said.Granted != 0 {
			require.Contains(t, gpp, "~C")
		}
		alone := consent.Normalise(consent.Input{TCF: consent.Text(tcf)}, 1, 1)
		if alone.Said.Granted != 0 {
			require.Equal(t, byte('C'), tcf[0])
			require.Greater(t, len(tcf), 38)
		}
	})
}

// Headers that would keep the library busy for hours or for ever.
func TestHostileGPPHeadersAreMalformedAtOnce(t *testing.T) {
	t.Parallel()
	for name, gpp := range map[string]string{
		"a Fibonacci number of hundreds of bits": "DBAB" + strings.Repeat("A", 40) + "GA~x",
		"a range up to the last id":              "DBABqqqqqqqqqqqqqqqqqqqY~x",
		"thousands of entries":                   "DB__" + strings.Repeat("w", 56) + "~x",
		"a long header":                          "DBAB" + strings.Repeat("w", 4000) + "~x",
		"no section, and then one":               "DBAA~",
		"more sections than ids":                 gppString(t, "8:") + "~x",
		"a line break in the header":             "DBAB\nh4A~BlgWEYCY.QA~BSFgmiU",
	} {
		s := consent.Normalise(consent.Input{GPP: consent.Text(gpp)}, 1, 1)
		require.Equal(t, consent.PartGPP, s.Malformed, name)
	}
}

// Strings that others wrote, so that our own writer does not test itself only.
func TestForeignStrings(t *testing.T) {
	t.Parallel()
	// Two sections from go-gpp's documentation: California (sharing notice, no
	// opt-out) and Virginia with an opt-out of targeted advertising.
	s := consent.Normalise(consent.Input{GPP: consent.Text("DBABh4A~BlgWEYCY.QA~BSFgmiU")}, 1, 1)
	require.Equal(t, consent.WellFormed, s.Malformed)
	require.Zero(t, s.Unreadable)
	require.Equal(t, consent.Sections(1<<9), s.OptedOut)
	// National, Virginia, Utah and Connecticut, the last two as a range of ids.
	s = consent.Normalise(consent.Input{GPP: consent.Text("DBADLO8~BSJgmkoZJSA.YA~BSFgmiU~BWJYJllA~BSFgmSZQ.YA")}, 1, 1)
	require.Equal(t, consent.WellFormed, s.Malformed)
	require.Zero(t, s.Unreadable)
	require.True(t, s.GPC)
	require.Equal(t, consent.Sections(1<<9|1<<11|1<<12), s.OptedOut)
	// Version 27 of Virginia: the library reads it, we do not believe it.
	s = consent.Normalise(consent.Input{GPP: consent.Text("DBABRg~bSFgmiU")}, 1, 1)
	require.Equal(t, consent.Sections(1<<9), s.Unsupported)
	// A TC string of the IAB's own library: purposes 1, 3, 4 and 7, vendor 755.
	s = consent.Normalise(consent.Input{TCF: consent.Text("CQt-4cAQt-4cAEsACBENCgFgALIAAAAAAAYgF5wAQF5gAAAA.IF5wAQF5gAAA")}, 1, 1)
	require.Equal(t, consent.WellFormed, s.Malformed)
	require.Equal(t, consent.Advertising, s.Said.Granted)
	require.Zero(t, s.NotForGoogle)
	// The example of the specification of 2020 has global scope, which ended.
	s = consent.Normalise(consent.Input{TCF: consent.Text("COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA.IFoEUQQgAIQwgIwQABAEAAAAOIAACAIAAAAQAIAgEAACEAAAAAgAQBAAAAAAAGBAAgAAAAAAAFAAECAAAgAAQARAEQAAAAAJAAIAAgAAAYQEAAAQmAgBC3ZAYzUw")}, 1, 1)
	require.Equal(t, consent.PartTCF, s.Malformed)
}
