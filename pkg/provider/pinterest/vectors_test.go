package pinterest_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// vector is one value of one key, and what is sent of it; empty: nothing.
type vector struct {
	Field, Input, Kind, Sent string
	Context                  struct{ Country string }
}

// TestVectors sends each value through a whole event.
func TestVectors(t *testing.T) {
	t.Parallel()
	var vectors []vector
	read(t, "vectors.json", &vectors)
	require.NotEmpty(t, vectors)
	for _, v := range vectors {
		t.Run(v.Field+" "+v.Input, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, v.Kind == "drop", v.Sent == "")
			require.Equal(t, v.Sent, sent(t, v.Field, v.Input, v.Context.Country))
		})
	}
}

// sent is what the payload of an event with one value of a key has under that key:
// empty where it is left out. Address and user agent stand beside it, and an e-mail
// address, so that an event is never refused for it.
func sent(t *testing.T, key, value, country string) string {
	t.Helper()
	ev := webEvent()
	ev.Click = event.Click{}
	ev.Identity = event.Identity{Emails: []identity.Raw{raw("beside@mail.example")}, Country: raw(country)}
	person := &ev.Identity
	switch in := raw(value); key {
	case "em":
		person.Emails = []identity.Raw{in}
	case "ph":
		person.Phones = []identity.Raw{in}
	case "external_id":
		person.ExternalIDs = []identity.Raw{in}
	default:
		at, known := map[string]*identity.Raw{
			"fn": &person.FirstName, "ln": &person.LastName, "ge": &person.Gender, "db": &person.DateOfBirth, "ct": &person.City, "st": &person.Region,
			"zp": &person.PostalCode, "country": &person.Country, "hashed_maids": &ev.Device.AdvertisingID, "click_id": &ev.Click.Epik, "client_ip_address": &ev.Device.IP,
		}[key]
		require.True(t, known, "no such key: %s", key)
		*at = in
	}
	route := newRoute(t, "checkout", func(d *resource.Destination, _ *resource.Mapping) {
		d.ContextualOnly, d.Prehashed = true, resource.Prehashed{Phone: resource.PhoneDigits}
	})
	built := provider.Build(nil, input(route, ev))
	require.Equal(t, decision.ReasonNone, built.IdentifierReason, built.Detail)
	require.Equal(t, decision.ReasonNone, built.PreflightReason, built.Detail)
	var fragment struct {
		User map[string]any `json:"user_data"`
	}
	require.NoError(t, json.Unmarshal(built.Fragment, &fragment))
	switch member := fragment.User[key].(type) {
	case nil:
		return ""
	case []any:
		require.Len(t, member, 1)
		return member[0].(string)
	default:
		return member.(string)
	}
}

// What the given vectors have no row for.
func TestFormsBeyondTheVectors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		key, in, country string
		same             string // the value that it must be the digest of; empty: left out
	}{
		{"db", "19971226", "", "19971226"}, {"db", "1997.12.26", "", "19971226"}, {"db", "1997-12/26", "", ""}, {"db", "97-12-26", "", ""}, {"db", "2097-12-26", "", ""}, {"db", "1997-12-26T00:00:00Z", "", ""},
		{"st", "California", "US", "ca"}, {"st", "California", "", "ca"}, {"st", "Ontario", "CA", "on"}, {"st", "Bayern", "DE", ""}, {"st", "BY", "DE", "by"}, {"st", "č", "", ""},
		{"zp", "94103-1234", "US", "94103"}, {"zp", "94103-1234", "us", "94103"}, {"zp", "1234-567", "PT", "1234567"}, {"zp", "D-10115", "DE", ""}, {"zp", "1", "", ""}, {"zp", "١٠١١٥", "", ""},
		{"ct", "Saint-Étienne", "", "saintétienne"}, {"ct", "L’Aquila", "", "laquila"}, {"ct", "李", "", "李"}, {"ct", "...", "", ""},
		{"fn", " Mary Jane ", "", "mary jane"}, {"ge", "Nonbinary", "", "n"}, {"ge", "woman", "", "f"},
		{"hashed_maids", "00000000-0000-0000-0000-000000000000", "", ""}, {"hashed_maids", "6d92078a", "", ""},
	} {
		want := ""
		if c.same != "" {
			digest := identity.Hash([]byte(c.same))
			want = string(digest.AppendHex(nil))
		}
		require.Equal(t, want, sent(t, c.key, c.in, c.country), "%s %q", c.key, c.in)
	}
}
