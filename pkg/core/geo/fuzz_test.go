package geo_test

import (
	"strings"
	"testing"

	"github.com/sluicehq/sluice/pkg/core/geo"
)

// FuzzCountry: whatever comes, the answer is a code that reads as itself, and
// neither case nor spaces around it change what a text says.
func FuzzCountry(f *testing.F) {
	for _, s := range []string{"DE", "deu", "Germany", "Österreich", "O\u0308sterreich", "中国", "UK", "US - United States", "Congo, The Democratic Republic of the", "N/A", "\xff", "((((", "the the the"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		code, ok := geo.Country(s)
		if !ok {
			if code != "" {
				t.Fatalf("%q is no country and yet %q", s, code)
			}
			return
		}
		if again, ok := geo.Country(code); !ok || again != code || len(code) != 2 {
			t.Fatalf("%q is read as %q, which is read as %q", s, code, again)
		}
		if again, ok := geo.Country(" \t" + s + "\n "); len(s) < 150 && (!ok || again != code) {
			t.Fatalf("%q is %s, and with spaces %q", s, code, again)
		}
		if again, ok := geo.Country(strings.ToUpper(code)); !ok || again != code {
			t.Fatalf("%s in capitals is %q", code, again)
		}
	})
}

// FuzzRegion: the answer is always a subdivision of the country that was asked
// for, in its own form.
func FuzzRegion(f *testing.F) {
	for _, at := range [][2]string{{"US", "CA"}, {"US", "us-ca"}, {"US", "California, USA"}, {"CA", "Québec"}, {"DE", "Baden-Württemberg"}, {"LU", "LU-LU"}, {"ZZ", "A"}, {"", ""}, {"US", "\xff\x00"}} {
		f.Add(at[0], at[1])
	}
	f.Fuzz(func(t *testing.T, country, s string) {
		code, ok := geo.Region(country, s)
		if !ok {
			if code != "" {
				t.Fatalf("%q is no region of %q and yet %q", s, country, code)
			}
			return
		}
		if known, ok := geo.Country(country); !ok || !strings.EqualFold(known, country) {
			t.Fatalf("%q has a region and is no country", country)
		}
		for _, form := range []string{code, strings.ToLower(code), strings.ToUpper(country) + "-" + code} {
			if again, ok := geo.Region(country, form); !ok || again != code {
				t.Fatalf("%q is read as %q, and %q as %q", s, code, form, again)
			}
		}
		if !geo.Within(country, code, code) {
			t.Fatalf("%s does not lie in itself", code)
		}
	})
}
