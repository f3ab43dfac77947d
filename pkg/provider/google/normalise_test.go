package google_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/google"
)

type vector struct {
	Field      string
	Input      *string
	Normalized *string
	SHA256     *string
	Base64     *string `json:"sha256_base64"`
	Kind       string
	Note       string
}

// vectors reads the reference values that every sender to Google should agree
// with, without those that only show what a library gets wrong and without the
// answers that the Node library does not give.
func vectors(t *testing.T) []vector {
	t.Helper()
	raw, err := os.ReadFile("testdata/identifier_vectors.json")
	require.NoError(t, err)
	var all, kept []vector
	require.NoError(t, json.Unmarshal(raw, &all))
	for _, v := range all {
		otherLibrary := v.Kind == "divergent" && !strings.HasPrefix(v.Note, "Node")
		if v.Kind != "derived-trap" && !otherLibrary {
			kept = append(kept, v)
		}
	}
	require.Greater(t, len(kept), 60)
	return kept
}

func (v vector) hints() google.Hints {
	if v.Kind == "docs" {
		return google.Hints{Country: "US"}
	}
	return google.Hints{}
}

func (v vector) input() string {
	if v.Input == nil {
		return ""
	}
	return *v.Input
}

// base64Of is a digest in the second form of the published vectors.
func base64Of(t *testing.T, h *identity.Hashed) string {
	t.Helper()
	digest, err := hex.DecodeString(string(h.AppendHex(nil)))
	require.NoError(t, err)
	return base64.StdEncoding.EncodeToString(digest)
}

func TestEveryVectorIsNormalised(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.Field+"/"+v.input(), func(t *testing.T) {
			field := v.Field
			if field == "hash_only" {
				h := identity.Hash([]byte(v.input()))
				require.Equal(t, *v.SHA256, string(h.AppendHex(nil)))
				require.Equal(t, *v.Base64, base64Of(t, &h))
				return
			}
			n, ok := google.Normalise(field, identity.NewRaw(v.input()), v.hints())
			if v.Normalized == nil {
				require.False(t, ok)
				require.True(t, n.Text.IsZero() && n.Hash.IsZero(), "a refused value leaves nothing behind")
				return
			}
			require.True(t, ok)
			require.Equal(t, *v.Normalized, n.Text.Reveal())
			if v.SHA256 == nil {
				require.True(t, n.Hash.IsZero(), "this field leaves in clear")
				return
			}
			require.Equal(t, *v.SHA256, string(n.Hash.AppendHex(nil)))
			require.Equal(t, *v.Base64, base64Of(t, &n.Hash))
		})
	}
}

func TestNormaliseByRule(t *testing.T) {
	tests := []struct {
		field, in, country, want string // want "" means refused
	}{
		{"email", "a@b@c", "", ""},
		{"email", "a b@example.com", "", ""},
		{"email", "a\u00a0b@example.com", "", ""},
		{"email", "user@", "", ""},
		{"email", "bad\xff@example.com", "", ""},
		{"email", "....@gmail.com", "", ""},
		{"email", "a.b+c@example.com", "", "a.b+c@example.com"},
		{"email", "a.b+c+d@gmail.com", "", "ab@gmail.com"},
		{"email", "x@mail.gmail.com", "", "x@mail.gmail.com"},
		{"email", "\u00a0\ufeffA@B.example\u3000", "", "a@b.example"},
		{"email", "İ@example.com", "", "i\u0307@example.com"},

		{"phone", "00441134960987", "", "+441134960987"},
		{"phone", "00 44 113 496 0987", "US", "+441134960987"},
		{"phone", "+0044 113 496 0987", "", "+441134960987"},
		{"phone", "+44 (0)113 496 0987", "", "+441134960987"},
		{"phone", "+1 800 555 0100 ext. 12", "", "+18005550100"},
		{"phone", "+1 800 555 0100 x12", "", "+18005550100"},
		{"phone", "0113 496 0987", "GB", "+441134960987"},
		{"phone", "030 901820", "de", "+4930901820"},
		{"phone", "441134960987", "GB", "+441134960987"},
		{"phone", "441134960987", "US", "+441134960987"},
		{"phone", "(800) 555-0100", "US", "+18005550100"},
		{"phone", "(800) 555-0100", "Germany", "+498005550100"},
		{"phone", "(479) 555-0142", "United States", "+14795550142"},
		{"phone", "123456", "", ""},
		{"phone", "1234567", "", ""},
		{"phone", "123456789012345", "", ""},
		{"phone", "1234567890123456", "", ""},

		{"given_name", "Dr.", "", ""},
		{"given_name", "Dr.Alex", "", "dr.alex"},
		{"given_name", "Dr.\u00a0Alex", "", "alex"},
		{"given_name", "Mr Alex", "", "mr alex"},
		{"given_name", "Zoë", "", "zoë"},
		{"given_name", "\xff", "", ""},

		{"family_name", "Quinn Jr", "", "quinn"},
		{"family_name", "Quinn Jr. III", "", "quinn"},
		{"family_name", "Quinn , PhD", "", "quinn"},
		{"family_name", "lacparm", "", "lacparm"},
		{"family_name", "petrov", "", "petrov"},
		{"family_name", "O'Neil-Smith", "", "o'neil-smith"},
		{"family_name", "van der Berg", "", "van der berg"},
		{"family_name", "V", "", "v"},
		{"family_name", "dds.", "", "dds."},

		{"region_code", "USA", "", ""},
		{"region_code", "u1", "", ""},
		{"region_code", "ÜS", "", ""},
		{"postal_code", " SW1A 1AA ", "", "SW1A 1AA"},
		{"address_line", "1600 Amphitheatre Pkwy.", "", "1600 amphitheatre pkwy"},
		{"city", " St. Louis! ", "", "st louis"},
		{"city", "Ma\u00b0\u0308rz", "", "m\u00e4rz"}, // a sign between a letter and its mark
		{"administrative_area", "...", "", ""},
		{"unknown", "x", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.field+"/"+tt.in, func(t *testing.T) {
			n, ok := google.Normalise(tt.field, identity.NewRaw(tt.in), google.Hints{Country: tt.country})
			require.Equal(t, tt.want != "", ok)
			require.Equal(t, tt.want, n.Text.Reveal())
		})
	}
}

var hashedFields = []string{"email", "phone", "given_name", "family_name", "address_line"}

func TestHashedBeforeStaysHashed(t *testing.T) {
	const digest = "509e933019bb285a134a9334b8bb679dff79d0ce023d529af4bd744d47b4fd8a"
	raw, err := hex.DecodeString(digest)
	require.NoError(t, err)
	for _, field := range hashedFields {
		for _, form := range []string{digest, strings.ToUpper(digest), " " + digest + "\n", base64.StdEncoding.EncodeToString(raw)} {
			n, ok := google.Normalise(field, identity.NewRaw(form), google.Hints{})
			require.True(t, ok, field)
			require.Equal(t, digest, string(n.Hash.AppendHex(nil)), field)
			require.True(t, n.Text.IsZero(), "there is no text to know")
		}
		const nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
		for _, form := range []string{nothing, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="} {
			_, ok := google.Normalise(field, identity.NewRaw(form), google.Hints{})
			require.False(t, ok, "the digest of nothing matches nobody")
		}
	}
	_, ok := google.Normalise("postal_code", identity.NewRaw(digest), google.Hints{})
	require.True(t, ok, "a field in clear has no digests")
}

// TestNormalisingTwiceChangesNothing: what is normal already stays as it is. A
// given name with two titles is the exception, because Google's library takes
// off one at a time.
func TestNormalisingTwiceChangesNothing(t *testing.T) {
	fields := append([]string{"region_code", "postal_code", "city"}, hashedFields...)
	rapid.Check(t, func(t *rapid.T) {
		field := rapid.SampledFrom(fields).Draw(t, "field")
		in := draw(t, field)
		country := rapid.SampledFrom([]string{"", "US", "DE", "GB"}).Draw(t, "country")
		first, ok := google.Normalise(field, identity.NewRaw(in), google.Hints{Country: country})
		if !ok || first.Text.IsZero() {
			return
		}
		if text := first.Text.Reveal(); field == "given_name" && strings.ContainsAny(text, ".") {
			return
		}
		second, ok := google.Normalise(field, first.Text, google.Hints{Country: country})
		require.True(t, ok)
		require.Equal(t, first.Text.Reveal(), second.Text.Reveal())
		require.Equal(t, first.Hash, second.Hash)
	})
}

func draw(t *rapid.T, field string) string {
	switch field {
	case "email":
		return rapid.StringMatching(`\s{0,2}[A-Za-z.+ÄÖß]{1,12}@(gmail\.com|GoogleMail\.com|[a-z]{1,8}\.example)\s?`).Draw(t, "email")
	case "phone":
		return rapid.StringMatching(`(\+|00|)[0-9 ()./-]{5,18}`).Draw(t, "phone")
	case "region_code":
		return rapid.StringMatching(`\s?[A-Za-z]{1,3}`).Draw(t, "region")
	case "family_name", "given_name":
		return rapid.StringMatching(`(Mr\. |Dr\.)?[A-Za-zÄé' -]{1,10}(,? (Jr\.?|III|phd)){0,3}`).Draw(t, "name")
	}
	return rapid.String().Draw(t, "text")
}

func FuzzNormalise(f *testing.F) {
	for _, seed := range []string{"alexz@example.com", "+1 (800) 555-0100", "Quinn, Jr.", "dr. x", "us", "\xff\xfe", "İΣ@gmail.com", "00"} {
		for field := range uint8(9) {
			f.Add(field, seed, "DE")
		}
	}
	fields := append([]string{"region_code", "postal_code", "city", "administrative_area"}, hashedFields...)
	f.Fuzz(func(t *testing.T, which uint8, in, country string) {
		field := fields[int(which)%len(fields)]
		n, ok := google.Normalise(field, identity.NewRaw(in), google.Hints{Country: country})
		if !ok {
			if !n.Text.IsZero() || !n.Hash.IsZero() {
				t.Fatalf("%s: a refused value leaves nothing behind", field)
			}
			return
		}
		if n.Text.IsZero() && n.Hash.IsZero() {
			t.Fatalf("%s: accepted, yet there is nothing", field)
		}
		if field == "email" && !n.Text.IsZero() && strings.Count(n.Text.Reveal(), "@") != 1 {
			t.Fatalf("an address without exactly one @")
		}
		if field == "phone" && !n.Text.IsZero() {
			digits, plus := strings.CutPrefix(n.Text.Reveal(), "+")
			if !plus || len(digits) < 7 || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" {
				t.Fatalf("not a number in E.164")
			}
		}
	})
}
