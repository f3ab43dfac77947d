package pinterest_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/normal"
	"github.com/sluicehq/sluice/pkg/provider/pinterest"
)

// vector is one value of one key, and what is sent of it; empty: nothing.
type vector struct {
	Field, Input, Kind, Sent string
	Context                  struct{ Country string }
}

// TestVectors holds the forms against values with their sources.
func TestVectors(t *testing.T) {
	t.Parallel()
	var vectors []vector
	read(t, "vectors.json", &vectors)
	require.NotEmpty(t, vectors)
	for _, v := range vectors {
		t.Run(v.Field+" "+v.Input, func(t *testing.T) {
			t.Parallel()
			switch v.Field {
			case "click_id", "client_ip_address":
				require.Equal(t, v.Sent, sentInClear(t, v.Field, v.Input))
			default:
				h, ok := pinterest.Normalise(v.Field, raw(v.Input), normal.Hints{Country: v.Context.Country, Now: now, Prehashed: resource.Prehashed{Phone: resource.PhoneDigits}})
				require.Equal(t, v.Kind != "drop", ok)
				if ok {
					require.Equal(t, v.Sent, string(h.AppendHex(nil)))
				}
			}
		})
	}
}

// sentInClear is what a payload has of one value.
func sentInClear(t *testing.T, field, value string) string {
	t.Helper()
	ev := webEvent()
	ev.Click, ev.Device.IP = event.Click{}, raw("")
	if field == "click_id" {
		ev.Click.Epik = raw(value)
	} else {
		ev.Device.IP = raw(value)
	}
	built := provider.Build(nil, input(newRoute(t, "checkout"), ev))
	var sent struct {
		User map[string]any `json:"user_data"`
	}
	require.NoError(t, json.Unmarshal(built.Fragment, &sent), built.Detail)
	text, _ := sent.User[field].(string)
	return text
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
		{"no_such_key", "x", "", ""},
	} {
		h, ok := pinterest.Normalise(c.key, raw(c.in), normal.Hints{Country: c.country, Now: now})
		require.Equal(t, c.same != "", ok, "%s %q", c.key, c.in)
		if ok {
			want := identity.Hash([]byte(c.same))
			require.Equal(t, string(want.AppendHex(nil)), string(h.AppendHex(nil)), "%s %q", c.key, c.in)
		}
	}
}
