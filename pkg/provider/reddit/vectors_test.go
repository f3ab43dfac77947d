package reddit_test

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
	Context                  struct {
		Code string `json:"phone_country_code"`
	}
}

// regions are countries of the vectors' calling codes.
var regions = map[string]string{"": "", "1": "US", "49": "DE"}

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
			region, known := regions[v.Context.Code]
			require.True(t, known)
			require.Equal(t, v.Sent, sent(t, v.Field, v.Input, func(d *resource.Destination, _ *resource.Mapping) {
				d.Defaults.PhoneCountry, d.Prehashed.Phone = region, resource.PhoneE164
			}))
		})
	}
}

// sent is what the payload of an event with one value of a key has under that key:
// empty where it is left out. Another identifier stands beside it, so that the
// event is never refused for it.
func sent(t *testing.T, key, value string, options ...option) string {
	t.Helper()
	ev := webEvent()
	ev.Click, ev.Device = event.Click{}, event.Device{}
	ev.Identity = event.Identity{ExternalIDs: []identity.Raw{raw("beside")}}
	switch in := raw(value); key {
	case "email":
		ev.Identity.Emails = []identity.Raw{in}
	case "phone_number":
		ev.Identity.Phones = []identity.Raw{in}
	case "external_id":
		ev.Identity.ExternalIDs = []identity.Raw{in}
	case "idfa", "aaid":
		ev.Device.AdvertisingID, ev.Device.Platform = in, map[string]string{"idfa": "ios", "aaid": "android"}[key]
	case "click_id":
		ev.Click.RdtCid = in
	case "uuid":
		ev.Click.RdtUUID = in
	case "ip_address":
		ev.Device.IP = in
	case "user_agent":
		ev.Device.UserAgent = in
	default:
		require.Fail(t, "no such key", key)
	}
	built := provider.Build(nil, input(newRoute(t, "PURCHASE", options...), ev))
	require.Equal(t, decision.ReasonNone, built.IdentifierReason, built.Detail)
	require.Equal(t, decision.ReasonNone, built.PreflightReason, built.Detail)
	var fragment struct {
		ClickID string         `json:"click_id"`
		User    map[string]any `json:"user"`
	}
	require.NoError(t, json.Unmarshal(built.Fragment, &fragment))
	if key == "click_id" {
		return fragment.ClickID
	}
	text, _ := fragment.User[key].(string)
	return text
}

// An address has another hash here than at providers that keep dots and tags: a
// digest of the plain form may be that of an address which has nothing to drop.
func TestDigestsFromOutside(t *testing.T) {
	t.Parallel()
	const digest = "1e231c66011e7a2d867a9cfae267a6aff103cf4913640b6e71a99850fc0ffbc8"
	prehashed := func(of resource.Prehashed) option {
		return func(d *resource.Destination, _ *resource.Mapping) { d.Prehashed = of }
	}
	require.Empty(t, sent(t, "phone_number", digest), "of an unknown form")
	require.Empty(t, sent(t, "phone_number", digest, prehashed(resource.Prehashed{Phone: resource.PhoneDigits})), "without the plus sign")
	require.Equal(t, digest, sent(t, "email", digest, prehashed(resource.Prehashed{Email: resource.EmailAllTag})))
	want := identity.Hash([]byte("ab@mail.example"))
	require.Equal(t, string(want.AppendHex(nil)), sent(t, "email", "a.b+c@mail.example"))
}
