package iab_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent/iab"
)

const google = 755

// vectors gives the strings of the reference libraries.
func vectors(t testing.TB, file string) []string {
	t.Helper()
	text, err := os.ReadFile("../testdata/" + file)
	require.NoError(t, err)
	var rows []struct{ String string }
	require.NoError(t, json.Unmarshal(text, &rows))
	require.Greater(t, len(rows), 100)
	list := make([]string, len(rows))
	for i, row := range rows {
		list[i] = row.String
	}
	return list
}

// FuzzReadTCF: whatever the bytes, the reader does not panic, gives nothing with a
// fault, and believes no string that is cut: a prefix is malformed, or says the same
// because only padding or whole segments are gone.
func FuzzReadTCF(f *testing.F) {
	for _, s := range vectors(f, "tcf_vectors.json") {
		f.Add(s, len(s)/2)
	}
	f.Fuzz(func(t *testing.T, s string, cut int) {
		whole, fault := iab.ReadTCF(s, google)
		if fault != "" {
			require.Equal(t, iab.TCF{}, whole)
			return
		}
		require.Greater(t, len(s), 35, "a core has more bits")
		require.False(t, strings.ContainsAny(s, "=+/ \n~%"))
		if cut < 0 || cut >= len(s) {
			return
		}
		part, fault := iab.ReadTCF(s[:cut], google)
		if fault != "" {
			return
		}
		segments := strings.Count(s[:cut], ".") < strings.Count(s, ".")
		require.Equal(t, whole.Consent, part.Consent)
		require.Equal(t, whole.VendorConsent, part.VendorConsent)
		if !segments {
			require.Equal(t, whole, part)
		}
	})
}

// FuzzReadGPP: the same, and no section can change what another one says.
func FuzzReadGPP(f *testing.F) {
	for _, s := range vectors(f, "gpp_vectors.json") {
		f.Add(s, len(s)/2)
	}
	f.Add("DBAB"+strings.Repeat("A", 40)+"GA~x", 3)
	f.Add("DBACLRg~CVVqAAAAAACA.YA~"+strings.Repeat("BVoAAAgA.", 40), 9)
	f.Fuzz(func(t *testing.T, s string, cut int) {
		g, fault := iab.ReadGPP(s, google, iab.AllSections)
		require.Zero(t, (g.OptedOut|g.Damaged|g.Answered|g.WithoutNotice|g.ServiceProvider)&^g.Present)
		require.Zero(t, g.OptedOut&g.Answered)
		if g.TCF.Consent != 0 {
			require.Contains(t, s, "~C", "only a TC string grants")
		}
		if g.TCFFault != "" {
			require.Equal(t, iab.TCF{}, g.TCF)
		}
		// With fewer sections in force nothing new is said but of them.
		none, again := iab.ReadGPP(s, google, 0)
		require.Equal(t, fault, again)
		require.Equal(t, iab.GPP{GPC: g.GPC, Minors: g.Minors}, none)
		if cut < 0 || cut >= len(s) || fault != "" {
			return // what is cut off may be what was wrong
		}
		// A cut string never answers what the whole one did not.
		part, fault := iab.ReadGPP(s[:cut], google, iab.AllSections)
		if fault == "" {
			require.Zero(t, part.Answered&^(g.Answered|g.OptedOut|g.Damaged|g.Unsupported))
		}
	})
}

func TestReadersDoNotAllocate(t *testing.T) {
	tcf, gpp := vectors(t, "tcf_vectors.json"), vectors(t, "gpp_vectors.json")
	require.Zero(t, testing.AllocsPerRun(1, func() {
		for _, s := range tcf {
			iab.ReadTCF(s, google)
		}
		for _, s := range gpp {
			iab.ReadGPP(s, google, iab.AllSections)
		}
	}))
}
