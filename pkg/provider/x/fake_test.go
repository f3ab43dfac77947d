package x_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/x/fake"
)

const digest = "542d240129883c019e106e3b1b2d3f3cb3537c43c425364de8e951d5a3083345"

// sound is a conversion that the stand-in takes.
const sound = `{"conversion_time":"2026-11-20T15:06:56.000Z","event_id":"ol288","identifiers":[{"hashed_email":"` + digest + `"},{"ip_address":"203.0.113.7","user_agent":"Mozilla/5.0"}],` +
	`"value":"49.90","price_currency":"EUR","number_items":1,"conversion_id":"T-1","contents":[{"content_id":"sku-1","content_price":49.9,"num_items":1}],"event_source_url":"https://shop.example/thanks"}`

func send(s *fake.Service, pixel, token, body string) call.Answer {
	req := call.Request{Method: "POST", Path: "/x/12/measurement/conversions/" + pixel, Header: map[string][]string{"Content-Type": {"application/json"}}, Body: []byte(body), Now: time.UnixMilli(now)}
	if token != "" {
		req.Header.Set("X-Pixel-Token", token)
	}
	return s.Serve(req)
}

func batch(conversions ...string) string {
	return `{"conversions":[` + strings.Join(conversions, ",") + `]}`
}

// What X refuses of a conversion, or would never find anybody by, the stand-in
// refuses, all of the request with it.
func TestTheFakeIsStrict(t *testing.T) {
	t.Parallel()
	s := fake.New(fake.Config{}, ledger.New())
	require.Equal(t, 200, send(s, "o8z6j", "t", batch(sound)).Status)
	other := strings.Replace(sound, `"T-1"`, `"T-2"`, 1)
	for name, c := range map[string][2]string{
		"unknown member":        {`"value"`, `"x":1,"value"`},
		"no event":              {`"event_id":"ol288",`, ``},
		"an event of words":     {`"ol288"`, `"Purchase now"`},
		"no time":               {`"conversion_time":"2026-11-20T15:06:56.000Z",`, ``},
		"seconds":               {`"2026-11-20T15:06:56.000Z"`, `1795187216`},
		"too old":               {`2026-11-20`, `2026-11-10`},
		"in the future":         {`2026-11-20`, `2026-11-21`},
		"nobody":                {`{"hashed_email":"` + digest + `"},`, ``},
		"nothing":               {`[{"hashed_email":"` + digest + `"},{"ip_address":"203.0.113.7","user_agent":"Mozilla/5.0"}]`, `[]`},
		"two in one object":     {`{"hashed_email":"` + digest + `"}`, `{"hashed_email":"` + digest + `","twclid":"abc"}`},
		"address and agent":     {`"203.0.113.7","user_agent"`, `"203.0.113.7"},{"user_agent"`},
		"a clear address":       {digest, `ada@mail.example`},
		"upper case":            {digest, strings.ToUpper(digest)},
		"hash of nothing":       {digest, `e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`},
		"IPv6":                  {`203.0.113.7`, `2001:db8::7`},
		"a private address":     {`203.0.113.7`, `10.0.0.1`},
		"value as number":       {`"49.90"`, `49.9`},
		"value of one place":    {`"49.90"`, `"49.9"`},
		"no currency":           {`"price_currency":"EUR",`, ``},
		"a currency in words":   {`"EUR"`, `"Euro"`},
		"no items":              {`"number_items":1`, `"number_items":0`},
		"a negative price":      {`"content_price":49.9`, `"content_price":-1`},
		"an e-mail in the URL":  {`/thanks`, `/thanks?e=ada@mail.example`},
		"a fragment in the URL": {`/thanks`, `/thanks#x`},
	} {
		a := send(s, "o8z6j", "t", batch(other, strings.Replace(sound, c[0], c[1], 1)))
		require.Equal(t, 400, a.Status, name)
		got := newProvider().Classify(2, &provider.Response{Status: a.Status, Body: a.Body, Now: now})
		require.Contains(t, []provider.Class{provider.Invalid, provider.Configuration}, got.Class, name)
		require.Empty(t, got.Faults, "%s: X does not say whose error it is", name)
	}
	require.Equal(t, 400, send(s, "o8z6j", "t", batch(sound, sound)).Status, "the same conversion twice")
}

func TestTheFakesRefusals(t *testing.T) {
	t.Parallel()
	s := fake.New(fake.Config{}, ledger.New())
	require.NoError(t, s.Accounts(json.RawMessage(`{"pixels":{"o8z6j":{"tokens":["t"],"events":["ol288"],"account":"18ce"},"other":{"tokens":["u"]},"lockd":{"tokens":["t"],"locked":true}}}`)))
	many := make([]string, 501)
	for i := range many {
		many[i] = sound
	}
	for name, c := range map[string]struct {
		pixel, token, body string
		status             int
		class              provider.Class
	}{
		"sound":               {"o8z6j", "t", batch(sound), 200, provider.Accepted},
		"the long form":       {"o8z6j", "t", batch(strings.Replace(sound, "ol288", "tw-o8z6j-ol288", 1)), 200, provider.Accepted},
		"no token":            {"o8z6j", "", batch(sound), 401, provider.Credentials},
		"unknown token":       {"o8z6j", "x", batch(sound), 401, provider.Credentials},
		"another's token":     {"o8z6j", "u", batch(sound), 403, provider.Configuration},
		"unknown pixel":       {"abcde", "t", batch(sound), 404, provider.Configuration},
		"locked":              {"lockd", "t", batch(sound), 403, provider.Configuration},
		"unknown event":       {"o8z6j", "t", batch(strings.Replace(sound, "ol288", "ol289", 1)), 404, provider.Configuration},
		"another pixel's":     {"o8z6j", "t", batch(strings.Replace(sound, "ol288", "tw-other-ol288", 1)), 404, provider.Configuration},
		"no conversions":      {"o8z6j", "t", `{"conversions":[]}`, 400, provider.Invalid},
		"too many":            {"o8z6j", "t", batch(many...), 400, provider.Invalid},
		"not JSON":            {"o8z6j", "t", "x", 400, provider.Invalid},
		"a member beside":     {"o8z6j", "t", `{"conversions":[` + sound + `],"test":true}`, 400, provider.Invalid},
		"a path of no pixel":  {"O8", "t", batch(sound), 404, provider.Configuration},
		"what was registered": {"other", "u", batch(sound), 404, provider.Configuration},
	} {
		a := send(s, c.pixel, c.token, c.body)
		require.Equal(t, c.status, a.Status, name)
		got := newProvider().Classify(1, &provider.Response{Status: a.Status, Header: a.Header.Get, Body: a.Body, Now: now})
		require.Equal(t, c.class.String(), got.Class.String(), name)
	}
	require.Error(t, s.Accounts(json.RawMessage(`{"pixels":{"No pixel":{}}}`)))
	require.Error(t, s.Accounts(json.RawMessage(`{"x":1}`)))
}

// Scripted faults have the classes that they stand for.
func TestTheFakesFaults(t *testing.T) {
	t.Parallel()
	s := fake.New(fake.Config{Warning: "version 12 ends"}, ledger.New())
	for want, f := range map[provider.Class]call.Fault{
		provider.Throttled: {Throttle: true, RetryAfter: 9}, provider.Credentials: {BadToken: true}, provider.Transient: {},
	} {
		a := s.Refuse(f)
		got := newProvider().Classify(3, &provider.Response{Status: a.Status, Header: a.Header.Get, Body: a.Body, Now: now})
		require.Equal(t, want, got.Class)
		if f.Throttle {
			require.Equal(t, int64(9000), got.WaitMS)
			require.InDelta(t, 100, got.Usage, 0)
		}
	}
	a := send(s, "o8z6j", "t", batch(sound))
	got := newProvider().Classify(1, &provider.Response{Status: a.Status, Header: a.Header.Get, Body: a.Body, Now: now})
	require.Equal(t, provider.AcceptedWithWarnings, got.Class)
}
