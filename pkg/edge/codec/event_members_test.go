package codec_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/edge/codec"
)

// TestUnknownMembers: the pipeline ignores what it does not know; whoever wrote
// an event by hand wants to be told.
func TestUnknownMembers(t *testing.T) {
	t.Parallel()
	members, err := codec.NewEventMembers()
	require.NoError(t, err)
	type u = codec.UnknownMember
	for name, c := range map[string]struct {
		text string
		want []u
	}{
		"none":             {`{"customer_id":"a","consent":{"gpc":true},"commerce":{"items":[{"id":"1"},{"price":2}]}}`, nil},
		"misspelt":         {`{"consnt":{"ad_storage":"granted"},"event_time":1}`, []u{{Path: "consnt", Near: "consent"}}},
		"below":            {`{"identity":{"e_mail":["x"]}}`, []u{{Path: "identity.e_mail", Near: "identity.emails"}}},
		"in a list":        {`{"commerce":{"items":[{"id":"1"},{"prce":2}]}}`, []u{{Path: "commerce.items[].prce", Near: "commerce.items[].price"}}},
		"the wrong place":  {`{"emails":["x"],"quantity":2}`, []u{{Path: "emails", Near: "identity.emails"}, {Path: "quantity", Near: "commerce.items[].quantity"}}},
		"nothing like it":  {`{"warehouse":{"id":1}}`, []u{{Path: "warehouse", Near: ""}}},
		"properties":       {`{"properties":{"anything":1,"consnt":"x"}}`, nil},
		"other click ids":  {`{"click":{"other":{"ttclid":"x"}}}`, nil},
		"a wrong type":     {`{"consent":"granted","commerce":[1,{"valu":2}],"page":null}`, []u{{Path: "commerce.valu", Near: "commerce.value"}}},
		"a personal name":  {`{"jane@example.com":1}`, []u{{Path: "(a name that is not shown)"}}},
		"no JSON":          {`{"consnt":`, nil},
		"no object":        {`["consnt"]`, nil},
		"inside consent":   {`{"consent":{"adUserData":"denied","usp":null,"ad_storage":"granted"}}`, []u{{Path: "consent.adUserData", Near: "consent.ad_user_data", Malformed: true}, {Path: "consent.usp", Near: "consent.gpp"}}},
		"space everywhere": {" { \"consnt\" : [ ] , \"event_id\" : \"x\" } ", []u{{Path: "consnt", Near: "consent"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, members.Unknown([]byte(c.text)))
		})
	}
}
