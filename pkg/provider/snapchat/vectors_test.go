package snapchat_test

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

// Every collected value through a whole event: what stands in user_data is what Snapchat
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
		ev.Click, ev.Device = event.Click{}, event.Device{AppID: "com.acme.shop", Platform: "ios"}
		options := []option{func(d *resource.Destination, _ *resource.Mapping) {
			d.Defaults.PhoneCountry = callingCountries[v.Context["phone_country_code"]]
		}}
		if set(ev, v.Field, v.Input) {
			ev.Source = event.SourceApp
			options = append(options, app)
		}
		built := provider.Build(nil, input(newRoute(t, options...), ev))
		var got struct {
			User map[string]any `json:"user_data"`
		}
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
	case "em":
		id.Emails, id.Phones = []identity.Raw{v}, []identity.Raw{raw("+16505551212")}
	case "ph":
		id.Phones = []identity.Raw{v}
	case "external_id":
		id.ExternalIDs = []identity.Raw{v}
	case "fn":
		id.FirstName = v
	case "ln":
		id.LastName = v
	case "ge":
		id.Gender = v
	case "ct":
		id.City = v
	case "st":
		id.Region = v
	case "country":
		id.Country = v
	case "zp":
		id.PostalCode = v
	case "sc_click_id":
		ev.Click.Sccid = v
	case "sc_cookie1":
		ev.Click.Scid = v
	case "client_ip_address":
		ev.Device.IP = v
	case "client_user_agent":
		ev.Device.UserAgent = v
	case "madid":
		ev.Device.AdvertisingID = v
		return true
	case "idfv":
		ev.Device.VendorID = v
		return true
	default:
		panic(field)
	}
	return false
}
