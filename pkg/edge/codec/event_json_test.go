package codec_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/edge/codec"
)

const head = `"customer_id":"acme","event_name":"transaction.purchase","event_time":1795168800000`

// What a JSON event has to look like, and what happens to one that does not.
func TestDecodeEventJSON(t *testing.T) {
	long := strings.Repeat("x", codec.MaxFieldBytes+1)
	many := strings.TrimSuffix(strings.Repeat(`"e@x.example",`, codec.MaxEntries+1), ",")
	tests := []struct{ name, in, want string }{
		{"smallest event", `{` + head + `}`, "ok"},
		{"space around it", " \n{" + head + "}\r\n\t", "ok"},
		{"unknown members are ignored", `{"x":{"y":[1,{"z":null}]},` + head + `}`, "ok"},
		{"null is absent", `{` + head + `,"page":null,"identity":null,"properties":null,"consent":null,"event_id":null}`, "ok"},
		{"RFC 3339 with offset", `{"customer_id":"acme","event_name":"a","event_time":"2026-11-20T10:00:00.5+01:00"}`, "ok"},

		{"empty value", ``, "event.undecodable"},
		{"not an object", `[]`, "event.undecodable"},
		{"ends early", `{` + head, "event.undecodable"},
		{"trailing data", `{` + head + `} {}`, "event.undecodable"},
		{"trailing comma", `{` + head + `,}`, "event.undecodable"},
		{"comma missing", `{"customer_id":"acme" "event_name":"a"}`, "event.undecodable"},
		{"byte order mark", "\ufeff{" + head + `}`, "ok"},
		{"invalid UTF-8", `{` + head + `,"event_id":"` + "\xff" + `"}`, "event.undecodable"},
		{"lone surrogate", `{` + head + `,"event_id":"\ud800"}`, "ok"},
		{"control character", `{` + head + `,"event_id":"` + "\x01" + `"}`, "event.undecodable"},
		{"leading zero", `{` + head + `,"x":01}`, "event.undecodable"},
		{"too deep", `{` + head + `,"x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, "event.undecodable"},
		{"customer of the wrong type", `{"customer_id":1,"event_name":"a","event_time":1795168800000}`, "event.undecodable"},
		{"time of the wrong type", `{"customer_id":"acme","event_name":"a","event_time":true}`, "event.undecodable"},
		{"page of the wrong type", `{` + head + `,"page":"https://x.example"}`, "event.undecodable"},
		{"e-mails of the wrong type", `{` + head + `,"identity":{"emails":"a@x.example"}}`, "event.undecodable"},
		{"half a unit", `{` + head + `,"commerce":{"items":[{"quantity":2.5}]}}`, "ok"},
		{"nested property", `{` + head + `,"properties":{"a":{}}}`, "ok"},
		{"a member twice", `{` + head + `,"event_id":"a","event_id":"b"}`, "event.undecodable"},
		{"a property twice", `{` + head + `,"properties":{"a":1,"a":2}}`, "event.undecodable"},

		{"customer missing", `{"event_name":"a","event_time":1795168800000}`, "event.invalid"},
		{"customer empty", `{"customer_id":"","event_name":"a","event_time":1795168800000}`, "event.invalid"},
		{"customer null", `{"customer_id":null,"event_name":"a","event_time":1795168800000}`, "event.invalid"},
		{"customer with a colon", `{"customer_id":"a:b","event_name":"a","event_time":1795168800000}`, "event.invalid"},
		{"customer of 129 characters", `{"customer_id":"` + strings.Repeat("a", 129) + `","event_name":"a","event_time":1795168800000}`, "event.invalid"},
		{"name missing", `{"customer_id":"acme","event_time":1795168800000}`, "event.invalid"},
		{"time missing", `{"customer_id":"acme","event_name":"a"}`, "event.invalid"},
		{"time in seconds", `{"customer_id":"acme","event_name":"a","event_time":1795168800}`, "event.invalid"},
		{"negative time", `{"customer_id":"acme","event_name":"a","event_time":-1}`, "event.invalid"},
		{"fraction of a millisecond", `{"customer_id":"acme","event_name":"a","event_time":1795168800000.5}`, "ok"},
		{"time without offset", `{"customer_id":"acme","event_name":"a","event_time":"2026-11-20T10:00:00"}`, "event.invalid"},
		{"time in words", `{"customer_id":"acme","event_name":"a","event_time":"yesterday"}`, "event.invalid"},
		{"received in seconds", `{` + head + `,"received_time":1795168800}`, "event.invalid"},
		{"a field over 64 KiB", `{` + head + `,"page":{"title":"` + long + `"}}`, "event.invalid"},
		{"a property over 64 KiB", `{` + head + `,"properties":{"a":"` + long + `"}}`, "event.invalid"},
		{"too many entries", `{` + head + `,"identity":{"emails":[` + many + `]}}`, "event.invalid"},
		{"a number without end", `{` + head + `,"commerce":{"value":1e999}}`, "event.invalid"},
		{"an unknown field may be long", `{` + head + `,"x":"` + long + `"}`, "ok"},

		{"over 1 MiB", `{` + head + `,"x":"` + strings.Repeat("x", codec.MaxEventBytes) + `"}`, "event.too_large"},

		{"consent of the wrong type", `{` + head + `,"consent":"granted"}`, "malformed"},
		{"consent as a list", `{` + head + `,"consent":[]}`, "malformed"},
		{"purpose of the wrong type", `{` + head + `,"consent":{"ad_storage":true}}`, "malformed"},
		{"signal of the wrong type", `{` + head + `,"consent":{"gpc":"1"}}`, "malformed"},
		{"TC string of the wrong type", `{` + head + `,"consent":{"tcf":{}}}`, "malformed"},
		{"capture time in seconds", `{` + head + `,"consent":{"captured_at":1795168800}}`, "malformed"},
		{"capture time of the wrong type", `{` + head + `,"consent":{"captured_at":false}}`, "malformed"},
		{"a purpose twice", `{` + head + `,"consent":{"ad_storage":"denied","ad_storage":"granted"}}`, "malformed"},
		{"consent twice", `{` + head + `,"consent":{},"consent":{}}`, "malformed"},
		{"age group of the wrong type", `{` + head + `,"age_group":17}`, "malformed"},
		{"an unknown member of consent", `{` + head + `,"consent":{"adUserData":"denied"}}`, "malformed"},
		{"an unknown member beside known ones", `{` + head + `,"consent":{"ad_storage":"granted","purposes":{"disabled":[1]}}}`, "malformed"},
		{"an unknown member that is null", `{` + head + `,"consent":{"us_privacy":null}}`, "ok"},
		{"sections in force", `{` + head + `,"consent":{"gpp_sid":[7,8],"gdpr_applies":false}}`, "ok"},
		{"sections in force as browsers keep them", `{` + head + `,"consent":{"gpp_sid":"7_8"}}`, "ok"},
		{"sections that are none", `{` + head + `,"consent":{"gpp_sid":{}}}`, "malformed"},
		{"a section in letters", `{` + head + `,"consent":{"gpp_sid":["usca"]}}`, "malformed"},
		{"half a section", `{` + head + `,"consent":{"gpp_sid":[7.5]}}`, "malformed"},
		{"GDPR as a number", `{` + head + `,"consent":{"gdpr_applies":1}}`, "malformed"},
		{"GDPR as a placeholder", `{` + head + `,"consent":{"gdpr_applies":"undefined"}}`, "malformed"},
		{"unknown values reach the gate", `{` + head + `,"consent":{"ad_storage":"maybe"}}`, "ok"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var e event.Event
			err := codec.DecodeEventJSON(&e, []byte(tt.in))
			require.Equal(t, tt.want, outcome(&e, err), "%v", err)

			// The same event as Avro means the same.
			if value := codec.AppendEventFromJSON(nil, 7, &e, []byte(tt.in)); tt.want != "event.undecodable" && tt.want != "event.too_large" {
				var again event.Event
				err := codec.DecodeEvent(&again, value[5:])
				require.Equal(t, tt.want, outcome(&again, err), "%v", err)
				require.Equal(t, why(&e), why(&again), "it says why, too")
			} else {
				require.Equal(t, tt.in, string(value))
			}
		})
	}
}

func outcome(e *event.Event, err error) string {
	if err != nil {
		if refused, ok := errors.AsType[*codec.DecodeError](err); ok {
			return refused.Reason.String()
		}
		return err.Error()
	}
	if e.Consent.Malformed || e.Consent.UnknownMember != "" {
		return "malformed"
	}
	return "ok"
}

// why gives what the consent gate says of an event's consent.
func why(e *event.Event) string {
	s := consent.Normalise(e.Consent, 0, 0)
	return s.Malformed.String() + " " + s.Fault
}

func TestMalformedConsentSaysWhy(t *testing.T) {
	for in, want := range map[string]string{
		`{"adUserData":"denied"}`:                "unknown member adUserData, did you mean ad_user_data?",
		`{"ad-user-data":"denied"}`:              "unknown member ad-user-data, did you mean ad_user_data?",
		`{"ad_user_date":"denied"}`:              "unknown member ad_user_date, did you mean ad_user_data?",
		`{"us_privacy":"1YYN"}`:                  "unknown member us_privacy, did you mean gpp?",
		`{"tcString":"C"}`:                       "unknown member tcString, did you mean tcf?",
		`{"globalPrivacyControl":true}`:          "unknown member globalPrivacyControl, did you mean gpc?",
		`{"gdprApplies":false}`:                  "unknown member gdprApplies, did you mean gdpr_applies?",
		`{"marketing":false}`:                    "unknown member marketing",
		`{"mira@mail.example":"denied"}`:         "unknown member (a name that is not shown)",
		`{"4915112345678":"denied"}`:             "unknown member (a name that is not shown)",
		`{"` + strings.Repeat("a", 41) + `":1}`:  "unknown member (a name that is not shown)",
		`{"dnt":"unspecified"}`:                  "dnt it has the wrong type: want true or false",
		`{"gpc":"undefined"}`:                    "gpc it has the wrong type: want true or false",
		`{"ad_storage":true}`:                    "ad_storage it has the wrong type: want granted or denied",
		`{"captured_at":"(not set)"}`:            "captured_at it has the wrong type: want a time such as 2026-11-20T10:00:00Z",
		`{"gpp_sid":[7,"x"]}`:                    "gpp_sid it has the wrong type: want section ids such as [7], or [-1] for none",
		`{"gpp_sid":[-1,7]}`:                     "gpp_sid want section ids such as [7], or [-1] for none",
		`{"ad_user_data":"null"}`:                "ad_user_data want granted or denied",
		`{"gpp_sid":[],"gdpr_applies":true}`:     " ",
		`{"tcf":null,"gpp":null,"gpp_sid":null}`: " ",
	} {
		var e event.Event
		require.NoError(t, codec.DecodeEventJSON(&e, []byte(`{`+head+`,"consent":`+in+`}`)))
		require.Equal(t, want, why(&e), in)
	}
}

func TestJSONValues(t *testing.T) {
	var e event.Event
	require.NoError(t, codec.DecodeEventJSON(&e, []byte(`{
		"properties": {"s": "a\u00e4\ud83d\ude00\n\"", "l": 2, "d": 2.0, "big": 1e3, "b": false, "n": null},
		"consent": {"ad_storage": "", "ad_user_data": null, "gpc": true, "captured_at": "2026-11-20T10:00:00Z"},
		"commerce": {"value": 12, "items": [{"id": "1", "quantity": 2.0, "price": 9.5}, null, {"id": "2"}], "coupons": ["A", "B"]},
		"identity": {"emails": ["a@x.example"], "login_ids": {"line": "u1"}},
		"device": {"screen_width": 1080, "tracking_authorized": false},
		"browser_reported": false, "age_group": "teen",
		"event_time": "2026-11-20T10:00:00+01:00", "event_name": "a", "customer_id": "acme"}`)))
	require.Equal(t, []event.Property{
		{Key: "s", Value: event.Value{Kind: event.String, Str: "aä😀\n\""}},
		{Key: "l", Value: event.Value{Kind: event.Long, Long: 2}},
		{Key: "d", Value: event.Value{Kind: event.Double, Double: 2}},
		{Key: "big", Value: event.Value{Kind: event.Double, Double: 1000}},
		{Key: "b", Value: event.Value{Kind: event.Boolean}},
	}, e.Properties)
	require.Equal(t, consent.Input{AdStorage: consent.Text(""), AgeGroup: consent.Text("teen"), GPC: consent.True, CapturedAt: 1795168800000}, e.Consent)
	require.Equal(t, event.Some(12.0), e.Commerce.Value)
	require.Equal(t, []event.Item{{ID: "1", Quantity: event.Some[int64](2), Price: event.Some(9.5)}, {ID: "2"}}, e.Commerce.Items)
	require.Equal(t, []string{"A", "B"}, e.Commerce.Coupons)
	require.Equal(t, "a@x.example", e.Identity.Emails[0].Reveal())
	require.Equal(t, "u1", e.Identity.LoginIDs[0].Value.Reveal())
	require.Equal(t, event.Some[int64](1080), e.Device.ScreenWidth)
	require.Equal(t, event.Some(false), e.Device.TrackingAuthorized)
	require.Equal(t, event.Some(false), e.BrowserReported)
	require.Equal(t, int64(1795165200000), e.Time)

	printed := codec.AppendEventJSON(nil, &e)
	var again event.Event
	require.NoError(t, codec.DecodeEventJSON(&again, printed), "%s", printed)
	// A double without a fraction prints as an integer.
	again.Properties[2].Value, again.Properties[3].Value = e.Properties[2].Value, e.Properties[3].Value
	require.Equal(t, e, again)
}

// Errors name fields, never values.
func TestJSONErrorsHoldNoValues(t *testing.T) {
	for _, in := range []string{
		`{"customer_id":"canary@x.example","event_name":"a","event_time":1795168800000}`,
		`{` + head + `,"identity":{"first_name":["canary"]}}`,
		`{` + head + `,"received_time":"canary"}`,
		`{` + head + `,"event_id":"canary\x"}`,
	} {
		var e event.Event
		err := codec.DecodeEventJSON(&e, []byte(in))
		require.Error(t, err)
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "canary")
	}
}

func TestHeadOfJSON(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"complete", `{` + head + `}`, ""},
		{"anything behind the head", `{` + head + `,`, ""},
		{"head last", `{"properties":{"customer_id":"x"},` + head + `}`, ""},
		{"broken before the head", `{"x":tru,` + head + `}`, "event.undecodable"},
		{"missing", `{"customer_id":"acme","event_name":"a"}`, "event.invalid"},
		{"seconds", `{"customer_id":"acme","event_name":"a","event_time":1795168800}`, "event.invalid"},
		{"no object", `7`, "event.undecodable"},
		{"over 1 MiB", `{` + head + strings.Repeat(" ", codec.MaxEventBytes) + `}`, "event.too_large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, err := codec.HeadOfJSON([]byte(tt.in))
			if tt.want != "" {
				require.Equal(t, tt.want, outcome(nil, err))
				return
			}
			require.NoError(t, err)
			require.Equal(t, codec.Head{CustomerID: "acme", EventName: "transaction.purchase", EventTime: 1795168800000}, h)
		})
	}
}
