package meta_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/meta"
)

func hmacHex(key, message string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(message))
	return hex.EncodeToString(mac.Sum(nil))
}

// fuzzKey fuzzes one normaliser, seeded with the collected values: no input
// makes it panic, and what comes out is a digest or nothing.
func fuzzKey(f *testing.F, key string) {
	f.Helper()
	for _, v := range vectors(f) {
		if v.Field == key {
			f.Add(v.Input)
		}
	}
	f.Add("\xff\xfe")
	withHints := meta.Hints{Now: now, Country: "US", PhoneCountry: "DE", Prehashed: hints.Prehashed}
	f.Fuzz(func(t *testing.T, s string) {
		for _, h := range []meta.Hints{hints, withHints} {
			hashed, form := meta.Normalise(key, raw(s), h)
			text := string(hashed.AppendHex(nil))
			if (form == meta.Dropped) != (text == "") || form == meta.Normalised && len(text) != 64 {
				t.Fatalf("%q: form %d, %q", s, form, text)
			}
			if form != meta.Dropped {
				if again, _ := meta.Normalise(key, raw(text), h); again != hashed {
					t.Fatalf("%q: hashed twice", s)
				}
			}
		}
	})
}

func FuzzEmail(f *testing.F)      { fuzzKey(f, "em") }
func FuzzPhone(f *testing.F)      { fuzzKey(f, "ph") }
func FuzzName(f *testing.F)       { fuzzKey(f, "fn") }
func FuzzBirthDate(f *testing.F)  { fuzzKey(f, "db") }
func FuzzGender(f *testing.F)     { fuzzKey(f, "ge") }
func FuzzCity(f *testing.F)       { fuzzKey(f, "ct") }
func FuzzState(f *testing.F)      { fuzzKey(f, "st") }
func FuzzPostcode(f *testing.F)   { fuzzKey(f, "zp") }
func FuzzCountry(f *testing.F)    { fuzzKey(f, "country") }
func FuzzExternalID(f *testing.F) { fuzzKey(f, "external_id") }

// FuzzBuild puts one string everywhere in an event: what passes is valid, and
// the strict stand-in takes it.
func FuzzBuild(f *testing.F) {
	for _, s := range []string{"", "x", "jane@example.com", "\"\\\n\x00", "\xff", "https://a.b/?fbclid=A&utm_x=\"", "fb.1.123.abc", "4111111111111111", "203.0.113.7:80"} {
		f.Add(s, uint8(0))
		f.Add(s, uint8(1))
	}
	f.Fuzz(func(t *testing.T, s string, source uint8) {
		ev := webEvent()
		r := identity.NewRaw(s)
		ev.Source = []string{"web", "app", "chat", "system", "in_store"}[source%5]
		ev.Page = event.Page{URL: s, Referrer: s, Title: s}
		ev.Device = event.Device{IP: r, UserAgent: r, AdvertisingID: r, VendorID: r, InstallID: r, Platform: "ios", OSVersion: s, Model: s, Timezone: s, TrackingAuthorized: event.Some(true)}
		ev.Click.Fbc, ev.Click.Fbp, ev.Click.Fbclid = r, r, r
		ev.Identity.SubscriptionID, ev.Identity.LeadID, ev.Identity.City, ev.Identity.Country = r, r, r, r
		ev.Identity.LoginIDs = []event.NamedRaw{{Name: "facebook", Value: r}}
		ev.Messaging = event.Messaging{Channel: "messenger", PageID: r, PageScopedUserID: r, CtwaClid: r}
		ev.Commerce.SearchTerm, ev.Commerce.Items[0].ID, ev.Commerce.Items[1].Name, ev.Commerce.LeadEventSource = s, s, s, s
		ev.Original = event.Original{Name: s, ID: s, TransactionID: s}
		ev.Properties = []event.Property{{Key: "plan", Value: event.Value{Kind: event.String, Str: s}}}
		route := newRoute(t, "ViewContent", include("item_names", "search_term", "page_title"))
		built := provider.Build(nil, input(route, ev))
		ok := built.IdentifierReason == decision.ReasonNone && built.PreflightReason == decision.ReasonNone
		if ok != json.Valid(built.Fragment) {
			t.Fatalf("%q: %v %v %s", s, built.IdentifierReason, built.PreflightReason, built.Fragment)
		}
		if ok {
			if a := judge(t, route, built.Fragment); a.Class != provider.Accepted {
				t.Fatalf("%q: the sandbox says %v %s/%s %s of %s", s, a.Class, a.Code, a.Subcode, a.Message, built.Fragment)
			}
		}
	})
}
