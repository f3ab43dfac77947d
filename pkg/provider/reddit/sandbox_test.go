package reddit_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/provider"
	sandbox "github.com/sluicehq/sluice/pkg/provider/reddit/fake"
)

const (
	good = `{"event_at":1795251600000,"action_source":"WEBSITE","type":{"tracking_type":"PURCHASE"},"user":{"email":"5b48ec4e1914e24663c2fe34b93e3e93062530ae5f5c7ea128cfe9a08bdbcc85"},"metadata":{"conversion_id":"e1"}}`
	path = "/api/v3/pixels/" + pixel + "/conversion_events"
)

// post hands a body to the stand-in.
func post(t *testing.T, s *sandbox.Service, path, token, body string) provider.Answer {
	t.Helper()
	r := provider.Request{Method: "POST", URL: "https://ads-api.reddit.com" + path, Header: []provider.Header{{Name: "Content-Type", Value: "application/json"}}, Body: []byte(body)}
	return newProvider().Classify(max(strings.Count(body, `"event_at"`), 1), serve(t, s, r, token))
}

func events(list ...string) string { return `{"data":{"events":[` + strings.Join(list, ",") + `]}}` }

// What refuses a request as a whole, and how the provider reads it.
func TestTheSandboxRefusesRequests(t *testing.T) {
	t.Parallel()
	s := strict(sandbox.Config{MaxBody: 4096})
	for name, c := range map[string]struct {
		path, token, body string
		class             provider.Class
		code              string
	}{
		"no token":        {path, "", events(good), provider.Credentials, "401"},
		"another token":   {path, "guess", events(good), provider.Credentials, "401"},
		"no role":         {path, "other", events(good), provider.Credentials, "403"},
		"no pixel":        {"/api/v3/pixels/a2_none/conversion_events", "token", events(good), provider.Configuration, "404"},
		"no such form":    {"/api/v3/pixels/abc/conversion_events", "token", events(good), provider.Configuration, "404"},
		"version 2":       {"/api/v2.0/conversions/events/" + pixel, "token", events(good), provider.Configuration, "404"},
		"too large":       {path, "token", events(good) + strings.Repeat(" ", 5000), provider.Invalid, "413"},
		"no JSON":         {path, "token", `{"data":`, provider.Invalid, "400"},
		"no event":        {path, "token", events(), provider.Invalid, "400"},
		"no data":         {path, "token", `{"events":[` + good + `]}`, provider.Invalid, "400"},
		"unknown member":  {path, "token", `{"data":{"test_mode":true,"events":[` + good + `]}}`, provider.Invalid, "400"},
		"unknown test":    {path, "token", `{"data":{"test_id":"t2_other","events":[` + good + `]}}`, provider.Invalid, "400"},
		"a list":          {path, "token", events(strings.Replace(good, `"email":"5b48ec4e1914e24663c2fe34b93e3e93062530ae5f5c7ea128cfe9a08bdbcc85"`, `"email":["5b48"]`, 1)), provider.Invalid, "400"},
		"a value as text": {path, "token", events(strings.Replace(good, `"conversion_id"`, `"value":"1","conversion_id"`, 1)), provider.Invalid, "400"},
		"a query":         {path + "?test_id=x", "token", events(good), provider.Invalid, "400"},
	} {
		a := post(t, s, c.path, c.token, c.body)
		require.Equal(t, c.class.String(), a.Class.String(), name)
		require.Equal(t, c.code, a.Code, name)
		spec := newProvider().Spec()
		require.NotEmpty(t, spec.Fix(a.Code, a.Subcode), "%s: nobody is told what to do", name)
	}
	require.Zero(t, s.Ledger().Totals().Accepted)
}

// One bad event refuses all, and nobody is named.
func TestTheSandboxTakesAllOrNothing(t *testing.T) {
	t.Parallel()
	with := func(old, text string) string { return strings.Replace(good, old, text, 1) }
	for name, bad := range map[string]string{
		"seconds": with("1795251600000", "1795251600"), "in the future": with("1795251600000", "1795251999000"), "a week old": with("1795251600000", "1794646800000"),
		"no hash": with("5b48ec4e1914e24663c2fe34b93e3e93062530ae5f5c7ea128cfe9a08bdbcc85", "ada@mail.example"), "capitals": with("5b48ec", "5B48EC"),
		"the pixel's name": with("PURCHASE", "Purchase"), "a source": with("WEBSITE", "web"), "custom without a name": with("PURCHASE", "CUSTOM"),
		"a name too many": with(`"PURCHASE"`, `"PURCHASE","custom_event_name":"x"`), "a long name": with(`"PURCHASE"`, `"CUSTOM","custom_event_name":"`+strings.Repeat("x", 65)+`"`),
		"nobody": with(`"email":"5b48ec4e1914e24663c2fe34b93e3e93062530ae5f5c7ea128cfe9a08bdbcc85"`, ``), "the whole cookie": with(`"email"`, `"uuid":"1684189007728.7c73f2de-5c2f-4d2b-8f8e-0a8e21c31b3e","email"`),
		"a hashed address": with(`"email"`, `"ip_address":"5b48ec4e1914e24663c2fe34b93e3e93062530ae5f5c7ea128cfe9a08bdbcc85","email"`),
		"USA":              with(`"email"`, `"data_processing_options":{"modes":["LDU"],"country":"USA"},"email"`),
		"a screen":         with(`"email"`, `"screen_dimensions":{"width":40000,"height":1},"email"`),
		"no currency":      with(`"conversion_id"`, `"value":1,"conversion_id"`), "a negative value": with(`"conversion_id"`, `"currency":"EUR","value":-1,"conversion_id"`),
		"a store's page": strings.Replace(with("WEBSITE", "PHYSICAL_STORE"), `"type"`, `"event_source_url":"https://a.example/","type"`, 1),
	} {
		require.NotEqual(t, good, bad, name)
		bad = strings.Replace(bad, `"e1"`, `"e2"`, 1)
		for _, old := range []bool{false, true} {
			s := strict(sandbox.Config{OldRefusals: old})
			a := post(t, s, path, "token", events(good, bad))
			require.Equal(t, provider.Invalid, a.Class, name)
			require.Empty(t, a.Faults, name)
			require.False(t, a.RestDelivered, name)
			require.Zero(t, s.Ledger().Totals().Accepted, name)
			require.Equal(t, 1, s.Ledger().Totals().Rejected, name)
			require.Len(t, post(t, s, path, "token", events(bad)).Faults, 1, "alone it is the culprit")
		}
	}
}

// A test is shown and not counted; so is a probe, where the destination names a
// test id for it.
func TestTheSandboxCountsNoTests(t *testing.T) {
	t.Parallel()
	s := strict(sandbox.Config{})
	require.Equal(t, provider.Accepted, post(t, s, path, "token", `{"data":{"test_id":"t2_test","events":[`+good+`]}}`).Class)
	at := endpoint(newRoute(t, "PURCHASE", section(`{"probe_test_id":"t2_test"}`)))
	probe, ok := at.Account.Probe(nil, at)
	require.True(t, ok)
	require.Equal(t, provider.Accepted, newProvider().Classify(0, serve(t, s, probe, "token")).Class)
	require.Equal(t, provider.Credentials, newProvider().Classify(0, serve(t, s, probe, "guess")).Class)
	require.Zero(t, s.Ledger().Totals().Accepted)
	require.Equal(t, map[string]int64{"test_events": 2}, s.Stats())
	at = endpoint(newRoute(t, "PURCHASE"))
	_, ok = at.Account.Probe(nil, at)
	require.False(t, ok, "without a test id an event of nobody's would count")
}

// What faults make the stand-in say is what the table of answers knows.
func TestFaultsAreUnderstood(t *testing.T) {
	t.Parallel()
	s := strict(sandbox.Config{})
	for class, f := range map[provider.Class]call.Fault{
		provider.Throttled: {Throttle: true, RetryAfter: 9}, provider.Credentials: {BadToken: true}, provider.Transient: {},
	} {
		a := s.Refuse(f)
		got := newProvider().Classify(3, &provider.Response{Status: a.Status, Header: a.Header.Get, Body: a.Body, Now: now})
		require.Equal(t, class, got.Class)
		require.False(t, got.Unmapped)
		if f.Throttle {
			require.Equal(t, int64(9000), got.WaitMS)
		}
	}
}
