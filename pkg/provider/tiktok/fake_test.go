package tiktok_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
	sandbox "github.com/sluicehq/sluice/pkg/provider/tiktok/fake"
)

// The rules of the stand-in, held against requests that are wrong in one place: an
// event's member is replaced, or with null removed.
func TestRulesOfTheSandbox(t *testing.T) {
	t.Parallel()
	const hash = `"5b48ec4e1914e24663c2fe34b93e3e93062530ae5f5c7ea128cfe9a08bdbcc85"`
	bases := map[string]string{
		"web":     `{"event":"Purchase","event_time":1795251600,"event_id":"e1","user":{"email":[` + hash + `],"ip":"203.0.113.7"},"page":{"url":"https://shop.example/"},"properties":{"value":1,"currency":"EUR"}}`,
		"app":     `{"event":"Purchase","event_time":1795251600,"user":{"idfa":"38400000-8CF0-11BD-B23E-10B96E40000D"},"app":{"app_id":"com.acme"}}`,
		"offline": `{"event":"Purchase","event_time":1795251600,"user":{"phone":` + hash + `}}`,
		"crm":     `{"event":"Lead qualified","event_time":1795251600,"event_id":"e1","lead":{"lead_id":"7000000000000000001"}}`,
	}
	for _, c := range []struct{ code, kind, patch string }{
		{"0", "web", `{}`}, {"0", "app", `{}`}, {"0", "offline", `{}`}, {"0", "crm", `{}`},
		{"40002", "web", `{"event_name":"Purchase"}`}, {"40002", "web", `{"event":null}`}, {"40002", "web", `{"event":" Purchase"}`},
		{"40002", "web", `{"event_time":null}`}, {"40002", "web", `{"event_time":"1795251600"}`}, {"40002", "web", `{"event_time":1794646799}`},
		{"0", "web", `{"event_time":1794646805}`}, {"0", "offline", `{"event_time":1792832405}`}, {"40002", "offline", `{"event_time":1792832404}`},
		{"40002", "web", `{"event_time":1795251666}`}, {"40002", "web", `{"event_time":1795251600000}`}, {"0", "web", `{"event_id":null}`},
		{"40002", "web", `{"event_id":7}`}, {"40002", "app", `{"event_id":"e1"}`}, {"40002", "offline", `{"event":"My event"}`}, {"0", "web", `{"event":"My event"}`},
		{"40002", "web", `{"user":null}`}, {"40002", "web", `{"user":{}}`}, {"40062", "web", `{"user":{"email":"ada@mail.example"}}`},
		{"40062", "web", `{"user":{"email":["` + strings.ToUpper(hash[1:])[:64] + `"]}}`}, {"40062", "web", `{"user":{"email":["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]}}`},
		{"40002", "web", `{"user":{"email":[]}}`}, {"40062", "web", `{"user":{"first_name":"ada"}}`}, {"40002", "web", `{"user":{"first_name":[` + hash + `]}}`},
		{"40002", "web", `{"user":{"city":"San Francisco"}}`}, {"0", "web", `{"user":{"city":"münchen","state":"ca","country":"us"}}`}, {"40002", "web", `{"user":{"country":"usa"}}`},
		{"40002", "web", `{"user":{"city":` + hash + `}}`}, {"40002", "web", `{"user":{"ip":"10.0.0.1"}}`}, {"40002", "web", `{"user":{"ttclid":"a b"}}`},
		{"40002", "web", `{"user":{"idfa":"38400000-8CF0-11BD-B23E-10B96E40000D"}}`}, {"40002", "app", `{"user":{"idfa":"38400000-8cf0-11bd-b23e-10b96e40000d"}}`},
		{"0", "app", `{"user":{"gaid":"38400000-8cf0-11bd-b23e-10b96e40000d","att_status":"DENIED","locale":"de-DE"}}`}, {"40002", "app", `{"user":{"att_status":"NO"}}`},
		{"40002", "app", `{"user":{"external_id":[` + hash + `]}}`}, {"40002", "offline", `{"user":{"ip":"203.0.113.7"}}`}, {"40002", "web", `{"page":null}`},
		{"40002", "web", `{"page":{"url":"shop.example"}}`}, {"40002", "web", `{"page":{"url":"https://a.example/","title":"x"}}`}, {"40002", "app", `{"app":null}`},
		{"40002", "app", `{"app":{"app_id":""}}`}, {"40002", "crm", `{"lead":null}`}, {"40002", "web", `{"lead":{"lead_id":"1"}}`}, {"0", "web", `{"limited_data_use":true}`},
		{"40002", "web", `{"limited_data_use":true,"user":{"email":` + hash + `}}`}, {"40002", "offline", `{"limited_data_use":true}`}, {"40002", "web", `{"limited_data_use":1}`},
		{"40002", "web", `{"properties":{}}`}, {"40002", "web", `{"properties":{"value":"1","currency":"EUR"}}`}, {"40002", "web", `{"properties":{"value":-1,"currency":"EUR"}}`},
		{"40002", "web", `{"properties":{"value":1e2,"currency":"EUR"}}`}, {"40002", "web", `{"properties":{"value":1}}`}, {"40002", "web", `{"properties":{"currency":"BGN"}}`},
		{"40002", "web", `{"properties":{"contents":[{"content_id":7}]}}`}, {"40002", "web", `{"properties":{"contents":[{"quantity":1}]}}`}, {"0", "web", `{"properties":{"contents":[{"content_id":"7"}]}}`},
		{"40002", "web", `{"properties":{"contents":[{"content_id":"7","price":1}]}}`}, {"40002", "web", `{"properties":{"contents_ids":["7"]}}`}, {"40002", "web", `{"properties":{"content_type":"hotel"}}`},
		{"40002", "web", `{"properties":{"num_items":1.5}}`}, {"40002", "web", `{"ad":{"campaign":"x"}}`}, {"0", "web", `{"ad":{"campaign_id":"x","attributed":true}}`},
	} {
		var event, patch map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(bases[c.kind]), &event))
		require.NoError(t, json.Unmarshal([]byte(c.patch), &patch))
		for k, v := range patch {
			if event[k] = v; string(v) == "null" {
				delete(event, k)
			}
		}
		text, err := json.Marshal(event)
		require.NoError(t, err)
		got := post(t, sandbox.New(sandbox.Config{}, ledger.New()), `{"event_source":"`+c.kind+`","event_source_id":"C1","data":[`+string(text)+`]}`, "Access-Token", "t")
		require.Equal(t, c.code, got, "%s %s", c.kind, c.patch)
	}
}

// post gives the code of an answer, or its HTTP status where it is none of the
// service's.
func post(t testing.TB, s *sandbox.Service, body string, headers ...string) string {
	t.Helper()
	req := call.Request{Method: http.MethodPost, Path: "/open_api/v1.3/event/track/", Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body), Now: time.UnixMilli(now)}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	a := s.Serve(req)
	var e struct{ Code *int }
	if json.Unmarshal(a.Body, &e) != nil {
		return strconv.Itoa(a.Status)
	}
	require.Equal(t, http.StatusOK, a.Status)
	return strconv.Itoa(*e.Code)
}

// And those of a request as a whole.
func TestRequestsOfTheSandbox(t *testing.T) {
	t.Parallel()
	const event = `{"event":"Contact","event_time":1795251600,"user":{"ttp":"x"},"page":{"url":"https://shop.example/"}}`
	request := func(data string) string {
		return `{"event_source":"web","event_source_id":"C1","data":[` + data + `]}`
	}
	for name, c := range map[string]struct {
		body, code string
		headers    []string
	}{
		"plain":               {request(event), "0", nil},
		"1000":                {request(strings.Repeat(event+",", 999) + event), "0", nil},
		"1001":                {request(strings.Repeat(event+",", 1000) + event), "40061", nil},
		"none":                {request(""), "40061", nil},
		"no token":            {request(event), "40104", []string{"Access-Token", ""}},
		"a token with Bearer": {request(event), "40105", []string{"Access-Token", "Bearer t"}},
		"gzip":                {request(event), "40002", []string{"Content-Encoding", "gzip"}},
		"a form":              {request(event), "40002", []string{"Content-Type", "application/x-www-form-urlencoded"}},
		"no JSON":             {`{"data":[`, "40002", nil},
		"a member twice":      {`{"event_source":"web","event_source":"web"}`, "40002", nil},
		"an unknown member":   {strings.Replace(request(event), `{`, `{"pixel_code":"C1",`, 1), "40002", nil},
		"an unknown partner":  {strings.Replace(request(event), `{`, `{"partner_name":"Sluice",`, 1), "40063", nil},
		"an unknown kind":     {strings.Replace(request(event), `"web"`, `"pixel"`, 1), "40002", nil},
		"a test code":         {strings.Replace(request(event), `{`, `{"test_event_code":"TEST1",`, 1), "0", nil},
		"an empty test code":  {strings.Replace(request(event), `{`, `{"test_event_code":"",`, 1), "40002", nil},
		"too many bytes":      {strings.Repeat(" ", 1<<20) + request(event), "413", nil},
	} {
		headers := append([]string{"Access-Token", "t"}, c.headers...)
		require.Equal(t, c.code, post(t, sandbox.New(sandbox.Config{}, ledger.New()), c.body, headers...), name)
	}
}
