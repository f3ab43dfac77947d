package tiktok_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// callingCountries are the countries that the vectors name by calling code.
var callingCountries = map[string]string{"1": "US", "49": "DE", "44": "GB"}

// Every collected value through a whole event: what stands in user is what TikTok
// takes, and a value that no rule makes usable stands nowhere.
func TestEveryVector(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/vectors.json")
	require.NoError(t, err)
	var list []struct {
		Field, Input, Kind string
		Sent               *string
		Context            map[string]string
	}
	require.NoError(t, json.Unmarshal(text, &list))
	require.NotEmpty(t, list)
	for _, v := range list {
		ev := webEvent()
		ev.Identity = event.Identity{Emails: []identity.Raw{raw("anchor@example.com")}, Country: raw(v.Context["country"])}
		ev.Click, ev.Device = event.Click{}, event.Device{AppID: "com.acme.shop", AdvertisingID: raw("11111111-8cf0-11bd-b23e-10b96e40000d"), Platform: "ios"}
		options := []option{with(`{"location":"clear"}`), func(d *resource.Destination, _ *resource.Mapping) {
			d.Defaults.PhoneCountry = callingCountries[v.Context["phone_country_code"]]
		}}
		if set(ev, v.Field, v.Input) {
			options = append(options, at("app"))
		}
		built := provider.Build(nil, input(newRoute(t, options...), ev))
		var got struct{ User map[string]any }
		if built.IdentifierReason == decision.ReasonNone {
			require.Equal(t, decision.ReasonNone, built.PreflightReason, built.Detail)
			require.NoError(t, json.Unmarshal(built.Fragment, &got), v.Input)
		}
		value := got.User[v.Field]
		if several, ok := value.([]any); ok {
			require.Len(t, several, 1)
			value = several[0]
		}
		if v.Sent == nil {
			require.Nil(t, value, "%s %q", v.Field, v.Input)
			continue
		}
		require.Equal(t, *v.Sent, value, "%s %q", v.Field, v.Input)
	}
}

// set puts a value where events have it, and tells whether only apps do.
func set(ev *event.Event, field, value string) (inApp bool) {
	id, v := &ev.Identity, raw(value)
	switch field {
	case "email":
		id.Emails, id.ExternalIDs = []identity.Raw{v}, []identity.Raw{raw("anchor")}
	case "phone":
		id.Phones = []identity.Raw{v}
	case "external_id":
		id.ExternalIDs = []identity.Raw{v}
	case "first_name":
		id.FirstName = v
	case "last_name":
		id.LastName = v
	case "city":
		id.City = v
	case "state":
		id.Region = v
	case "country":
		id.Country = v
	case "zip_code":
		id.PostalCode = v
	case "ttp":
		ev.Click.Ttp = v
	case "ttclid":
		ev.Click.Ttclid = v
	case "ip":
		ev.Device.IP = v
	case "user_agent":
		ev.Device.UserAgent = v
	case "idfa", "gaid":
		ev.Device.AdvertisingID, ev.Device.Platform = v, map[string]string{"idfa": "ios", "gaid": "android"}[field]
		return true
	default:
		panic(field)
	}
	return false
}
