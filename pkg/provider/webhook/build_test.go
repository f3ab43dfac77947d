package webhook_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/webhook"
)

// TestNormalise: the rules of docs/providers/webhook.md, one by one.
func TestNormalise(t *testing.T) {
	digits := func(s string) string {
		h := identity.Hash([]byte(s))
		return string(h.AppendHex(nil))
	}
	for _, c := range []struct {
		kind          decision.Kind
		in, country   string
		want, because string // want empty: dropped
	}{
		{decision.KindEmail, "\t Jane.Doe+x@Example.COM\n", "", "jane.doe+x@example.com", "trimmed and lower-cased, nothing else"},
		{decision.KindEmail, "JÖRG@example.com", "", "jörg@example.com", "every alphabet has its lower case"},
		{decision.KindEmail, "jo\u0308rg@example.com", "", "jörg@example.com", "composed"},
		{decision.KindEmail, "jane", "", "", "no @"},
		{decision.KindEmail, "a b@example.com", "", "", "white space inside"},
		{decision.KindEmail, "a@b@example.com", "", "", "two @"},
		{decision.KindEmail, "@example.com", "", "", "nothing before it"},
		{decision.KindEmail, "jane@localhost", "", "", "no dot"},
		{decision.KindEmail, "jane@.example.com", "", "", "an empty label"},
		{decision.KindEmail, "jane@example..com", "", "", "an empty label"},
		{decision.KindPhone, "+4930901820", "", "4930901820", "E.164 as it is"},
		{decision.KindPhone, "+49 (0)30 / 90 18-20", "", "4930901820", "separators and the trunk zero"},
		{decision.KindPhone, "0049 30 901820", "", "4930901820", "00 stands for +"},
		{decision.KindPhone, "030 901820", "DE", "4930901820", "national, where the destination has a country"},
		{decision.KindPhone, "030 901820", "", "", "national, where it has none"},
		{decision.KindPhone, "+1 (650) 555-1212 x5", "", "16505551212", "no extension"},
		{decision.KindPhone, "٠٣٠ ٩٠١٨٢٠", "DE", "4930901820", "other digits"},
		{decision.KindPhone, "112", "DE", "", "a short code"},
		{decision.KindPhone, "call me", "DE", "", "no number"},
		{decision.KindPhone, "+0123456789", "", "", "no country begins with 0"},
		{decision.KindExternalID, "  User 123 ", "", "User 123", "trimmed, the case stays"},
		{decision.KindExternalID, " \t", "", "", "nothing"},
	} {
		h, ok := webhook.Normalise(c.kind, raw(c.in), c.country)
		require.Equal(t, c.want != "", ok, "%s: %s", c.kind, c.because)
		if ok {
			require.Equal(t, digits(c.want), string(h.AppendHex(nil)), "%s: %s", c.kind, c.because)
		}
		hashed := digits("anything")
		h, ok = webhook.Normalise(c.kind, raw(" "+hashed+" "), c.country)
		require.True(t, ok, "a hashed value is passed on")
		require.Equal(t, hashed, string(h.AppendHex(nil)))
		_, ok = webhook.Normalise(c.kind, raw("E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"), c.country)
		require.False(t, ok, "the hash of nothing")
	}
}

func TestWhatIsRefused(t *testing.T) {
	field := func(name string, v event.Value) func(*provider.Input) {
		return func(in *provider.Input) { in.Fields = []resource.Field{{Name: name, Value: v}} }
	}
	for name, c := range map[string]struct {
		event func(*event.Event)
		input func(*provider.Input)
		want  decision.Reason
	}{
		"no identifier": {event: func(e *event.Event) { e.Identity, e.Click = event.Identity{}, event.Click{} }, want: decision.IdentifiersNone},
		"no usable one": {event: func(e *event.Event) {
			e.Identity.ExternalIDs, e.Identity.Emails, e.Identity.Phones, e.Click = nil, []identity.Raw{raw("x")}, nil, event.Click{}
		}, want: decision.IdentifiersNone},
		"no currency":      {event: func(e *event.Event) { e.Commerce.Currency = "" }, want: decision.ProviderCurrencyMissing},
		"no currency code": {event: func(e *event.Event) { e.Commerce.Currency = "EURO" }, want: decision.ProviderCurrencyInvalid},
		"no source":        {event: func(e *event.Event) { e.Page = event.Page{} }, want: decision.ProviderSourceMissing},
		"unknown source":   {event: func(e *event.Event) { e.Source = "fax" }, want: decision.ProviderFieldInvalid},
		"value no number":  {input: field("value", event.Value{Kind: event.String, Str: "much"}), want: decision.ProviderFieldInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			ev := webEvent()
			if c.event != nil {
				c.event(ev)
			}
			in := input(newRoute(t), ev)
			if c.input != nil {
				c.input(in)
			}
			out := provider.Build([]byte("x"), in)
			got := out.IdentifierReason
			if got == decision.ReasonNone {
				got = out.PreflightReason
			}
			require.Equal(t, c.want, got)
			require.NotEmpty(t, out.Detail)
			require.Equal(t, "x", string(out.Fragment), "what is refused leaves no bytes")
		})
	}
	in := input(newRoute(t), webEvent())
	in.Restricted = true
	require.False(t, provider.Build(nil, in).Restrictable, "there is no reduced form")
}

func TestMappingsAreReadStrictly(t *testing.T) {
	good := resource.Mapping{Name: "m", ProviderEvent: "transaction.purchase"}
	for path, change := range map[string]func(*resource.Mapping){
		"provider_event": func(m *resource.Mapping) { m.ProviderEvent = "jane@example.com" },
		"fields.Total":   func(m *resource.Mapping) { m.Fields = map[string]string{"Total": "1"} },
		"include":        func(m *resource.Mapping) { m.Include = map[string]bool{"passwords": true} },
		"properties":     func(m *resource.Mapping) { m.Properties = []string{"a\nb"} },
		"url":            func(m *resource.Mapping) { m.URL = "all" },
		"url_parameters": func(m *resource.Mapping) { m.URLParameters = []string{"gclid"} },
		"webhook":        func(m *resource.Mapping) { m.Section = json.RawMessage(`{"x":1}`) },
	} {
		m := good
		change(&m)
		_, problems := newRoute(t).Account.Map(&m)
		require.Len(t, problems, 1, path)
		require.Equal(t, path, problems[0].Path)
		require.NotEmpty(t, problems[0].Fix)
		require.NotContains(t, problems[0].Value, "jane@")
	}
	for _, name := range []string{"", resource.NoEvent, " x", "a\x00"} {
		m := good
		m.ProviderEvent = name
		_, problems := newRoute(t).Account.Map(&m)
		require.Len(t, problems, 1, "%q", name)
	}
}

// The template keeps the source's names.
func TestTemplate(t *testing.T) {
	for _, name := range []string{"transaction.purchase", "cart.added", "product.viewed", "checkout.started", "payment_info.added", "user.signed_up", "lead.submitted", "lead.qualified", "lead.converted", "transaction.refunded"} {
		m, ok := newProvider().TemplateEvent("commerce", name)
		require.True(t, ok, name)
		require.Equal(t, name, m.ProviderEvent)
		_, problems := newRoute(t).Account.Map(&m)
		require.Empty(t, problems)
	}
}

// A host that the operator has not listed is a warning: the sender refuses it
// by itself, and its list need not be known where resources are applied.
func TestUnlistedHostsAreWarnedAbout(t *testing.T) {
	for address, listed := range map[string]bool{
		"https://hooks.acme.example/x": true, "https://HOOKS.acme.example:443/x": true, "https://hooks.acme.example:8443/x": false,
		"https://other.example/x": false, "https://hooks.acme.example.evil.example/": false,
	} {
		d := &resource.Destination{ID: "d", Account: json.RawMessage(`{"url":"` + address + `"}`)}
		account, problems := newProvider().Open(d)
		require.NotEmpty(t, account)
		if listed {
			require.Empty(t, problems, address)
			continue
		}
		require.Len(t, problems, 1, address)
		require.True(t, problems[0].Warning, address)
	}
	for name, d := range map[string]resource.Defaults{"currency": {Currency: "EURO"}, "phone_country": {PhoneCountry: "DEU"}} {
		_, problems := newProvider().Open(&resource.Destination{ID: "d", Account: json.RawMessage(`{"url":"https://` + endpoint + `"}`), Defaults: d})
		require.Len(t, problems, 1)
		require.Equal(t, "spec.defaults."+name, problems[0].Path)
	}
	d := &resource.Destination{ID: "d", Account: json.RawMessage(`{"url":"https://user:canary@hooks.acme.example/"}`)}
	_, problems := newProvider().Open(d)
	require.Len(t, problems, 1)
	require.Empty(t, problems[0].Value, "nobody repeats a password")
}

// FuzzBuild puts one string everywhere in an event: what passes is valid, and
// the strict receiver takes it.
func FuzzBuild(f *testing.F) {
	for _, s := range []string{"", "x", "jane@example.com", "\"\\\n\x00", "\xff", "https://a.b/?fbclid=A&utm_x=\"", "fb.1.123.abc", "4111111111111111", "+49 30 901820", "a\u2028b", "EUR"} {
		f.Add(s, uint8(0))
	}
	f.Fuzz(func(t *testing.T, s string, source uint8) {
		ev := webEvent()
		r := raw(s)
		ev.Source = []string{"web", "app", "chat", "system", "in_store", "", s}[source%7]
		ev.Page = event.Page{URL: s, Referrer: s, Title: s}
		ev.Identity.Emails = append(ev.Identity.Emails, r)
		ev.Identity.Phones, ev.Identity.ExternalIDs = []identity.Raw{r}, []identity.Raw{r, r}
		ev.Click = event.Click{Gclid: r, Fbc: r, Fbp: r, CapturedAt: now, Other: []event.NamedRaw{{Name: "ttclid", Value: r}, {Name: s, Value: raw("x")}}}
		ev.Commerce.SearchTerm, ev.Commerce.Items[0].ID, ev.Commerce.Items[1].Name, ev.Commerce.StoreID, ev.Commerce.CustomerType = s, s, s, s, s
		ev.Commerce.Coupons = []string{s, s}
		ev.Original = event.Original{Name: s, ID: s, TransactionID: s}
		ev.Properties = []event.Property{{Key: "plan", Value: event.Value{Kind: event.String, Str: s}}}
		route := newRoute(t, func(_ *resource.Destination, m *resource.Mapping) {
			m.Include = map[string]bool{"item_names": true, "search_term": true, "page_title": true, "coupons": true}
			m.Properties = []string{"plan"}
		})
		out := provider.Build(nil, input(route, ev))
		ok := out.IdentifierReason == decision.ReasonNone && out.PreflightReason == decision.ReasonNone
		if ok != json.Valid(out.Fragment) {
			t.Fatalf("%q: %v %v %s", s, out.IdentifierReason, out.PreflightReason, out.Fragment)
		}
		if ok {
			if a := judge(t, route, out.Fragment); a.Class != provider.Accepted {
				t.Fatalf("%q: the receiver says %s %s %v of %s", s, a.Code, a.Message, a.Faults, out.Fragment)
			}
		}
	})
}

// FuzzNormalise: no input makes it panic or come out raw, and what is hashed
// stays as it is.
func FuzzNormalise(f *testing.F) {
	for _, s := range []string{"", "Jane@Example.com", "+49 (0)30 901820", "030 901820", "\xff", "٠٣٠"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, kind := range []decision.Kind{decision.KindEmail, decision.KindPhone, decision.KindExternalID} {
			h, ok := webhook.Normalise(kind, raw(s), "DE")
			text := string(h.AppendHex(nil))
			if ok != (len(text) == 64) {
				t.Fatalf("%q: %t, %q", s, ok, text)
			}
			if again, _ := webhook.Normalise(kind, raw(text), "DE"); ok && again != h {
				t.Fatalf("%q is hashed twice", s)
			}
		}
	})
}

// maxAllocations: the list of identifier kinds that a decision shows.
const maxAllocations = 1

func TestBuildAllocatesOnlyTheStatus(t *testing.T) {
	in := input(newRoute(t), webEvent())
	in.Scratch.Buf = make([]byte, 0, 1024)
	dst := make([]byte, 0, 4096)
	require.LessOrEqual(t, testing.AllocsPerRun(200, func() { provider.Build(dst, in) }), float64(maxAllocations))
}

func BenchmarkBuild(b *testing.B) {
	in := input(newRoute(b), webEvent())
	in.Scratch.Buf = make([]byte, 0, 1024)
	dst := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		b.SetBytes(int64(len(provider.Build(dst, in).Fragment)))
	}
}

func BenchmarkAssemble(b *testing.B) {
	route := newRoute(b)
	fragment := provider.Build(nil, input(route, webEvent())).Fragment
	batch := provider.Batch{Endpoint: target(route), Authorization: authorize(b, secret), Now: now}
	for range 100 {
		batch.Fragments = append(batch.Fragments, fragment)
	}
	dst := make([]byte, 0, 256<<10)
	b.ReportAllocs()
	for b.Loop() {
		b.SetBytes(int64(len(batch.Endpoint.Account.Assemble(dst, &batch).Body)))
	}
}
