package linkedin_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/linkedin/fake"
)

const digest = "542d240129883c019e106e3b1b2d3f3cb3537c43c425364de8e951d5a3083345"

// sound is an event that the stand-in takes.
const sound = `{"conversion":"urn:lla:llaPartnerConversion:104012","conversionHappenedAt":1795187216000,` +
	`"conversionValue":{"currencyCode":"EUR","amount":"49.9"},"eventId":"e1","user":{"userIds":[{"idType":"SHA256_EMAIL","idValue":"` + digest + `"}]}}`

// send hands a body over as a sender does, with some headers changed.
func send(s *fake.Service, body string, headers ...string) call.Answer {
	req := call.Request{Method: "POST", Path: "/linkedin/rest/conversionEvents", Header: map[string][]string{}, Body: []byte(body), Now: time.UnixMilli(now)}
	for k, v := range map[string]string{
		"Authorization": "Bearer t", "Content-Type": "application/json", "LinkedIn-Version": "202608", "X-Restli-Protocol-Version": "2.0.0", "X-RestLi-Method": "BATCH_CREATE",
	} {
		req.Header.Set(k, v)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return s.Serve(req)
}

func batch(events ...string) string { return `{"elements":[` + strings.Join(events, ",") + `]}` }

// What LinkedIn refuses of an event, or would never find anybody by, the stand-in
// refuses, and names.
func TestTheFakeIsStrict(t *testing.T) {
	t.Parallel()
	s := fake.New(fake.Config{}, ledger.New())
	require.Equal(t, 200, send(s, batch(sound)).Status)
	for name, c := range map[string][]string{
		"unknown member":      {`"eventId"`, `"x":1,"eventId"`, "/x"},
		"no rule":             {`"conversion":"urn:lla:llaPartnerConversion:104012",`, ``, "/conversion"},
		"a bare rule":         {`urn:lla:llaPartnerConversion:104012`, `104012`, "/conversion"},
		"seconds":             {`1795187216000`, `1795187216`, "/conversionHappenedAt"},
		"time as text":        {`1795187216000`, `"1795187216000"`, "/conversionHappenedAt"},
		"amount as number":    {`"49.9"`, `49.9`, "/conversionValue/amount"},
		"an exponent":         {`"49.9"`, `"4e1"`, "/conversionValue/amount"},
		"a negative amount":   {`"49.9"`, `"-1"`, "/conversionValue/amount"},
		"no amount":           {`,"amount":"49.9"`, ``, "/conversionValue/amount"},
		"no currency":         {`"currencyCode":"EUR",`, ``, "/conversionValue/currencyCode"},
		"a currency in words": {`"EUR"`, `"Euro"`, "/conversionValue/currencyCode"},
		"no user":             {`,"user":{"userIds":[{"idType":"SHA256_EMAIL","idValue":"` + digest + `"}]}`, ``, "/user"},
		"no ids":              {`"userIds":[{"idType":"SHA256_EMAIL","idValue":"` + digest + `"}]`, ``, "/user/userIds"},
		"nobody":              {`{"idType":"SHA256_EMAIL","idValue":"` + digest + `"}`, ``, "/user/userIds"},
		"a clear address":     {digest, `ada@mail.example`, "/user/userIds/0/idValue"},
		"upper case":          {digest, strings.ToUpper(digest), "/user/userIds/0/idValue"},
		"hash of nothing":     {digest, `e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`, "/user/userIds/0/idValue"},
		"a phone":             {`SHA256_EMAIL`, `SHA256_PHONE`, "/user/userIds/0/idType"},
		"no UUID":             {`"SHA256_EMAIL","idValue":"` + digest, `"LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID","idValue":"abc`, "/user/userIds/0/idValue"},
		"a private address":   {`"SHA256_EMAIL","idValue":"` + digest, `"PLAINTEXT_IP_ADDRESS","idValue":"10.0.0.1`, "/user/userIds/0/idValue"},
		"one name":            {`]}}`, `],"userInfo":{"firstName":"Ada"}}}`, "/user/userInfo/lastName"},
		"hashed names":        {`]}}`, `],"userInfo":{"hashedFirstName":"` + digest + `","hashedLastName":"` + digest + `"}}}`, "/user/userInfo/hashedFirstName"},
		"external ids":        {`]}}`, `],"externalIds":["a"]}}`, "/user/externalIds"},
	} {
		a := send(s, batch(sound, strings.Replace(sound, c[0], c[1], 1)))
		require.Equal(t, 422, a.Status, name)
		var body struct{ Message string }
		require.NoError(t, json.Unmarshal(a.Body, &body))
		require.Contains(t, body.Message, "Index: 1, ERROR :: "+c[2]+" :: ", name)
		got := newProvider().Classify(2, &provider.Response{Status: a.Status, Body: a.Body, Now: now})
		require.NotEqual(t, provider.Accepted, got.Class)
	}
	newer := strings.Replace(sound, `]}}`, `],"externalIds":["a"]}}`, 1)
	require.Equal(t, 200, send(s, batch(newer), "LinkedIn-Version", "202609").Status)
	require.Equal(t, 422, send(s, batch(sound, sound)).Status, "the same event twice")
}

// Versions, tokens, headers and times, and rules of other accounts and methods.
func TestTheFakesRefusals(t *testing.T) {
	t.Parallel()
	s := fake.New(fake.Config{
		Accounts: map[string]fake.Account{"508001": {Tokens: []string{"t"}}, "508002": {}},
		Rules:    map[string]fake.Rule{"104012": {Account: "508001"}, "104013": {Account: "508001", Method: "INSIGHT_TAG"}, "104014": {Account: "508002"}},
		MaxBody:  4000,
	}, ledger.New())
	rule := func(id string) string { return strings.Replace(sound, "104012", id, 1) }
	at := func(ms string) string {
		return strings.NewReplacer("1795187216000", ms, "\"e1\"", "\"e2\"").Replace(sound)
	}
	for name, c := range map[string]struct {
		body    string
		headers []string
		status  int
		class   provider.Class
		faults  int
	}{
		"sound":             {batch(sound), nil, 200, provider.Accepted, 0},
		"no version":        {batch(sound), []string{"LinkedIn-Version", ""}, 400, provider.Configuration, 0},
		"over":              {batch(sound), []string{"LinkedIn-Version", "202510"}, 426, provider.Configuration, 0},
		"not begun":         {batch(sound), []string{"LinkedIn-Version", "202701"}, 426, provider.Configuration, 0},
		"no token":          {batch(sound), []string{"Authorization", ""}, 401, provider.Credentials, 0},
		"another token":     {batch(sound), []string{"Authorization", "Bearer x"}, 401, provider.Credentials, 0},
		"too old":           {batch(sound, at("1787000000000")), nil, 400, provider.Invalid, 1},
		"in the future":     {batch(at("1795187222000"), sound), nil, 400, provider.Invalid, 1},
		"unknown rule":      {batch(sound, rule("999")), nil, 403, provider.Configuration, 0},
		"another's rule":    {batch(rule("104014")), nil, 403, provider.Configuration, 0},
		"the tag's rule":    {batch(sound, rule("104013")), nil, 400, provider.Configuration, 0},
		"too large":         {batch(strings.Repeat(sound+",", 20) + sound), nil, 413, provider.Invalid, 0},
		"not JSON":          {"x", nil, 400, provider.Invalid, 0},
		"no batch":          {sound, nil, 422, provider.Invalid, 0},
		"form":              {"a=b", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, provider.Configuration, 0},
		"one as one":        {sound, []string{"X-RestLi-Method", ""}, 201, provider.UnknownOutcome, 0}, // two were asked about
		"the path of rules": {batch(sound), []string{"X-Restli-Protocol-Version", "1.0.0"}, 400, provider.Invalid, 0},
	} {
		a := send(s, c.body, c.headers...)
		require.Equal(t, c.status, a.Status, name)
		n := 2
		if name == "sound" {
			n = 1
		}
		got := newProvider().Classify(n, &provider.Response{Status: a.Status, Header: a.Header.Get, Body: a.Body, Now: now})
		require.Equal(t, c.class.String(), got.Class.String(), name)
		require.Len(t, got.Faults, c.faults, name)
	}
}

// Scripted faults have the classes that they stand for.
func TestTheFakesFaults(t *testing.T) {
	t.Parallel()
	s := fake.New(fake.Config{}, ledger.New())
	for want, f := range map[provider.Class]call.Fault{
		provider.Throttled: {Throttle: true, RetryAfter: 9}, provider.Credentials: {BadToken: true}, provider.Transient: {},
	} {
		a := s.Refuse(f)
		got := newProvider().Classify(3, &provider.Response{Status: a.Status, Header: a.Header.Get, Body: a.Body, Now: now})
		require.Equal(t, want, got.Class)
		if f.Throttle {
			require.Equal(t, int64(9000), got.WaitMS)
		}
	}
	require.NoError(t, s.Accounts(json.RawMessage(`{"accounts":{"1":{"tokens":["t"]}},"rules":{"5":{"account":"1"}},"versions":{"202608":"2027-08-15T00:00:00Z"}}`)))
	require.Equal(t, "1", s.Destination(call.OpEvents, &call.Request{Body: []byte(batch(strings.Replace(sound, "104012", "5", 1)))}))
	require.Equal(t, 403, send(s, batch(sound)).Status)
	require.Equal(t, 426, send(s, batch(sound), "LinkedIn-Version", "202609").Status)
	require.Error(t, s.Accounts(json.RawMessage(`{"rules":{"5":{"account":"2"}}}`)))
	require.Error(t, s.Accounts(json.RawMessage(`{"x":1}`)))
}
