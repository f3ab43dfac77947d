package reddit_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/normal"
	"github.com/sluicehq/sluice/pkg/provider/reddit"
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
			case "click_id", "uuid", "ip_address", "user_agent":
				require.Equal(t, v.Sent, sentInClear(t, v.Field, v.Input))
			default:
				h, ok := reddit.Normalise(v.Field, raw(v.Input), normal.Hints{PhoneCountry: regions[v.Context.Code], Prehashed: resource.Prehashed{Phone: resource.PhoneE164}})
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
	ev.Click, ev.Device = event.Click{}, event.Device{}
	switch field {
	case "click_id":
		ev.Click.RdtCid = raw(value)
	case "uuid":
		ev.Click.RdtUUID = raw(value)
	case "ip_address":
		ev.Device.IP = raw(value)
	default:
		ev.Device.UserAgent = raw(value)
	}
	built := provider.Build(nil, input(newRoute(t, "PURCHASE"), ev))
	var sent struct {
		ClickID string         `json:"click_id"`
		User    map[string]any `json:"user"`
	}
	require.NoError(t, json.Unmarshal(built.Fragment, &sent), built.Detail)
	if field == "click_id" {
		return sent.ClickID
	}
	text, _ := sent.User[field].(string)
	return text
}

// An address has another hash here than at providers that keep dots and tags: a
// digest of the plain form may be that of an address which has nothing to drop.
func TestDigestsFromOutside(t *testing.T) {
	t.Parallel()
	const digest = "1e231c66011e7a2d867a9cfae267a6aff103cf4913640b6e71a99850fc0ffbc8"
	_, ok := reddit.Normalise("phone_number", raw(digest), normal.Hints{})
	require.False(t, ok, "of an unknown form")
	_, ok = reddit.Normalise("phone_number", raw(digest), normal.Hints{Prehashed: resource.Prehashed{Phone: resource.PhoneDigits}})
	require.False(t, ok, "without the plus sign")
	_, ok = reddit.Normalise("email", raw(digest), normal.Hints{Prehashed: resource.Prehashed{Email: resource.EmailAllTag}})
	require.True(t, ok)
	a, _ := reddit.Normalise("email", raw("a.b+c@mail.example"), normal.Hints{})
	want := identity.Hash([]byte("ab@mail.example"))
	require.Equal(t, want, a)
}
