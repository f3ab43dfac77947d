package linkedin_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/linkedin"
)

func read(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, into))
}

// The vectors of LinkedIn's specification: what is sent for each value.
func TestVectors(t *testing.T) {
	t.Parallel()
	var vectors []struct {
		Field, Input, Kind string
		Sent               *string
	}
	read(t, "vectors.json", &vectors)
	require.Greater(t, len(vectors), 50)
	for _, v := range vectors {
		got, ok := linkedin.Normalise(v.Field, raw(v.Input))
		require.Equal(t, v.Sent != nil, ok, "%s %q", v.Field, v.Input)
		if ok {
			require.Equal(t, *v.Sent, got, "%s %q", v.Field, v.Input)
		}
	}
}

// events are the provider events of the examples' names.
var events = map[string]string{
	"transaction.purchase": "purchase", "lead.submitted": "lead", "lead.qualified": "qualify_lead", "cart.added": "add_to_cart",
}

// settings are what the examples say in words.
var settings = map[string]string{
	"names in clear, setting on": `{"clear":["name"]}`, "hashed names, version 202609": `{"api_version":"202609","hashed":["name"]}`,
	"IP address, setting on": `{"clear":["ip"]}`, "only one of the names": `{"clear":["name"]}`,
}

// The payloads of LinkedIn's specification: each event gives the object that
// leaves, or the refusal.
func TestPayloads(t *testing.T) {
	t.Parallel()
	var file struct {
		Examples []struct {
			Name            string
			Input, Expected json.RawMessage
		}
	}
	read(t, "payloads.json", &file)
	require.NotEmpty(t, file.Examples)
	for _, e := range file.Examples {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			ev := decode(t, e.Input)
			route := newRoute(t, events[ev.Name], section(settings[e.Name]), func(d *resource.Destination, _ *resource.Mapping) { d.Defaults.PhoneCountry = "DE" })
			in := input(route, ev)
			in.Now = time.Date(2026, 11, 21, 9, 0, 5, 0, time.UTC).UnixMilli()
			if strings.Contains(string(e.Input), `"ad_storage": "denied"`) {
				in.Usable = consent.AdUserData | consent.AdPersonalization
			}
			if strings.HasPrefix(e.Name, "IP address") {
				in.Regime = consent.OptOut
			}
			in.Restricted = strings.HasPrefix(e.Name, "opted out")
			check(t, provider.Build(nil, in), in, e.Expected)
		})
	}
}

// check compares an answer with what an example expects.
func check(t *testing.T, out provider.Built, in *provider.Input, expected json.RawMessage) {
	t.Helper()
	var refusal struct{ Refused string }
	require.NoError(t, json.Unmarshal(expected, &refusal))
	switch refusal.Refused {
	case "":
		require.Equal(t, decision.ReasonNone, out.IdentifierReason, out.Detail)
		require.Equal(t, decision.ReasonNone, out.PreflightReason, out.Detail)
		require.JSONEq(t, string(expected), string(out.Fragment))
	case "not restrictable":
		require.False(t, out.Restrictable)
		require.Empty(t, out.Fragment)
	case "provider.too_old":
		require.Greater(t, in.Now, out.NotAfter)
	case "provider.in_future":
		require.Greater(t, in.Event.Time-in.Now, out.FutureTolerance)
	case out.IdentifierReason.String(), out.PreflightReason.String():
		require.Empty(t, out.Fragment)
	default:
		require.Fail(t, "not refused", "%s, but %s %s %s", refusal.Refused, out.IdentifierReason, out.PreflightReason, out.Detail)
	}
}

// The answers of LinkedIn's specification: each has the class that a sender acts
// on.
func TestResponses(t *testing.T) {
	t.Parallel()
	var file struct {
		Codes []struct {
			Code, Class string
		}
		Examples []struct {
			Name    string
			N       int
			Status  int
			Body    json.RawMessage
			Headers map[string]string
			Expect  struct {
				Class         string
				Code          *string
				RequestID     string `json:"request_id"`
				Faults        []int
				RestDelivered bool  `json:"rest_delivered"`
				WaitMS        int64 `json:"wait_ms"`
			}
		}
	}
	read(t, "responses.json", &file)
	require.NotEmpty(t, file.Examples)
	for _, e := range file.Examples {
		body := []byte(e.Body)
		if text := ""; json.Unmarshal(e.Body, &text) == nil {
			body = []byte(text)
		}
		header := func(name string) string {
			for k, v := range e.Headers {
				if strings.EqualFold(k, name) {
					return v
				}
			}
			return ""
		}
		a := newProvider().Classify(e.N, &provider.Response{Status: e.Status, Body: body, Header: header, Now: now})
		require.Equal(t, e.Expect.Class, a.Class.String(), e.Name)
		require.Equal(t, e.Expect.RestDelivered, a.RestDelivered, e.Name)
		require.Equal(t, e.Expect.WaitMS, a.WaitMS, e.Name)
		if e.Expect.Code != nil {
			require.Equal(t, *e.Expect.Code, a.Code, e.Name)
		}
		if e.Expect.RequestID != "" {
			require.Equal(t, e.Expect.RequestID, a.RequestID, e.Name)
		}
		var faults []int
		for _, f := range a.Faults {
			faults = append(faults, f.Index)
		}
		require.Equal(t, e.Expect.Faults, faults, e.Name)
	}
}

// What leaves in clear where a destination says so, and what never does.
func TestClearMembers(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"userInfo.firstName", " Mary ", "Mary"}, {"userInfo.lastName", "None", "None"}, {"userInfo.firstName", "undefined", ""}, {"userInfo.title", "a\x00b", ""},
		{"userInfo.companyName", "Acme Ltd", "Acme Ltd"}, {"user.lead", "urn:li:leadGenFormResponse:abc-5", "urn:li:leadGenFormResponse:abc-5"}, {"user.lead", "1234567890123456", ""},
		{"ORACLE_MOAT_ID", "abc", ""}, {"SHA256_PHONE", "+4915123456789", ""},
	} {
		got, ok := linkedin.Normalise(c[0], raw(c[1]))
		require.Equal(t, c[2] != "", ok, c)
		if ok {
			require.Equal(t, c[2], got, c)
		}
	}
}
