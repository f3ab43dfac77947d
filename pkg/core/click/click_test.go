package click_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/click"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

func TestCookiesAreTakenApart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind      click.Kind
		in, value string
		at        int64
	}{
		{click.Gclid, "Cj0KCQiAinvented_wcB", "Cj0KCQiAinvented_wcB", 0},
		{click.Gclid, " Cj0KCQiAinvented_wcB ", "Cj0KCQiAinvented_wcB", 0},
		{click.Gclid, "GCL.1763650000.Cj0KCQiAinvented_wcB", "Cj0KCQiAinvented_wcB", 1763650000000},
		{click.Gclid, "1.1763650000.Cj0KCQiAinvented_wcB", "Cj0KCQiAinvented_wcB", 1763650000000},
		{click.Gclid, "2.1.kCj0KCQiAinvented_wcB$i1763650000", "Cj0KCQiAinvented_wcB", 1763650000000},
		{click.Gclid, "2.1.i1763650000$kCj0KCQiAinvented_wcB$b0", "Cj0KCQiAinvented_wcB", 1763650000000},
		{click.Gclid, "2.1.kCj0KCQiAinvented_wcB%24i1763650000", "Cj0KCQiAinvented_wcB", 1763650000000},
		{click.Gbraid, "2.1.k0AAAAinvented$i1763650000", "0AAAAinvented", 1763650000000},
		{click.Wbraid, "GCL.1763650000.ClgKCQinvented", "ClgKCQinvented", 1763650000000},
		{click.Wbraid, "ClgKCQinvented==", "ClgKCQinvented==", 0},
		{click.Dclid, "GCL.1763650000.CNinvented", "CNinvented", 1763650000000},
		{click.Fbclid, "IwAR0AbC", "IwAR0AbC", 0},
		{click.Fbclid, "fb.1.1763650000000.IwAR0AbC", "IwAR0AbC", 1763650000000},
		{click.Fbclid, "fb.1.1763650000.IwAR0AbC.AQ", "IwAR0AbC", 1763650000000},
		{click.Msclkid, "_uet0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef", 0},
		{click.Msclkid, "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef", 0},
		{click.Twclid, "%7B%22pixelVersion%22%3A%220.0.1%22%2C%22twclid%22%3A%2226l6412g5p4iyj65a2oic2ayg%22%7D", "26l6412g5p4iyj65a2oic2ayg", 0},
		{click.Ttclid, "E.C.P.x", "E.C.P.x", 0},
		{click.Epik, "dj0yJnU9invented", "dj0yJnU9invented", 0},
	} {
		id, fault := click.Read(c.kind, c.in)
		require.Equal(t, click.OK, fault, c.in)
		require.Equal(t, click.ID{Value: c.value, At: c.at}, id, c.in)
	}
	for in, want := range map[string]click.Fault{
		"": click.Absent, " ": click.Absent, "undefined": click.Placeholder, "null": click.Placeholder, "none": click.Placeholder, "NaN": click.Placeholder,
		"test": click.Placeholder, "0": click.Placeholder, "true": click.Placeholder, "(not set)": click.Placeholder, "{gclid}": click.Placeholder, "{{gclid}}": click.Placeholder,
		"GCL.1763650000.undefined": click.Placeholder, "2.1.knull$i1763650000": click.Placeholder, "%3D": click.Invalid, "a b": click.Invalid, "a.b": click.Invalid,
		"GCL.1763650000.": click.Placeholder, "GCL.x.Cj0": click.Invalid, "jane@example.com": click.Invalid, strings.Repeat("a", 513): click.Invalid, "2.1.i1763650000": click.Placeholder,
	} {
		_, fault := click.Read(click.Gclid, in)
		require.Equal(t, want, fault, in)
	}
	_, fault := click.Read(click.Fbclid, "fb.1.1697698245670.undefined")
	require.Equal(t, click.Placeholder, fault)
}

func TestIDsOfGoogleAnalytics(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"1234567890.1763650000": "1234567890.1763650000", "GA1.1.1234567890.1763650000": "1234567890.1763650000", "GA1.2.1234567890.1763650000": "1234567890.1763650000",
		"GA1.1-2.1234567890.1763650000": "1234567890.1763650000", "GA1.3.amp-AbCdEf": "amp-AbCdEf", "3f2504e0-4f89-11d3-9a0c-0305e82c3301": "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
		".": "", "null": "", "0": "", "undefined": "", "GA1.2.": "", "GA1.1-2.": "", "GA1.1.1234567890": "", "GA1.1.undefined": "", "a b": "", "": "",
	} {
		got, fault := click.ClientID(in)
		require.Equal(t, want, got, in)
		require.Equal(t, want == "", fault != click.OK, in)
	}
	for in, want := range map[string]string{
		"1763650000": "1763650000", "s1763650000": "1763650000", "GS1.1.1763650000.5.1.1763650100.60.0.0": "1763650000",
		"GS2.1.s1763650000$o5$g1$t1763650100$j60$l0$h0": "1763650000", "GS2.1.s1763650000%24o5%24g1": "1763650000", "GS2.2.o5$s1763650000": "1763650000",
		"undefined": "", "(not set)": "", "GS2.1.o5$g1": "", "GS1.1.": "", "abc": "", "": "", "0": "",
	} {
		got, fault := click.SessionID(in)
		require.Equal(t, want, got, in)
		require.Equal(t, want == "", fault != click.OK, in)
	}
}

func TestIDsOfBrowsers(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"_rdt_uuid", "1763650000000.3f2504e0-4f89-11d3-9a0c-0305e82c3301", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"},
		{"_ttp", "2J3kAbCdEf", "2J3kAbCdEf"}, {"_uetvid", "_uet0123456789abcdef", "0123456789abcdef"}, {"_scid", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"},
		{"_ga", "GA1.1.1.2", "1.2"}, {"_ttp", "undefined", ""}, {"_scid", "", ""},
	} {
		got, _ := click.BrowserID(c[0], c[1])
		require.Equal(t, c[2], got, c[0])
	}
}

// The field wins over the page's URL, that over the referrer, and what is no id
// displaces none.
func TestWhereIDsAreFound(t *testing.T) {
	t.Parallel()
	raw := identity.NewRaw
	for name, c := range map[string]struct {
		kind  click.Kind
		event event.Event
		want  click.Found
	}{
		"nothing":                           {click.Gclid, event.Event{}, click.Found{}},
		"field":                             {click.Gclid, event.Event{Click: event.Click{Gclid: raw("A1")}, Page: event.Page{URL: "https://a.example/?gclid=B1"}}, click.Found{ID: click.ID{Value: "A1"}, Source: click.Field}},
		"other":                             {click.Ttclid, event.Event{Click: event.Click{Other: []event.NamedRaw{{Name: "ttclid", Value: raw("E.C.P.x")}}}}, click.Found{ID: click.ID{Value: "E.C.P.x"}, Source: click.Field}},
		"cookie":                            {click.Gclid, event.Event{Click: event.Click{Other: []event.NamedRaw{{Name: "_gcl_aw", Value: raw("GCL.1763650000.A1")}}}}, click.Found{ID: click.ID{Value: "A1", At: 1763650000000}, Source: click.Field}},
		"URL":                               {click.Gclid, event.Event{Page: event.Page{URL: "https://a.example/?x=1&amp;gclid=B1"}}, click.Found{ID: click.ID{Value: "B1"}, Source: click.PageURL}},
		"name is exact":                     {click.Gclid, event.Event{Page: event.Page{URL: "https://a.example/?xgclid=A&gclid2=B&GCLID=C"}}, click.Found{}},
		"Snap's names":                      {click.Sccid, event.Event{Page: event.Page{URL: "https://a.example/?ScCid=abc-1"}}, click.Found{ID: click.ID{Value: "abc-1"}, Source: click.PageURL}},
		"placeholder":                       {click.Gclid, event.Event{Click: event.Click{Gclid: raw("undefined")}, Page: event.Page{URL: "https://a.example/?gclid=B1"}}, click.Found{ID: click.ID{Value: "B1"}, Source: click.PageURL, Fault: click.Placeholder, Path: "click.gclid"}},
		"template":                          {click.Gclid, event.Event{Page: event.Page{URL: "https://a.example/?gclid=%7B%7Bgclid%7D%7D"}}, click.Found{Fault: click.Placeholder, Path: "page.url"}},
		"referrer":                          {click.Msclkid, event.Event{Page: event.Page{URL: "https://www.a.example/thanks", Referrer: "https://a.example/?msclkid=0123"}}, click.Found{ID: click.ID{Value: "0123"}, Source: click.Referrer}},
		"other site":                        {click.Gclid, event.Event{Page: event.Page{URL: "https://a.example/thanks", Referrer: "https://b.example/?gclid=B1"}}, click.Found{}},
		"other tenant":                      {click.Gclid, event.Event{Page: event.Page{URL: "https://a.github.io/thanks", Referrer: "https://b.github.io/?gclid=B1"}}, click.Found{}},
		"Meta's library reads any referrer": {click.Fbclid, event.Event{Page: event.Page{URL: "https://a.example/", Referrer: "https://b.example/?fbclid=B1"}}, click.Found{ID: click.ID{Value: "B1"}, Source: click.Referrer}},
	} {
		require.Equal(t, c.want, click.Find(&c.event, c.kind), name)
	}
	for k := range click.KindCount {
		got, ok := click.KindOf(k.String())
		require.True(t, ok)
		require.Equal(t, k, got)
	}
	_, ok := click.KindOf("xclid")
	require.False(t, ok)
}

func TestFindAllocatesNothing(t *testing.T) {
	e := event.Event{Page: event.Page{URL: "https://a.example/?utm_source=x&gclid=Cj0KCQ", Referrer: "https://www.google.com/"}, Click: event.Click{Fbclid: identity.NewRaw("IwAR1")}}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		for k := range click.KindCount {
			click.Find(&e, k)
		}
	}))
}

// What a cookie gives is an id by itself, whatever the cookie looked like.
func FuzzCookies(f *testing.F) {
	for _, s := range []string{"GCL.1763650000.Cj0", "2.1.kCj0$i1763650000", "fb.1.1763650000000.IwAR", "GS2.1.s1763650000$o5", "GA1.2.1.2", "_uet0", "%7B%22twclid%22%3A%22a%22", "\xff", "1.1.1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for k := range click.KindCount {
			id, fault := click.Read(k, s)
			if (fault == click.OK) != (id.Value != "") {
				t.Fatalf("%v %q: %v %q", k, s, fault, id.Value)
			}
			if fault != click.OK {
				continue
			}
			if strings.ContainsAny(id.Value, " \"\\@<>\x00") || identity.Placeholder(identity.AnyField, id.Value) {
				t.Fatalf("%v %q: %q", k, s, id.Value)
			}
		}
		if id, fault := click.ClientID(s); fault == click.OK {
			if again, fault := click.ClientID(id); fault != click.OK || again != id && !strings.HasPrefix(id, "GA1.") {
				t.Fatalf("%q: %q then %q", s, id, again)
			}
		}
		if id, fault := click.SessionID(s); fault == click.OK {
			if again, _ := click.SessionID(id); again != id {
				t.Fatalf("%q: %q then %q", s, id, again)
			}
		}
	})
}
