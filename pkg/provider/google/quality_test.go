package google_test

import (
	"encoding/base64"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/identity"
)

// The estimate is the sum that docs/providers/google.md shows.
func TestMatchQualityIsTheSumOfWeights(t *testing.T) {
	email := func(k *kit) { k.in.Event.Identity.Emails = []identity.Raw{identity.NewRaw("jane@shop.example")} }
	for name, c := range map[string]struct {
		change func(*kit)
		want   float64
	}{
		"e-mail": {email, 4},
		"two of one kind": {func(k *kit) {
			email(k)
			k.in.Event.Identity.Emails = append(k.in.Event.Identity.Emails, identity.NewRaw("j@shop.example"))
		}, 4},
		"click": {func(k *kit) { k.in.Event.Click.Gclid = identity.NewRaw("EAIa") }, 4},
		"phone": {func(k *kit) { k.in.Event.Identity.Phones = []identity.Raw{identity.NewRaw("+4930901820")} }, 2},
		"address": {func(k *kit) {
			id := &k.in.Event.Identity
			id.FirstName, id.LastName, id.Country, id.PostalCode = identity.NewRaw("Jane"), identity.NewRaw("Doe"), identity.NewRaw("DE"), identity.NewRaw("10115")
		}, 2},
		"half an address": {func(k *kit) { email(k); k.in.Event.Identity.FirstName = identity.NewRaw("Jane") }, 4},
		"session": {func(k *kit) {
			k.in.Event.Click.SessionAttributes = identity.NewRaw(base64.RawURLEncoding.EncodeToString([]byte(`{"gad_source":"1"}`)))
		}, 1},
		"user agent":    {func(k *kit) { email(k); k.in.Event.Device.UserAgent = identity.NewRaw("Mozilla/5.0") }, 4.5},
		"IP address":    {func(k *kit) { optOut(k); bare(k); email(k); k.in.Event.Device.IP = identity.NewRaw("203.0.113.9") }, 4.5},
		"Analytics' id": {func(k *kit) { *k = *analyticsKit(); bare(k) }, 2},
		"everything":    {func(k *kit) { *k = *newKit() }, 10},
		"nothing":       {func(*kit) {}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit()
			bare(k)
			c.change(k)
			require.InDelta(t, c.want, k.build(t).Identifiers.MatchQuality, 1e-9)
		})
	}
	page, err := os.ReadFile("../../../docs/providers/google.md")
	require.NoError(t, err)
	for _, row := range []string{
		"| e-mail address, click id | 4 each |", "| phone number, complete address, Google Analytics' own id | 2 each |",
		"| session attributes | 1 |", "| user agent, IP address | 0.5 each |",
	} {
		require.Contains(t, string(page), row)
	}
}
