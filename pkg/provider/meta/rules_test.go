package meta_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/meta"
)

func sha(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// Rules that the collected values do not reach.
func TestNormalisationRules(t *testing.T) {
	us := meta.Hints{Now: now, Country: "us"}
	de := meta.Hints{Now: now, PhoneCountry: "DE"}
	for _, c := range []struct {
		field, in, want string // want "": dropped
		h               meta.Hints
	}{
		{"ph", "00 49 (0) 30/12345678", "493012345678", hints},
		{"ph", "+49 (0)30 12345678;ext=12", "493012345678", hints},
		{"ph", "+49 30 12345678 EXT. 1234567", "493012345678", hints},
		{"ph", "+49 30 12345678 x 7", "493012345678", hints},
		{"ph", "+1 650 555 1212 ext 12345678", "16505551212", hints},
		{"ph", "+49 30 12345678 extension 7", "493012345678", hints},
		{"ph", "１２３４５６７８", "", hints},
		{"ph", "٠١٢٣٤٥٦٧٨٩", "", hints},
		{"ph", "0151 23456789", "4915123456789", de},
		{"ph", "4915123456789", "4915123456789", de},
		{"ph", "+43 664 1234567", "436641234567", de},
		{"ph", "0043 664 1234567", "436641234567", de},
		{"ph", "0664 1234567", "436641234567", meta.Hints{PhoneCountry: "DE", Country: "AT"}},
		{"ph", "(650) 253-0000", "16502530000", meta.Hints{PhoneCountry: "US"}},
		{"ph", "(650) 253-0000", "", hints},
		{"ph", "tel:+16505551212", "16505551212", hints},
		{"zp", "940351234", "94035", us},
		{"zp", "94035-1234", "94035", us},
		{"zp", "94035 1234", "94035", us},
		{"zp", "K1A 0A6", "k1a0a6", us},
		{"db", "19900230", "19900230", hints}, // ranges only
		{"db", "19901301", "", hints},
		{"db", "18991231", "", hints},
		{"db", "20280101", "", hints},
		{"db", "2027-01-01", "20270101", hints}, // the year after this one
		{"db", "12-1990-31", "19901231", hints},
		{"db", "１９９０-１２-３１", "", hints},
		{"db", "99999999999999999999-1-1", "", hints},
		{"st", "Québec", "qubec", hints},
		{"st", "Washington, D.C.", "dc", hints},
		{"country", "Iran (Islamic Republic of)", "ir", hints},
		{"country", "Bolivia (Plurinational State of)", "bo", hints},
		{"country", "Virgin Islands (British)", "vg", hints},
		{"country", "Democratic Republic of the Congo", "cd", hints},
		{"country", "East Timor", "tl", hints},
		{"country", "Eswatini", "sz", hints},
		{"country", "IND", "in", hints},
		{"country", "Great Britain", "gb", hints},
		{"country", "Österreich", "at", hints},
		{"country", "Türkiye", "tr", hints},
		{"country", "Czechia", "cz", hints},
		{"country", "DEU", "de", hints},
		{"st", "US-CA", "ca", us},
		{"st", "Calif.", "ca", us},
		{"st", "Québec", "qc", meta.Hints{Now: now, Country: "ca"}},
		{"st", "Georgia", "georgia", meta.Hints{Now: now, Country: "ge"}},
		{"st", "Puerto Rico", "pr", us},
		{"st", "Bavaria", "bavaria", meta.Hints{Now: now, Country: "de"}},
		{"ge", "boy girl", "", hints},
		{"ge", "\u00a0Ma'am\u3000", "f", hints},
		{"fn", "O’Brien", "o’brien", hints},
		{"fn", "Jo\u0085e", "jo\u0085e", hints},
		{"fn", "ΓΙΩΡΓΟΣ", "γιωργος", hints},
		{"fn", "\ufeffJo\u2028e", "joe", hints},
		{"em", "a.b+tag@Example.co", "a.b+tag@example.co", hints},
		{"em", "a@-b.co", "", hints},
		{"em", "a@b-.co", "", hints},
		{"em", "a@b.co-", "", hints},
		{"em", "a@b.co.", "", hints},
		{"em", "a@@b.co", "", hints},
		{"em", "a@b_c.co", "", hints},
		{"f5first", "Jose\u0301phine", "josép", hints},
		{"fi", "Élodie", "é", hints},
		{"dobd", "0", "", hints}, {"dobd", "32", "", hints}, {"dobm", "13", "", hints}, {"doby", "95", "", hints},
		{"unknown", "x", "", hints},
	} {
		h, form := meta.Normalise(c.field, raw(c.in), c.h)
		if c.want == "" {
			require.Equal(t, meta.Dropped, form, "%s %q", c.field, c.in)
			continue
		}
		require.Equal(t, sha(c.want), string(h.AppendHex(nil)), "%s %q should be %q", c.field, c.in, c.want)
	}
}

func TestPrehashedForms(t *testing.T) {
	digest := sha("x")
	for in, want := range map[string]string{
		strings.ToUpper(digest):               digest,
		"  " + digest + "\n":                  digest,
		digest + ".AQQCAQAB":                  digest + ".AQQCAQAB",
		strings.ToUpper(digest) + ".aB_-cD12": digest + ".aB_-cD12",
		digest + ".Bg":                        digest + ".Bg",
	} {
		h, form := meta.Normalise("external_id", raw(in), hints)
		require.Equal(t, meta.PassedOn, form, in)
		require.Equal(t, want, string(h.AppendHex(nil)))
	}
	// An id of the customer's own may look like a digest of another kind: it is
	// hashed as any id.
	for _, in := range []string{digest + ".XX", digest + ".12345", digest[:63], "sha256:" + digest, "550e8400e29b41d4a716446655440000"} {
		h, form := meta.Normalise("external_id", raw(in), hints)
		require.Equal(t, meta.Normalised, form, in)
		require.NotContains(t, string(h.AppendHex(nil)), digest)
	}
	for _, in := range []string{
		"9f3cd4426d3c810c5e1f595e38f12340", "0CC175B9C0F1B6A831C399E269772661", "0cc175b9c0f1b6a831c399e269772661.AQQCAQAB",
		"da39a3ee5e6b4b0d3255bfef95601890afd80709", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", sha("undefined"),
	} {
		for _, key := range []string{"em", "ph", "fn", "zp"} {
			_, form := meta.Normalise(key, raw(in), hints)
			require.Equal(t, meta.Dropped, form, "%s %s", key, in)
		}
	}
}

func TestClickRules(t *testing.T) {
	const seen = 1757700000123
	for name, c := range map[string]struct {
		click meta.Click
		want  string
	}{
		"cookie untouched":       {meta.Click{Cookie: raw("fb.1.1554763741205.AbC"), Fbclid: raw("AbC")}, "fb.1.1554763741205.AbC"},
		"cookie with mark":       {meta.Click{Cookie: raw("fb.1.1554763741205.AbC.AQQCAQAB"), Fbclid: raw("AbC")}, "fb.1.1554763741205.AbC.AQQCAQAB"},
		"case matters":           {meta.Click{Cookie: raw("fb.1.1554763741205.AbC"), Fbclid: raw("abc"), Seen: seen}, "fb.1.1757700000123.abc"},
		"a newer click":          {meta.Click{Cookie: raw("fb.1.1554763741205.AbC"), PageURL: "https://shop.example.com/?fbclid=New", Seen: seen}, "fb.1.1757700000123.New"},
		"click id beats URL":     {meta.Click{Fbclid: raw("A"), PageURL: "https://shop.example.com/?fbclid=B", Seen: seen}, "fb.1.1757700000123.A"},
		"URL beats referrer":     {meta.Click{PageURL: "https://a.b/?fbclid=B", Referrer: "https://c.d/?fbclid=C", Seen: seen}, "fb.1.1757700000123.B"},
		"referrer without page":  {meta.Click{Referrer: "c.d?fbclid=C", Seen: seen}, "fb.1.1757700000123.C"},
		"decoded once":           {meta.Click{PageURL: "https://a.b/?fbclid=A%2525", Seen: seen}, "fb.1.1757700000123.A%25"},
		"bad cookie, good click": {meta.Click{Cookie: raw("fb.x.1.A"), Fbclid: raw("B"), Seen: seen}, "fb.1.1757700000123.B"},
		"bad cookie":             {meta.Click{Cookie: raw("fb.1.1554763741205.")}, ""},
		"cookie with a space":    {meta.Click{Cookie: raw("fb.1.1554763741205.A b")}, ""},
		"cookie with a bad mark": {meta.Click{Cookie: raw("fb.1.1554763741205.A.XX")}, ""},
		"an address as click id": {meta.Click{Fbclid: raw("jane@example.com")}, ""},
		"a click id with a dot":  {meta.Click{Fbclid: raw("A.B")}, ""},
		"a click id too long":    {meta.Click{Fbclid: raw(strings.Repeat("A", 501))}, ""},
		"nothing":                {meta.Click{}, ""},
		"seconds become ms":      {meta.Click{Cookie: raw("fb.1.1554763741.AbC")}, "fb.1.1554763741000.AbC"},
		"host with two labels":   {meta.Click{Fbclid: raw("A"), PageURL: "https://example.com", Seen: seen}, "fb.1.1757700000123.A"},
		"host with one label":    {meta.Click{Fbclid: raw("A"), PageURL: "http://localhost:8080/x", Seen: seen}, "fb.0.1757700000123.A"},
		"an IPv6 host":           {meta.Click{Fbclid: raw("A"), PageURL: "http://[::1]:8080/x", Seen: seen}, "fb.0.1757700000123.A"},
	} {
		got, ok := meta.AppendFbc(nil, c.click)
		require.Equal(t, c.want, string(got), name)
		require.Equal(t, c.want != "", ok, name)
	}
}

func TestClickTimesInBuild(t *testing.T) {
	ev := webEvent()
	ev.Click = event.Click{Fbclid: raw("AbC")}
	require.Contains(t, string(build(t, newRoute(t, "Purchase"), ev).Fragment), `"fbc":"fb.1.1795262395000.AbC"`)
	ev.Click.CapturedAt = 1795000000000
	require.Contains(t, string(build(t, newRoute(t, "Purchase"), ev).Fragment), `"fbc":"fb.1.1795000000000.AbC"`)

	ev.Click = event.Click{Fbc: raw("fb.1.99.AbC"), Fbp: raw("fb.1.1896403881668.1116446470")}
	built := build(t, newRoute(t, "Purchase"), ev)
	require.Equal(t, int32(2), built.Identifiers.Warnings, "odd creation times are counted")
	ev.Click = event.Click{Fbc: raw("fbclid"), Fbp: raw("fb.1b.123.")}
	built = build(t, newRoute(t, "Purchase"), ev)
	require.NotContains(t, string(built.Fragment), `"fbc"`)
	require.NotContains(t, string(built.Fragment), `"fbp"`)
	require.Subset(t, built.Identifiers.Dropped, []decision.Dropped{
		{Kind: decision.KindClickID, Reason: decision.DropInvalid}, {Kind: decision.KindBrowserID, Reason: decision.DropInvalid}})
}

// What a person might write comes out hashed or not at all, and hashing twice
// changes nothing.
func TestNormaliseProperties(t *testing.T) {
	fields := []string{"em", "ph", "fn", "ln", "db", "ge", "ct", "st", "zp", "country", "external_id", "f5first", "f5last", "fi", "dobd", "dobm", "doby"}
	rapid.Check(t, func(t *rapid.T) {
		field := rapid.SampledFrom(fields).Draw(t, "field")
		in := rapid.OneOf(rapid.String(), rapid.StringMatching(`[A-Za-z0-9 .@+()-]{1,40}`)).Draw(t, "value")
		h, form := meta.Normalise(field, raw(in), hints)
		require.Equal(t, form == meta.Dropped, h.IsZero())
		if form == meta.Dropped {
			return
		}
		text := string(h.AppendHex(nil))
		again, form2 := meta.Normalise(field, raw(text), hints)
		require.Equal(t, meta.PassedOn, form2)
		require.Equal(t, h, again, "hashed stays hashed")
		padded, _ := meta.Normalise(field, raw("\u00a0 "+in+"\t"), hints)
		if form == meta.PassedOn || identity.Trim(in) == in {
			require.Equal(t, h, padded, "surrounding space does not matter")
		}
	})
}

// No raw value stands in a payload, whatever the event holds.
func TestBuildNeverShowsARawValue(tb *testing.T) {
	rapid.Check(tb, func(t *rapid.T) {
		word := rapid.StringMatching(`[A-Za-zäöüß]{9,14}`)
		mail, first, last, city, ext := word.Draw(t, "mail")+"@example.com", word.Draw(t, "first"), word.Draw(t, "last"), word.Draw(t, "city"), word.Draw(t, "ext")
		ev := webEvent()
		ev.Identity = event.Identity{Emails: []identity.Raw{raw(mail)}, FirstName: raw(first), LastName: raw(last), City: raw(city),
			ExternalIDs: []identity.Raw{raw(ext)}, Phones: []identity.Raw{raw("+4915123456789")}, DateOfBirth: raw("1990-12-31")}
		ev.Commerce.SearchTerm, ev.Page.Title = mail, "for "+mail
		ev.Page.URL = "https://shop.example.com/u/" + mail + "?utm_content=" + mail
		ev.Commerce.Items[0].Name = "call +49 151 23456789"
		in := input(newRoute(tb, "ViewContent", include("item_names", "search_term", "page_title")), ev)
		out := strings.ToLower(string(provider.Build(nil, in).Fragment))
		for _, s := range []string{mail, first, last, city, ext, "15123456789", "151 234", "1990-12-31", "19901231"} {
			require.NotContains(t, out, strings.ToLower(s))
		}
	})
}
