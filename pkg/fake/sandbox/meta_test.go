package sandbox_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
	meta "github.com/sluicehq/sluice/pkg/provider/meta/fake"
)

const (
	emHash = `62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f`
	phHash = `e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176`
)

var metaBases = map[string]string{
	"website": `{"event_name":"Purchase","event_time":1795262000,"event_id":"order-1001","action_source":"website",
		"event_source_url":"https://shop.example.com/thank-you","user_data":{"em":["` + emHash + `"],"ph":["` + phHash + `"],
		"client_ip_address":"2001:db8:85a3::8a2e:370:7334","client_user_agent":"Mozilla/5.0","fbc":"fb.1.1554763741205.AbCdEf","fbp":"fb.1.1596403881668.1116446470"},
		"custom_data":{"currency":"USD","value":142.52,"order_id":"1001","content_type":"product","contents":[{"id":"sku1","quantity":2,"item_price":71.26}]}}`,
	"app": `{"event_name":"AddToCart","event_time":1795262000,"event_id":"a1","action_source":"app","user_data":{"madid":"38400000-8cf0-11bd-b23e-10b96e40000d"},
		"app_data":{"advertiser_tracking_enabled":1,"application_tracking_enabled":1,"extinfo":["a2","com.example","1.0","1.0.1","14","Pixel","en_US","","","1080","2400","2","8","128","64","Europe/Berlin"]}}`,
	"store":     `{"event_name":"Purchase","event_time":1795262000,"action_source":"physical_store","event_id":"pos-77-1","user_data":{"ph":["` + phHash + `"]},"custom_data":{"currency":"EUR","value":20,"order_id":"77","item_number":"1"}}`,
	"crm":       `{"event_name":"Lead qualified","event_time":1795262000,"action_source":"system_generated","user_data":{"lead_id":1234567890123456},"custom_data":{"lead_event_source":"MyCRM","event_source":"crm"}}`,
	"messenger": `{"event_name":"LeadSubmitted","event_time":1795262000,"action_source":"business_messaging","messaging_channel":"messenger","user_data":{"page_id":"1","page_scoped_user_id":"2"}}`,
	"whatsapp":  `{"event_name":"LeadSubmitted","event_time":1795262000,"action_source":"business_messaging","messaging_channel":"whatsapp","user_data":{"whatsapp_business_account_id":"1","ctwa_clid":"ARA"}}`,
	"instagram": `{"event_name":"LeadSubmitted","event_time":1795262000,"action_source":"business_messaging","messaging_channel":"instagram","user_data":{"ig_account_id":"1","ig_sid":"2"}}`,
}

func metaBody(events ...string) string { return `{"data":[` + strings.Join(events, ",") + `]}` }

// metaReason is code/subcode of an error envelope, or the status of a success.
func metaReason(t *testing.T, a answer) string {
	t.Helper()
	require.NoError(t, a.err)
	e, isError := a.body["error"].(map[string]any)
	if !isError {
		return fmt.Sprint(a.status)
	}
	require.NotEmpty(t, e["fbtrace_id"])
	require.NotEmpty(t, e["message"])
	require.Contains(t, []any{"OAuthException", "GraphMethodException"}, e["type"])
	require.Contains(t, e, "is_transient")
	if sub, ok := e["error_subcode"]; ok {
		return fmt.Sprintf("%.0f/%.0f", e["code"], sub)
	}
	return fmt.Sprintf("%.0f", e["code"])
}

func TestMetaRules(t *testing.T) {
	r := start(t, sandbox.Config{})
	for line, row := range rules(t, "testdata/meta_rules.txt") {
		t.Run(fmt.Sprintf("line %d: %s %s", line, row[1], row[0]), func(t *testing.T) {
			base, known := metaBases[row[1]]
			require.True(t, known)
			event := format(t, merge(parse(t, base), parse(t, row[2])))
			a := r.meta(metaBody(event))
			require.Equal(t, row[0], metaReason(t, a), "%s\n%s", row[2], a.text)
			if row[0] == "200" {
				require.InDelta(t, 1, a.body["events_received"], 0)
				require.Equal(t, []any{}, a.body["messages"])
				return
			}
			require.Equal(t, http.StatusBadRequest, a.status)
			if e := a.body["error"].(map[string]any); strings.Contains(row[0], "/") {
				require.NotEmpty(t, e["error_user_title"])
				require.NotEmpty(t, e["error_user_msg"])
			}
			// the same event refuses its whole batch
			batch := metaBody(metaBases["website"], event)
			require.Equal(t, row[0], metaReason(t, r.meta(batch)))
		})
	}
}

func TestMetaRequests(t *testing.T) {
	event := metaBases["website"]
	many := metaBody(strings.TrimSuffix(strings.Repeat(metaBases["crm"]+",", 1001), ","))
	form := url.Values{"data": {"[" + event + "]"}, "access_token": {"t"}}.Encode()
	for name, c := range map[string]struct {
		path, body, want string
		status           int
		headers          []string
	}{
		"plain":                {"/v25.0/1234567890/events", metaBody(event), "200", 200, nil},
		"expired version":      {"/v20.0/1234567890/events", metaBody(event), "2500", 400, nil},
		"future version":       {"/v99.0/1234567890/events", metaBody(event), "2500", 400, nil},
		"no version":           {"/1234567890/events", metaBody(event), "2500", 400, nil},
		"other edge":           {"/v25.0/1234567890/stats", metaBody(event), "2500", 400, nil},
		"alias":                {"/v25.0/my-pixel/events", metaBody(event), "803", 404, nil},
		"no token":             {"/v25.0/1234567890/events", metaBody(event), "190", 400, []string{"Authorization", ""}},
		"token in the query":   {"/v25.0/1234567890/events?access_token=t", metaBody(event), "200", 200, []string{"Authorization", ""}},
		"form":                 {"/v25.0/1234567890/events", form, "200", 200, []string{"Authorization", "", "Content-Type", "application/x-www-form-urlencoded"}},
		"empty data":           {"/v25.0/1234567890/events", `{"data":[]}`, "100", 400, nil},
		"no data":              {"/v25.0/1234567890/events", `{}`, "100", 400, nil},
		"data is an object":    {"/v25.0/1234567890/events", `{"data":` + event + `}`, "100", 400, nil},
		"1001 events":          {"/v25.0/1234567890/events", many, "100", 400, nil},
		"gzip":                 {"/v25.0/1234567890/events", metaBody(event), "100", 400, []string{"Content-Encoding", "gzip"}},
		"text":                 {"/v25.0/1234567890/events", metaBody(event), "100", 400, []string{"Content-Type", "text/plain"}},
		"not JSON":             {"/v25.0/1234567890/events", `{"data":[`, "100", 400, nil},
		"repeated member":      {"/v25.0/1234567890/events", `{"data":[],"data":[` + event + `]}`, "100", 400, nil},
		"unknown top-level":    {"/v25.0/1234567890/events", `{"data":[` + event + `],"test":1}`, "100", 400, nil},
		"exponent":             {"/v25.0/1234567890/events", strings.Replace(metaBody(event), "142.52", "1.4252e2", 1), "100", 400, nil},
		"partner agent":        {"/v25.0/1234567890/events", `{"data":[` + event + `],"partner_agent":"acme-1.0"}`, "200", 200, nil},
		"partner agent long":   {"/v25.0/1234567890/events", `{"data":[` + event + `],"partner_agent":"acme-conversion-sender-1"}`, "100", 400, nil},
		"partner agent digits": {"/v25.0/1234567890/events", `{"data":[` + event + `],"partner_agent":"a1.0"}`, "100", 400, nil},
		"test code":            {"/v25.0/1234567890/events", `{"data":[` + event + `],"test_event_code":"TEST1"}`, "200", 200, nil},
		"too large":            {"/v25.0/1234567890/events", `{"data":["` + strings.Repeat("x", 1<<20) + `"]}`, "1/99", 413, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, sandbox.Config{})
			a := r.do(http.MethodPost, r.urls["meta"]+c.path, c.body, c.headers...)
			require.Equal(t, c.want, metaReason(t, a), a.text)
			require.Equal(t, c.status, a.status)
			if c.status == 200 {
				require.Contains(t, a.header.Get("X-Business-Use-Case-Usage"), `"call_count":1`)
				require.NotEmpty(t, a.header.Get("X-Fb-Trace-Id"))
			}
		})
	}
}

func TestMetaAccounts(t *testing.T) {
	r := start(t, sandbox.Config{Fakes: []call.Fake{meta.New(meta.Config{Datasets: map[string]meta.Dataset{
		"1234567890": {Tokens: []string{"token-1"}, AppSecret: "secret"},
		"222":        {Tokens: []string{"token-2"}, AppSecret: "secret", RequireProof: true, NotLinked: true},
	}}, ledger.New())}})
	proof := func(token string) string {
		mac := hmac.New(sha256.New, []byte("secret"))
		mac.Write([]byte(token))
		return hex.EncodeToString(mac.Sum(nil))
	}
	post := func(dataset, token, proof string, event string) string {
		body := metaBody(event)
		if proof != "" {
			body = `{"data":[` + event + `],"appsecret_proof":"` + proof + `"}`
		}
		return metaReason(t, r.do(http.MethodPost, r.urls["meta"]+"/v25.0/"+dataset+"/events", body, "Authorization", "Bearer "+token))
	}
	event := metaBases["website"]
	require.Equal(t, "200", post("1234567890", "token-1", "", event))
	require.Equal(t, "200", post("1234567890", "token-1", proof("token-1"), event))
	require.Equal(t, "100", post("1234567890", "token-1", proof("token-2"), event))
	require.Equal(t, "190", post("1234567890", "unknown", "", event))
	require.Equal(t, "100/33", post("1234567890", "token-2", "", event), "a token of another dataset")
	require.Equal(t, "100/33", post("333", "token-1", "", event), "a dataset that does not exist")
	require.Equal(t, "104", post("222", "token-2", "", event))
	require.Equal(t, "200", post("222", "token-2", proof("token-2"), event))
	require.Equal(t, "100/2804132", post("222", "token-2", proof("token-2"), metaBases["whatsapp"]))
	for _, e := range r.exchanges() {
		require.Empty(t, e.Header.Get("Authorization"))
		require.NotContains(t, e.Body, "appsecret_proof")
	}
}

func TestMetaRecord(t *testing.T) {
	r := start(t, sandbox.Config{})
	good, bad := metaBases["store"], format(t, merge(parse(t, metaBases["website"]), parse(t, `{"user_data":{"em":"raw"}}`)))
	require.Equal(t, "100/2804016", metaReason(t, r.meta(metaBody(good, bad))))
	require.Zero(t, r.box.Report().Providers["meta"].Accepted, "nothing of a refused request is stored")
	require.Equal(t, 1, r.box.Event("meta", "1234567890", "Purchase", "order-1001").Refused)
	require.Zero(t, r.box.Event("meta", "1234567890", "Purchase", "pos-77-1").Refused, "only the culprit was refused")

	require.Equal(t, 200, r.meta(metaBody(good)).status)
	require.Equal(t, 200, r.meta(metaBody(good, metaBases["crm"])).status)
	got := r.box.Report().Providers["meta"]
	require.Equal(t, 2, got.Accepted)
	require.Equal(t, 1, got.Rejected)
	require.Equal(t, 1, got.Duplicates)
	require.Equal(t, 3, got.Requests)
	require.Equal(t, map[string]int{"100/2804016": 1}, got.RefusalReasons)
	require.Equal(t, map[string]int{"1234567890/Purchase": 1, "1234567890/Lead qualified": 1}, got.ByDestination)
	require.Equal(t, 2, r.box.Event("meta", "1234567890", "Purchase", "pos-77-1").Accepted)

	r.box.Reset()
	require.Zero(t, r.box.Report().Providers["meta"].Requests)
}

func TestMetaEmptyHash(t *testing.T) {
	event := format(t, merge(parse(t, metaBases["website"]), parse(t, `{"user_data":{"em":["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]}}`)))
	r := start(t, sandbox.Config{})
	require.Equal(t, "200", metaReason(t, r.meta(metaBody(event))))
	require.EqualValues(t, 1, r.box.Report().Providers["meta"].Stats["empty_hashes"])
	strict := start(t, sandbox.Config{Fakes: []call.Fake{meta.New(meta.Config{RefuseEmptyHash: true}, ledger.New())}})
	require.Equal(t, "100/2804016", metaReason(t, strict.meta(metaBody(event))))
}

func TestMetaForms(t *testing.T) {
	r := start(t, sandbox.Config{})
	multipart := "--b\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n[" + metaBases["store"] + "]\r\n--b--\r\n"
	require.Equal(t, "200", metaReason(t, r.meta(multipart, "Content-Type", "multipart/form-data; boundary=b")))
	list := url.Values{"data[]": {metaBases["crm"], metaBases["messenger"]}}.Encode()
	a := r.meta(list, "Content-Type", "application/x-www-form-urlencoded")
	require.InDelta(t, 2, a.body["events_received"], 0, a.text)
	for _, bad := range []string{"data=%5B", "data[]=x", "data=%zz"} {
		require.Equal(t, "100", metaReason(t, r.meta(bad, "Content-Type", "application/x-www-form-urlencoded")))
	}
	require.Equal(t, "100", metaReason(t, r.meta("--b\r\n", "Content-Type", "multipart/form-data; boundary=b")))
}
