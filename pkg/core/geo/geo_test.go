package geo_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/sluicehq/sluice/pkg/core/geo"
)

// TestCountryReadsWhatPeopleWrite: a country counts however it is written.
func TestCountryReadsWhatPeopleWrite(t *testing.T) {
	t.Parallel()
	for want, list := range map[string][]string{
		"AX": {"Åland Islands", "aland islands", "\uFFFDland Islands"},
		"BS": {"Bahamas", "The Bahamas", "Bahamas, The", "Bahamas (the)"},
		"CD": {"Democratic Republic of the Congo", "Congo - Kinshasa", "Congo, The Democratic Republic of the", "DR Congo"},
		"CG": {"Congo", "Republic of the Congo", "Congo - Brazzaville"},
		"CI": {"Côte d’Ivoire", "Cote d'Ivoire", "COTE D'IVOIRE", "Ivory Coast", "C\xf4te d'Ivoire"},
		"CN": {"China", "中国", "People's Republic of China", "PRC"},
		"CW": {"Curaçao", "CURACAO"},
		"CZ": {"Czechia", "Czech Republic", "CZE", "Česko", "Česká republika", "cz", "The Czech Republic"},
		"DE": {"Germany", "Deutschland", "DEU", "ALLEMAGNE", "Federal Republic of Germany", "Germany / Deutschland", "Deutschland (DE)", "  de ", "D.E."},
		"ES": {"Spain", "España", "Espana", "Canary Islands", "IC", "Kingdom of Spain", "Espanya"},
		"GB": {"UK", "U.K.", "Great Britain", "England", "United Kingdom (UK)", "GBR", "The United Kingdom", "Scotland"},
		"GR": {"Greece", "EL", "Ελλάδα", "ΕΛΛΑΔΑ", "Hellas"},
		"HK": {"Hong Kong", "Hong Kong SAR China", "香港"},
		"IE": {"Ireland", "Éire", "Republic of Ireland"},
		"JP": {"Japan", "日本", "ＪＰ", "Ｊａｐａｎ"},
		"KR": {"South Korea", "Korea, Republic of", "Republic of Korea", "대한민국"},
		"MK": {"North Macedonia", "Macedonia", "Северна Македонија"},
		"MM": {"Myanmar (Burma)", "Burma", "Myanmar"},
		"NL": {"Netherlands", "The Netherlands", "Nederland", "Holland", "NLD"},
		"AT": {"Österreich", "Oesterreich", "OSTERREICH", "O\u0308sterreich", "Austria"},
		"RE": {"Réunion", "Reunion"},
		"RU": {"Russia", "Russian Federation", "Россия", "РОССИЯ"},
		"SZ": {"Eswatini", "Swaziland"},
		"TR": {"Türkiye", "Turkey", "TURKIYE", "türkiye"},
		"TT": {"Trinidad & Tobago", "Trinidad and Tobago"},
		"TW": {"Taiwan", "Republic of China", "Taiwan, Province of China"},
		"US": {"US", "USA", "U.S.A.", "United States", "united_states", "United States (US)", "US - United States", "Vereinigte Staaten", "États-Unis", "UNITED STATES OF AMERICA", "The United States"},
		"VC": {"St. Vincent & Grenadines", "Saint Vincent and the Grenadines"},
		"VN": {"Vietnam", "Viet Nam", "Việt Nam"},
		"XK": {"XK", "Kosovo"},
	} {
		for _, s := range list {
			got, ok := geo.Country(s)
			require.True(t, ok, "%q is not read", s)
			require.Equal(t, want, got, s)
		}
	}
}

// TestCountryDoesNotGuess: what CDNs write for unknown, and what may be two
// countries, is none.
func TestCountryDoesNotGuess(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", " ", "-", "XX", "ZZ", "T1", "A1", "A2", "EU", "AP", "UN", "undefined", "null", "N/A", "n.a.", "N A", "D/E", "none", "Unknown", "(not set)", "276", "49", "D", "Deutsch",
		"Georgia, United States", "Germany and Austria", "Korea", "Virgin Islands", "Europe", "Germany / Austria", "republic of", "the", strings.Repeat("Germany ", 100), "\xff\xfe",
	} {
		got, ok := geo.Country(s)
		require.False(t, ok, "%q is read as %s", s, got)
		require.Empty(t, got)
	}
}

// TestCountryReadsEveryEnglishNameOfTheCLDR holds the table against another
// edition of its source.
func TestCountryReadsEveryEnglishNameOfTheCLDR(t *testing.T) {
	t.Parallel()
	seen := 0
	for i := range 26 * 26 {
		r, err := language.ParseRegion(string([]byte{byte('A' + i/26), byte('A' + i%26)}))
		if err != nil || !r.IsCountry() {
			continue
		}
		code, known := geo.Country(r.String())
		if !known || code != r.String() {
			continue // a part of a country, or one that is no more
		}
		seen++
		for _, namer := range []display.Namer{display.English.Regions(), display.Regions(language.BritishEnglish)} {
			got, ok := geo.Country(namer.Name(r))
			require.True(t, ok, "%s: %q is not read", r, namer.Name(r))
			require.Equal(t, code, got, namer.Name(r))
		}
		got, ok := geo.Country(r.ISO3())
		require.True(t, ok, "%s: %q is not read", r, r.ISO3())
		require.Equal(t, code, got)
	}
	require.Greater(t, seen, 245)
}

func TestRegionReadsWhatPeopleWrite(t *testing.T) {
	t.Parallel()
	for want, list := range map[string][]string{
		"US-CA":  {"CA", "ca", "US-CA", "us_ca", "California", "CALIFORNIA", "State of California", "Calif.", "California, US", "California (CA)", "CA - California", "USA-CA"},
		"US-WA":  {"Washington", "WA", "Washington State", "Wash."},
		"US-DC":  {"DC", "D.C.", "Washington, D.C.", "District of Columbia", "Washington DC"},
		"US-MD":  {"Maryland", "maryland", " MD "},
		"US-NY":  {"New York", "NewYork", "new-york", "N.Y.", "New York State", "New York, NY"},
		"US-HI":  {"Hawaii", "Hawaiʻi", "Hawai'i"},
		"US-PR":  {"PR", "Puerto Rico"},
		"US-MA":  {"Commonwealth of Massachusetts", "Mass."},
		"CA-QC":  {"QC", "Québec", "Quebec", "QUÉBEC", "PQ", "Province of Quebec"},
		"CA-BC":  {"British Columbia", "Colombie-Britannique", "CA-BC"},
		"CA-NL":  {"Newfoundland and Labrador", "Newfoundland & Labrador", "NF"},
		"DE-BY":  {"BY", "Bayern", "Bavaria", "DE-BY"},
		"DE-BW":  {"Baden-Württemberg", "Baden-Wuerttemberg", "Baden Wurttemberg"},
		"FR-IDF": {"Île-de-France", "Ile de France", "IDF", "FR-IDF"},
		"GB-ENG": {"England", "ENG"},
		"ES-CT":  {"Catalonia", "Catalunya", "Cataluña", "CT"},
		"JP-13":  {"Tokyo", "13", "Tōkyō"},
		"AU-NSW": {"New South Wales", "NSW"},
		"LU-CA":  {"LU-CA", "Capellen"},
		"LU-LU":  {"LU", "LU-LU"},
		"IT-25":  {"Lombardy", "Lombardia"},
		"BR-SP":  {"São Paulo", "Sao Paulo", "SP"},
		"IN-CG":  {"CT", "Chhattisgarh"},
	} {
		country, code, _ := strings.Cut(want, "-")
		for _, s := range list {
			got, ok := geo.Region(country, s)
			require.True(t, ok, "%s: %q is not read", country, s)
			require.Equal(t, code, got, "%s: %s", country, s)
		}
	}
}

func TestRegionOfAnotherCountryIsUnknown(t *testing.T) {
	t.Parallel()
	for _, at := range [][2]string{
		{"US", "XX"}, {"US", "ZZ"}, {"US", "T1"}, {"US", "UNK"}, {"US", "NA"}, {"US", "C"}, {"US", "0"}, {"US", "53"}, {"US", "ON"}, {"US", "CA-ON"}, {"US", "Ontario"}, {"US", "US"},
		{"US", "Bayern"}, {"US", "Delaware County"}, {"US", "New York, NJ"}, {"US", "Los Angeles, CA"}, {"US", "AE"}, {"US", ""}, {"IT", "n/a"}, {"IT", "N.A."}, {"US", "C/A"}, {"US", "US-"}, {"CA", "US-CA"}, {"CA", "CA"},
		{"DE", "CA"}, {"GB", "CA"}, {"AQ", "1"}, {"", "CA"}, {"ZZ", "CA"}, {"usa", "CA"}, {"US", strings.Repeat("a", 1000)},
	} {
		got, ok := geo.Region(at[0], at[1])
		require.False(t, ok, "%s: %q is read as %s", at[0], at[1], got)
	}
}

func TestWithin(t *testing.T) {
	t.Parallel()
	require.Equal(t, "VLG", geo.Parent("BE", "VAN"))
	require.True(t, geo.Within("BE", "VAN", "VLG"))
	require.True(t, geo.Within("FR", "75C", "IDF"))
	require.True(t, geo.Within("US", "CA", "CA"))
	require.False(t, geo.Within("BE", "VLG", "VAN"))
	require.False(t, geo.Within("US", "CA", "TX"))
	require.Empty(t, geo.Parent("US", "CA"))
	require.Empty(t, geo.Parent("US", "XX"))
}

// TestUsualFormsCostNothing: every event is asked.
func TestUsualFormsCostNothing(t *testing.T) {
	for _, s := range []string{"DE", "de", "DEU", "Germany", "UNITED STATES"} {
		require.Zero(t, testing.AllocsPerRun(100, func() { geo.Country(s) }), s)
	}
	for _, s := range []string{"CA", "US-CA", "California", "XX"} {
		require.Zero(t, testing.AllocsPerRun(100, func() { geo.Region("US", s) }), s)
	}
}

func BenchmarkCountry(b *testing.B) {
	for _, s := range []string{"DE", "DEU", "Germany", "Österreich"} {
		b.Run(s, func(b *testing.B) {
			for b.Loop() {
				geo.Country(s)
			}
		})
	}
}

func BenchmarkRegion(b *testing.B) {
	for _, s := range []string{"CA", "US-CA", "California", "XX"} {
		b.Run(s, func(b *testing.B) {
			for b.Loop() {
				geo.Region("US", s)
			}
		})
	}
}
