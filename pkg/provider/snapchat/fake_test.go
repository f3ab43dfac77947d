package snapchat_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
	sandbox "github.com/sluicehq/sluice/pkg/provider/snapchat/fake"
)

// The rules of the stand-in, held against requests that are wrong in one place: an
// event's member is replaced, or with null removed.
func TestRulesOfTheSandbox(t *testing.T) {
	t.Parallel()
	const hash = `"5b48ec4e1914e24663c2fe34b93e3e93062530ae5f5c7ea128cfe9a08bdbcc85"`
	info := strings.Repeat(`,""`, 15) + `]`
	bases := map[string]string{
		"web":     `{"event_name":"PURCHASE","event_time":1795251600,"event_id":"e1","action_source":"WEB","event_source_url":"https://shop.example/","user_data":{"em":[` + hash + `]},"custom_data":{"value":1,"currency":"EUR"}}`,
		"app":     `{"event_name":"APP_OPEN","event_time":1795251600,"action_source":"MOBILE_APP","user_data":{"madid":"38400000-8cf0-11bd-b23e-10b96e40000d"},"app_data":{"app_id":"1","advertiser_tracking_enabled":1,"extinfo":["i2"` + info + `}}`,
		"offline": `{"event_name":"SIGN_UP","event_time":1795251600,"action_source":"OFFLINE","user_data":{"ph":` + hash + `}}`,
	}
	for _, c := range []struct{ code, kind, patch string }{
		{"VALID", "web", `{}`}, {"VALID", "app", `{}`}, {"VALID", "offline", `{}`},
		{"4000", "web", `{"event":"x"}`}, {"4001", "web", `{"event_name":null}`}, {"4001", "web", `{"action_source":null}`}, {"4001", "web", `{"action_source":"website"}`},
		{"4002", "web", `{"event_time":null}`}, {"4002", "web", `{"event_time":"1795251600"}`}, {"4002", "web", `{"event_time":1794646799}`}, {"VALID", "web", `{"event_time":1794646805}`},
		{"VALID", "web", `{"event_time":1795251600000}`}, {"4002", "web", `{"event_time":1795251666}`}, {"VALID", "offline", `{"event_time":1792054805}`}, {"4002", "offline", `{"event_time":1792054804}`},
		{"4001", "web", `{"event_source_url":null}`}, {"4000", "web", `{"event_source_url":"shop.example"}`}, {"4000", "web", `{"event_id":7}`}, {"VALID", "web", `{"event_id":null}`},
		{"4006", "web", `{"integration":"sluice"}`}, {"VALID", "web", `{"data_processing_options":["LMU"]}`}, {"4000", "web", `{"data_processing_options":"['LMU']"}`},
		{"VALID", "web", `{"data_processing_options":["LDU"],"data_processing_options_country":1,"data_processing_options_state":1000}`}, {"4000", "web", `{"data_processing_options":["LMU"],"data_processing_options_country":1}`},
		{"4001", "web", `{"data_processing_options_country":1}`}, {"4000", "web", `{"data_processing_options":["LDU"],"data_processing_options_state":7}`},
		{"4001", "web", `{"user_data":null}`}, {"4004", "web", `{"user_data":{}}`}, {"4004", "web", `{"user_data":{"external_id":` + hash + `}}`}, {"4004", "web", `{"user_data":{"client_ip_address":"203.0.113.7"}}`},
		{"VALID", "web", `{"user_data":{"client_ip_address":"203.0.113.7","client_user_agent":"x"}}`}, {"4003", "web", `{"user_data":{"em":"ada@mail.example"}}`}, {"4003", "web", `{"user_data":{"em":["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]}}`},
		{"4000", "web", `{"user_data":{"em":[]}}`}, {"4000", "web", `{"user_data":{"em":[[` + hash + `]]}}`}, {"4000", "web", `{"user_data":{"email":` + hash + `}}`}, {"4000", "web", `{"user_data":{"em":` + hash + `,"db":` + hash + `}}`},
		{"4006", "web", `{"user_data":{"em":` + hash + `,"sc_click_id":"a b"}}`}, {"4006", "web", `{"user_data":{"em":` + hash + `,"client_ip_address":"10.0.0.1"}}`},
		{"4000", "web", `{"user_data":{"madid":"38400000-8cf0-11bd-b23e-10b96e40000d"}}`}, {"4006", "app", `{"user_data":{"madid":"38400000-8CF0-11BD-B23E-10B96E40000D"}}`}, {"4004", "app", `{"user_data":{"idfv":"38400000-8CF0-11BD-B23E-10B96E40000D"}}`},
		{"4001", "app", `{"app_data":null}`}, {"4000", "web", `{"app_data":{"app_id":"1"}}`}, {"4000", "app", `{"app_data":{"app_id":"1","advertiser_tracking_enabled":true,"extinfo":["i2"` + info + `}}`},
		{"4000", "app", `{"app_data":{"app_id":"1","advertiser_tracking_enabled":0,"extinfo":["i2"]}}`}, {"4000", "app", `{"app_data":{"app_id":"1","advertiser_tracking_enabled":0,"extinfo":["x2"` + info + `}}`},
		{"4001", "app", `{"app_data":{"advertiser_tracking_enabled":0,"extinfo":["i2"` + info + `}}`}, {"4001", "app", `{"app_data":{"app_id":"1","extinfo":["i2"` + info + `}}`},
		{"4005", "web", `{"custom_data":null}`}, {"4005", "web", `{"custom_data":{"value":1}}`}, {"4005", "web", `{"custom_data":{"value":1,"currency":"XXX"}}`}, {"4005", "web", `{"custom_data":{"value":-1,"currency":"EUR"}}`},
		{"4000", "web", `{"custom_data":{"value":"1","currency":"EUR"}}`}, {"4000", "offline", `{"custom_data":{}}`}, {"4000", "offline", `{"custom_data":{"plan":"gold"}}`}, {"VALID", "offline", `{"custom_data":{"custom_fields":{"plan":"gold"}}}`},
		{"4000", "offline", `{"custom_data":{"custom_fields":{"plan":{}}}}`}, {"4000", "offline", `{"custom_data":{"num_items":1.5}}`}, {"4000", "offline", `{"custom_data":{"content_ids":"a,b"}}`}, {"4000", "offline", `{"custom_data":{"content_ids":[7]}}`},
		{"VALID", "offline", `{"custom_data":{"contents":[{"id":"a","quantity":"2","item_price":"9.9"},{"id":"b","quantity":2}]}}`}, {"4001", "offline", `{"custom_data":{"contents":[{"quantity":"2"}]}}`},
		{"4000", "offline", `{"custom_data":{"contents":[{"id":"a","price":"2"}]}}`}, {"4000", "offline", `{"custom_data":{"contents":[{"id":"a","item_price":"9,9"}]}}`}, {"4000", "offline", `{"custom_data":{"contents":[{"id":"a","item_price":"-1"}]}}`},
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
		body := `{"data":[` + bases["offline"] + `,` + string(text) + `]}`
		require.Equal(t, c.code, post(t, "/v3/asset/events", "t", body), "%s %s", c.kind, c.patch)
		require.Equal(t, c.code, post(t, "/v3/asset/events/validate", "t", body), "%s %s, checked", c.kind, c.patch)
	}
}

// post gives the first code of an answer that names the second event, else its word
// or status.
func post(t testing.TB, path, token, body string, headers ...string) string {
	t.Helper()
	req := call.Request{
		Method: http.MethodPost, Path: path, Query: url.Values{}, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body), Now: time.UnixMilli(now),
	}
	if token != "" {
		req.Query.Set("access_token", token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	a := sandbox.New(sandbox.Config{}, ledger.New()).Serve(req)
	type problems struct{ Codes []string }
	var e struct {
		Status string
		Event  int
		Errors *problems
		Logs   []struct {
			Event  int
			Errors *problems
		} `json:"event_logs"`
	}
	if json.Unmarshal(a.Body, &e) != nil {
		return strconv.Itoa(a.Status)
	}
	if len(e.Logs) > 0 {
		e.Event, e.Errors = e.Logs[0].Event, e.Logs[0].Errors
	}
	switch {
	case e.Status == "VALID":
		require.Equal(t, http.StatusOK, a.Status)
		return e.Status
	case e.Errors == nil:
		return strconv.Itoa(a.Status)
	case e.Event == 0:
		return "request " + e.Errors.Codes[0]
	}
	require.Equal(t, 2, e.Event, "the second event is the bad one")
	return e.Errors.Codes[0]
}

// And those of a request as a whole.
func TestRequestsOfTheSandbox(t *testing.T) {
	t.Parallel()
	const event = `{"event_name":"LOGIN","event_time":1795251600,"action_source":"OFFLINE","user_data":{"client_ip_address":"203.0.113.7","client_user_agent":"x"}}`
	request := func(data string) string { return `{"data":[` + data + `]}` }
	for name, c := range map[string]struct {
		path, token, body, want string
		headers                 []string
	}{
		"plain":              {"/v3/asset/events", "t", request(event), "VALID", nil},
		"2000":               {"/v3/asset/events", "t", request(strings.Repeat(event+",", 1999) + event), "VALID", nil},
		"2001":               {"/v3/asset/events", "t", request(strings.Repeat(event+",", 2000) + event), "request 4000", nil},
		"none":               {"/v3/asset/events", "t", request(""), "request 4000", nil},
		"no token":           {"/v3/asset/events", "", request(event), "401", nil},
		"a token as header":  {"/v3/asset/events", "", request(event), "401", []string{"Authorization", "Bearer t"}},
		"an older version":   {"/v2/conversion", "t", request(event), "404", nil},
		"another version":    {"/v4/asset/events", "t", request(event), "404", nil},
		"Tealium's path":     {"/v3/conversion", "t", request(event), "404", nil},
		"a path too long":    {"/v3/asset/events/validate/x", "t", request(event), "404", nil},
		"gzip":               {"/v3/asset/events", "t", request(event), "request 4000", []string{"Content-Encoding", "gzip"}},
		"a form":             {"/v3/asset/events", "t", request(event), "request 4000", []string{"Content-Type", "application/x-www-form-urlencoded"}},
		"no JSON":            {"/v3/asset/events", "t", `{"data":[`, "request 4000", nil},
		"an unknown member":  {"/v3/asset/events", "t", strings.Replace(request(event), `{`, `{"pixel":"x",`, 1), "request 4000", nil},
		"a test code":        {"/v3/asset/events", "t", strings.Replace(request(event), `{`, `{"test_event_code":"T1",`, 1), "VALID", nil},
		"an empty test code": {"/v3/asset/events", "t", strings.Replace(request(event), `{`, `{"test_event_code":"",`, 1), "request 4000", nil},
		"too many bytes":     {"/v3/asset/events", "t", strings.Repeat(" ", 1<<20) + request(event), "413", nil},
	} {
		require.Equal(t, c.want, post(t, c.path, c.token, c.body, c.headers...), name)
	}
}
