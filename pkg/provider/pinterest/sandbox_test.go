package pinterest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/provider"
	sandbox "github.com/sluicehq/sluice/pkg/provider/pinterest/fake"
)

const good = `{"event_name":"checkout","action_source":"web","event_time":1795251600,"event_id":"e1","user_data":{"em":["5b48ec4e1914e24663c2fe34b93e3e93062530ae5f5c7ea128cfe9a08bdbcc85"]}}`

// post hands a body to the stand-in.
func post(t *testing.T, s *sandbox.Service, path, token, body string) provider.Answer {
	t.Helper()
	r := provider.Request{Method: "POST", URL: "https://api.pinterest.com" + path, Header: []provider.Header{{Name: "Content-Type", Value: "application/json"}}, Body: []byte(body)}
	return newProvider().Classify(max(strings.Count(body, `"event_name"`), 1), serve(t, s, r, token))
}

const path = "/v5/ad_accounts/" + adAccount + "/events"

// What refuses a request as a whole, and how the provider reads it.
func TestTheSandboxRefusesRequests(t *testing.T) {
	t.Parallel()
	s := strict(sandbox.Config{MaxBody: 4096})
	for name, c := range map[string]struct {
		path, token, body string
		class             provider.Class
		code, subcode     string
	}{
		"no token":        {path, "", good, provider.Credentials, "401", "2"},
		"another token":   {path, "guess", good, provider.Credentials, "401", "2"},
		"no scope":        {path, "read-only", good, provider.Credentials, "401", "3"},
		"no role":         {path, "other", good, provider.Credentials, "403", "29"},
		"no account":      {"/v5/ad_accounts/2/events", "token", good, provider.Configuration, "404", "2"},
		"no such path":    {"/v5/ad_accounts", "token", good, provider.Configuration, "404", "2"},
		"too large":       {path, "token", `{"data":[` + good + strings.Repeat(" ", 5000) + `]}`, provider.Invalid, "413", "4196"},
		"no JSON":         {path, "token", `{"data":`, provider.Invalid, "400", "4196"},
		"twice a member":  {path, "token", `{"data":[],"data":[]}`, provider.Invalid, "400", "4196"},
		"no event":        {path, "token", `{"data":[]}`, provider.Invalid, "400", "4196"},
		"more than data":  {path, "token", `{"data":[` + good + `],"x":1}`, provider.Invalid, "400", "4196"},
		"unknown member":  {path, "token", `{"data":[` + strings.Replace(good, `"event_id"`, `"x":1,"event_id"`, 1) + `]}`, provider.Invalid, "400", "4196"},
		"a number":        {path, "token", `{"data":[` + strings.Replace(good, `"user_data"`, `"custom_data":{"value":49.9},"user_data"`, 1) + `]}`, provider.Invalid, "400", "4196"},
		"no id":           {path, "token", `{"data":[` + strings.Replace(good, `"event_id":"e1",`, ``, 1) + `]}`, provider.Invalid, "400", "4196"},
		"half a second":   {path, "token", `{"data":[` + strings.Replace(good, `1795251600`, `1795251600.5`, 1) + `]}`, provider.Invalid, "400", "4196"},
		"unknown query":   {path + "?test=1", "token", `{"data":[` + good + `]}`, provider.Invalid, "400", "4196"},
		"LDP of the user": {path, "token", `{"data":[` + strings.Replace(good, `"em"`, `"opt_out_type":"LDP","em"`, 1) + `]}`, provider.Invalid, "400", "4196"},
	} {
		a := post(t, s, c.path, c.token, c.body)
		require.Equal(t, c.class.String(), a.Class.String(), name)
		require.Equal(t, c.code, a.Code, name)
		require.Equal(t, c.subcode, a.Subcode, name)
		fix := newProvider().Spec()
		require.NotEmpty(t, fix.Fix(a.Code, a.Subcode), "%s: nobody is told what to do", name)
	}
	require.Zero(t, s.Ledger().Totals().Accepted)
}

// What refuses one event, and leaves the others alone.
func TestTheSandboxTakesEventsOneByOne(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]string{
		"too old": strings.Replace(good, "1795251600", "1794251600", 1), "in the future": strings.Replace(good, "1795251600", "1795251999", 1),
		"no hash":  strings.Replace(good, "5b48ec4e1914e24663c2fe34b93e3e93062530ae5f5c7ea128cfe9a08bdbcc85", "ada@mail.example", 1),
		"capitals": strings.Replace(good, "5b48ec", "5B48EC", 1), "phone alone": strings.Replace(good, `"em"`, `"ph"`, 1),
		"another source": strings.Replace(good, `"web"`, `"website"`, 1), "another name": strings.Replace(good, "checkout", "check out", 1),
		"an exponent":  strings.Replace(good, `"user_data"`, `"custom_data":{"value":"1e3"},"user_data"`, 1),
		"no currency":  strings.Replace(good, `"user_data"`, `"custom_data":{"currency":"EURO"},"user_data"`, 1),
		"no click id":  strings.Replace(good, `"em"`, `"click_id":" ","em"`, 1),
		"no address":   strings.Replace(good, `"em"`, `"client_ip_address":"x","em"`, 1),
		"np":           strings.Replace(good, `"user_data"`, `"custom_data":{"np":"x"},"user_data"`, 1),
		"no opt-out":   strings.Replace(good, `"user_data"`, `"custom_data":{"opt_out_type":"LDU"},"user_data"`, 1),
		"not an app":   strings.Replace(good, `"user_data"`, `"app_info":{"app_id":"1"},"user_data"`, 1),
		"empty digest": strings.Replace(good, "5b48ec4e1914e24663c2fe34b93e3e93062530ae5f5c7ea128cfe9a08bdbcc85", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 1),
	} {
		require.NotEqual(t, good, bad, name)
		bad = strings.Replace(bad, `"e1"`, `"e2"`, 1)
		for _, cfg := range []sandbox.Config{{}, {PartialIn200: true}} {
			s := strict(cfg)
			a := post(t, s, path, "token", `{"data":[`+good+`,`+bad+`]}`)
			require.Equal(t, provider.Invalid, a.Class, name)
			require.Len(t, a.Faults, 1, name)
			require.Equal(t, 1, a.Faults[0].Index, name)
			require.True(t, a.RestDelivered, name)
			require.Equal(t, 1, s.Ledger().Totals().Accepted, name)
			require.Equal(t, 1, s.Ledger().Totals().Rejected, name)
		}
		a := post(t, strict(sandbox.Config{SilentPartial: true}), path, "token", `{"data":[`+good+`,`+bad+`]}`)
		require.Equal(t, provider.Invalid, a.Class, name)
		require.Empty(t, a.Faults, "nobody is named")
		require.False(t, a.RestDelivered, name)
		require.True(t, a.SomeDelivered, name)
	}
}

// A test is answered as anything else, and nothing of it is recorded.
func TestTheSandboxRecordsNoTests(t *testing.T) {
	t.Parallel()
	s := strict(sandbox.Config{})
	require.Equal(t, provider.Accepted, post(t, s, path+"?test=true", "token", `{"data":[`+good+`]}`).Class)
	require.Zero(t, s.Ledger().Totals().Accepted)
	require.Equal(t, map[string]int64{"test_events": 1}, s.Stats())
	route := newRoute(t, "checkout")
	probe, ok := endpoint(route).Account.Probe(nil, endpoint(route))
	require.True(t, ok)
	require.Equal(t, provider.Accepted, newProvider().Classify(0, serve(t, s, probe, "token")).Class)
	require.Zero(t, s.Ledger().Totals().Accepted)
	require.Equal(t, provider.Credentials, newProvider().Classify(0, serve(t, s, probe, "guess")).Class)
	var many []string
	for range 21 {
		many = append(many, good)
	}
	a := post(t, s, path+"?test=true", "token", `{"data":[`+strings.Join(many, ",")+`]}`)
	require.Equal(t, provider.AcceptedWithWarnings, a.Class, "only the first twenty are looked at")
}

// An advertiser has fifteen names of its own, whatever their case.
func TestTheSandboxCountsOwnNames(t *testing.T) {
	t.Parallel()
	s := strict(sandbox.Config{})
	for i := range 16 {
		a := post(t, s, path, "token", `{"data":[`+strings.Replace(good, "checkout", "own_"+string(rune('a'+i)), 1)+`]}`)
		require.Equal(t, i == 15, a.Class == provider.Invalid, i)
	}
	require.Equal(t, provider.Accepted, post(t, s, path, "token", `{"data":[`+strings.Replace(good, "checkout", "OWN_A", 1)+`]}`).Class)
}

// What faults make the stand-in say is what the table of answers knows.
func TestFaultsAreUnderstood(t *testing.T) {
	t.Parallel()
	s := strict(sandbox.Config{})
	classify := func(f call.Fault) provider.Answer {
		a := s.Refuse(f)
		return newProvider().Classify(3, &provider.Response{Status: a.Status, Header: a.Header.Get, Body: a.Body, Now: now})
	}
	for _, f := range s.Throttles() {
		f.Throttle, f.RetryAfter = true, 9
		a := classify(f)
		require.Equal(t, provider.Throttled, a.Class)
		require.Equal(t, int64(9000), a.WaitMS)
		require.InDelta(t, 100, a.Usage, 0)
	}
	require.Equal(t, provider.Credentials, classify(call.Fault{BadToken: true}).Class)
	require.Equal(t, provider.Transient, classify(call.Fault{}).Class)
	require.False(t, classify(call.Fault{}).Unmapped)
}
