package sandbox_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
	google "github.com/sluicehq/sluice/pkg/provider/google/fake"
)

const googleEvent = `{"destinationReferences":["purchase"],"transactionId":"ORDER-1001","eventTimestamp":"2026-11-20T14:07:01Z","eventSource":"WEB",
	"currency":"EUR","conversionValue":49.9,"adIdentifiers":{"gclid":"EAIaIQobChMI_example"},
	"userData":{"userIdentifiers":[{"emailAddress":"509e933019bb285a134a9334b8bb679dff79d0ce023d529af4bd744d47b4fd8a"},
	{"phoneNumber":"fb4f73a6ec5fdb7077d564cdd22c3554b43ce49168550c3b12c547b78c517b30"},
	{"address":{"givenName":"128a07bfe2df877c52076e60d7774cf5baaa046c5a6c48daf30ff43ecca2f814","familyName":"77762c287e61ce065bee5c15464012c6fbe088398b8057627d5577249430d574","regionCode":"US","postalCode":"94045"}}]},
	"consent":{"adUserData":"CONSENT_GRANTED","adPersonalization":"CONSENT_GRANTED"},
	"cartData":{"merchantId":"555","items":[{"merchantProductId":"SKU-1","quantity":"2","unitPrice":24.95}]}}`

const googleFrame = `{"destinations":[{"reference":"purchase","operatingAccount":{"accountType":"GOOGLE_ADS","accountId":"1234567890"},
	"loginAccount":{"accountType":"GOOGLE_ADS","accountId":"9876543210"},"productDestinationId":"123456789"}],"encoding":"HEX"}`

const gaFrame = `{"destinations":[{"operatingAccount":{"accountType":"GOOGLE_ANALYTICS_PROPERTY","accountId":"123456789"},"productDestinationId":"G-XXXXXXXXXX"}],"encoding":"HEX"}`

const gaEvent = `{"eventName":"purchase","clientId":"1234567890.1690000000","userId":"u-42","eventTimestamp":"2026-11-20T14:07:01Z","transactionId":"ORDER-1001",
	"currency":"EUR","conversionValue":49.9,"additionalEventParameters":[{"parameterName":"session_id","value":"1690000000"}],"cartData":{"items":[{"itemId":"SKU-1","quantity":"2","unitPrice":24.95}]}}`

func googleBody(t testing.TB, frame string, patches ...string) string {
	t.Helper()
	base := googleEvent
	if frame == gaFrame {
		base = gaEvent
	}
	events := make([]any, 0, len(patches))
	for _, p := range patches {
		events = append(events, merge(parse(t, base), parse(t, p)))
	}
	return format(t, merge(parse(t, frame), map[string]any{"events": events}))
}

func details(a answer) (info, request map[string]any, violations []any) {
	e, _ := a.body["error"].(map[string]any)
	list, _ := e["details"].([]any)
	for _, d := range list {
		m := d.(map[string]any)
		switch m["@type"] {
		case "type.googleapis.com/google.rpc.ErrorInfo":
			info = m
		case "type.googleapis.com/google.rpc.RequestInfo":
			request = m
		case "type.googleapis.com/google.rpc.BadRequest":
			violations = m["fieldViolations"].([]any)
		}
	}
	return info, request, violations
}

// googleReason is the first violation as "reason @ field", else the canonical
// status, or the HTTP status of a success.
func googleReason(t *testing.T, a answer) string {
	t.Helper()
	require.NoError(t, a.err)
	e, isError := a.body["error"].(map[string]any)
	if !isError {
		return fmt.Sprint(a.status)
	}
	require.InDelta(t, a.status, e["code"], 0)
	_, _, violations := details(a)
	if len(violations) == 0 {
		return e["status"].(string)
	}
	v := violations[0].(map[string]any)
	reason, _ := v["reason"].(string)
	for _, text := range []string{"Cannot find field", "Invalid value"} {
		if strings.Contains(v["description"].(string), text) && reason == "" {
			reason = text
		}
	}
	return strings.TrimSpace(reason + " @ " + v["field"].(string))
}

func TestGoogleRules(t *testing.T) {
	r := start(t, sandbox.Config{})
	for line, row := range rules(t, "testdata/google_rules.txt") {
		t.Run(fmt.Sprintf("line %d: %s", line, row[0]), func(t *testing.T) {
			body := ""
			switch row[1] {
			case "event":
				body = googleBody(t, googleFrame, row[2])
			case "ga":
				body = googleBody(t, gaFrame, row[2])
			case "request":
				body = format(t, merge(parse(t, googleBody(t, googleFrame, `{}`)), parse(t, row[2])))
			default:
				t.Fatalf("unknown place %q", row[1])
			}
			a := r.google(body)
			require.Equal(t, row[0], googleReason(t, a), a.text)
			if row[0] == "200" {
				require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-9[0-9a-f]{3}-[0-9a-f]{12}$`, a.body["requestId"])
				return
			}
			require.Equal(t, http.StatusBadRequest, a.status)
			require.Equal(t, "INVALID_ARGUMENT", a.body["error"].(map[string]any)["status"])
			if info, request, _ := details(a); info != nil {
				require.Equal(t, "datamanager.googleapis.com", info["domain"])
				require.Regexp(t, `^t-`, request["requestId"])
			}
		})
	}
}

func TestGoogleNamesEveryBadEvent(t *testing.T) {
	r := start(t, sandbox.Config{})
	a := r.google(googleBody(t, googleFrame, `{}`, `{"transactionId":"B","currency":"x"}`, `{"transactionId":"C"}`, `{"transactionId":"D","eventSource":null}`))
	_, _, violations := details(a)
	require.Len(t, violations, 2)
	require.Equal(t, "events.events[1].currency", violations[0].(map[string]any)["field"])
	require.Equal(t, "events.events[3].event_source", violations[1].(map[string]any)["field"])
	got := r.box.Report().Providers["google"]
	require.Zero(t, got.Accepted)
	require.Equal(t, 2, got.Rejected)
}

func TestGoogleBase64(t *testing.T) {
	r := start(t, sandbox.Config{})
	frame := strings.Replace(googleFrame, `"HEX"`, `"BASE64"`, 1)
	ok := `{"userData":{"userIdentifiers":[{"emailAddress":"UJ6TMBm7KFoTSpM0uLtnnf950M4CPVKa9L10TUe0/Yo="}]}}`
	require.Equal(t, "200", googleReason(t, r.google(googleBody(t, frame, ok))))
	for _, bad := range []string{"UJ6TMBm7KFoTSpM0uLtnnf950M4CPVKa9L10TUe0_Yo=", "UJ6TMBm7KFoTSpM0uLtnnf950M4CPVKa9L10TUe0/Yo", "not base64"} {
		patch := `{"userData":{"userIdentifiers":[{"emailAddress":"` + bad + `"}]}}`
		require.Equal(t, "INVALID_BASE64_ENCODING @ events.events[0].user_data.user_identifiers[0].email_address", googleReason(t, r.google(googleBody(t, frame, patch))))
	}
	patch := `{"userData":{"userIdentifiers":[{"emailAddress":"509e933019bb285a134a9334b8bb679dff79d0ce023d529af4bd744d47b4fd8a"}]}}`
	require.Equal(t, "INVALID_SHA256_FORMAT @ events.events[0].user_data.user_identifiers[0].email_address", googleReason(t, r.google(googleBody(t, frame, patch))), "hex is also base64, of another length")
}

func TestGoogleWarnings(t *testing.T) {
	r := start(t, sandbox.Config{Fakes: []call.Fake{google.New(google.Config{CustomVariables: []string{"plan"}}, ledger.New())}})
	a := r.google(googleBody(t, googleFrame, `{"adIdentifiers":{"gbraid":"x"},"customVariables":[{"variable":"other","value":"v"}],"cartData":{"items":[{"quantity":"1"}]},"eventLocation":{"regionCode":"Germany"}}`))
	require.Equal(t, 200, a.status, a.text)
	var got []string
	for _, w := range a.body["fieldWarnings"].([]any) {
		m := w.(map[string]any)
		got = append(got, m["reason"].(string)+" @ "+m["field"].(string))
	}
	require.Equal(t, []string{
		"WARNING_REASON_CART_DATA_NOT_SUPPORTED_WITH_GBRAID_OR_WBRAID @ events.events[0].cart_data",
		"WARNING_REASON_CART_DATA_ITEM_MERCHANT_PRODUCT_ID_MISSING @ events.events[0].cart_data.items[0].merchant_product_id",
		"WARNING_REASON_CART_DATA_ITEM_UNIT_PRICE_MISSING @ events.events[0].cart_data.items[0].unit_price",
		"WARNING_REASON_CUSTOM_VARIABLE_NOT_PREDEFINED @ events.events[0].custom_variables[0].variable",
		"WARNING_REASON_INVALID_REGION_CODE @ events.events[0].event_location.region_code",
	}, got)
}

func TestGoogleActions(t *testing.T) {
	r := start(t, sandbox.Config{Fakes: []call.Fake{google.New(google.Config{Customers: map[string]google.Customer{
		"1234567890": {Managers: []string{"9876543210"}, Actions: map[string]string{"1": google.Webpage, "2": google.UploadClicks, "3": "AD_CALL", "4": google.StoreSales}},
		"2222222222": {TermsNotSigned: true, Actions: map[string]string{"1": google.Webpage}},
	}}, ledger.New())}})
	send := func(customer, login, action, patch string) string {
		frame := strings.NewReplacer("1234567890", customer, "9876543210", login, "123456789\"", action+"\"").Replace(googleFrame)
		return googleReason(t, r.google(googleBody(t, frame, patch)))
	}
	target, event := "destinations[0].product_destination_id", "events.events[0]"
	require.Equal(t, "200", send("1234567890", "9876543210", "1", `{}`))
	require.Equal(t, "200", send("1234567890", "9876543210", "1", `{"eventSource":null}`))
	require.Equal(t, "REQUIRED_FIELD_MISSING @ "+event+".transaction_id", send("1234567890", "9876543210", "1", `{"transactionId":null}`))
	require.Equal(t, "EVENT_SOURCE_AND_DESTINATION_MISMATCH @ "+event+".event_source", send("1234567890", "9876543210", "1", `{"eventSource":"PHONE"}`))
	require.Equal(t, "200", send("1234567890", "9876543210", "2", `{"transactionId":null}`))
	require.Equal(t, "REQUIRED_FIELD_MISSING @ "+event+".event_source", send("1234567890", "9876543210", "2", `{"eventSource":null}`))
	require.Equal(t, "INVALID_CONVERSION_ACTION_TYPE @ "+target, send("1234567890", "9876543210", "3", `{}`))
	require.Equal(t, "INVALID_CONVERSION_ACTION_ID @ "+target, send("1234567890", "9876543210", "9", `{}`))
	require.Equal(t, "ACCOUNT_INELIGIBLE_FOR_STORE_SALES @ destinations[0].operating_account", send("1234567890", "9876543210", "4", `{"eventSource":"IN_STORE"}`))
	require.Equal(t, "OPERATING_ACCOUNT_LOGIN_ACCOUNT_MISMATCH @ destinations[0].login_account", send("1234567890", "5555555555", "1", `{}`))
	require.Equal(t, "DESTINATION_ACCOUNT_ENHANCED_CONVERSIONS_TERMS_NOT_SIGNED @ destinations[0].operating_account", send("2222222222", "2222222222", "1", `{}`))
	require.Equal(t, "PERMISSION_DENIED", send("3333333333", "9876543210", "1", `{}`))
}

func TestGoogleRequests(t *testing.T) {
	r := start(t, sandbox.Config{Fakes: []call.Fake{google.New(google.Config{QuotaPerMinute: 8, Projects: []string{"acme"}}, ledger.New())}})
	body := googleBody(t, googleFrame, `{}`)
	for _, c := range []struct {
		want    string
		headers []string
	}{
		{"200", nil},
		{"200", []string{"X-Goog-User-Project", "acme"}},
		{"PERMISSION_DENIED", []string{"X-Goog-User-Project", "other"}},
		{"UNAUTHENTICATED", []string{"Authorization", ""}},
		{"UNAUTHENTICATED", []string{"Authorization", "Basic abc"}},
		{"INVALID_ARGUMENT", []string{"Content-Encoding", "gzip"}},
		{"INVALID_ARGUMENT", []string{"Content-Type", "text/plain"}},
	} {
		require.Equal(t, c.want, googleReason(t, r.google(body, c.headers...)), c.headers)
	}
	require.Equal(t, "INVALID_ARGUMENT", googleReason(t, r.google(`{"events":`)))
	two := strings.TrimSuffix(strings.Repeat(`{},`, 2001), ",")
	require.Equal(t, "TOO_MANY_EVENTS @ events.events", googleReason(t, r.google(strings.Replace(body, `"events":[`, `"events":[`+two+`,`, 1))))
	require.Equal(t, "NOT_FOUND", googleReason(t, r.do(http.MethodPost, r.urls["google"]+"/v1/audienceMembers:ingest", body)))
	for range 3 {
		require.Equal(t, "200", googleReason(t, r.google(body)))
	}
	a := r.google(body)
	require.Equal(t, http.StatusTooManyRequests, a.status)
	require.Equal(t, "60", a.header.Get("Retry-After"))
	info, _, _ := details(a)
	require.Equal(t, "RATE_LIMIT_EXCEEDED", info["reason"])
	r.clock.Add(time.Minute)
	require.Equal(t, "200", googleReason(t, r.google(body)))
}

func TestGoogleStatus(t *testing.T) {
	r := start(t, sandbox.Config{})
	r.box.ScriptVerdicts(call.Verdict{Destination: "1234567890/123456789", Reason: "CLICK_NOT_FOUND", PerMille: 500})
	ask := func(id string) answer {
		return r.do(http.MethodGet, r.urls["google"]+"/v1/requestStatus:retrieve?requestId="+id, "")
	}
	patches := make([]string, 0, 100)
	for i := range 100 {
		patches = append(patches, fmt.Sprintf(`{"transactionId":"T-%d"}`, i))
	}
	patches = append(patches, `{"transactionId":"denied","consent":{"adUserData":"CONSENT_DENIED"}}`)
	id := r.google(googleBody(t, googleFrame, patches...)).body["requestId"].(string)

	entry := ask(id).body["requestStatusPerDestination"].([]any)[0].(map[string]any)
	require.Equal(t, "PROCESSING", entry["requestStatus"])
	require.NotContains(t, entry, "errorInfo")
	r.clock.Add(30 * time.Minute)
	entry = ask(id).body["requestStatusPerDestination"].([]any)[0].(map[string]any)
	require.Equal(t, "PARTIAL_SUCCESS", entry["requestStatus"])
	require.Equal(t, map[string]any{"recordCount": "101"}, entry["eventsIngestionStatus"])
	require.Equal(t, "123456789", entry["destination"].(map[string]any)["productDestinationId"])
	reasons := map[string]string{}
	for _, c := range entry["errorInfo"].(map[string]any)["errorCounts"].([]any) {
		m := c.(map[string]any)
		reasons[m["reason"].(string)] = m["recordCount"].(string)
	}
	require.Len(t, reasons, 2)
	require.Contains(t, reasons, "PROCESSING_ERROR_REASON_CLICK_NOT_FOUND")
	require.Equal(t, "1", reasons["PROCESSING_ERROR_REASON_DENIED_CONSENT"])

	only := r.google(strings.Replace(googleBody(t, googleFrame, `{}`), `"encoding"`, `"validateOnly":true,"encoding"`, 1)).body["requestId"].(string)
	for _, unknown := range []string{only, "t-1", ""} {
		require.Equal(t, "INVALID_REQUEST_ID @ request_id", googleReason(t, ask(unknown)))
	}
}

func TestGoogleDuplicates(t *testing.T) {
	r := start(t, sandbox.Config{})
	for _, patch := range []string{
		`{}`,                       // first
		`{}`,                       // the same again: duplicate
		`{"conversionValue":20.0}`, // adjustment
		`{"conversionValue":20.0}`, // the adjustment again: duplicate of the same id
		`{"transactionId":"B"}`,    // another
	} {
		require.Equal(t, 200, r.google(googleBody(t, googleFrame, patch)).status)
	}
	got := r.box.Report().Providers["google"]
	require.Equal(t, 2, got.Accepted)
	require.Equal(t, 1, got.Duplicates)
	require.Equal(t, 2, got.Repeats)
	require.Equal(t, 1, got.Adjustments)
	require.Equal(t, 4, r.box.Event("google", "1234567890", "123456789", "ORDER-1001").Accepted)
}

func sign(t *testing.T, key *rsa.PrivateKey, claims string) string {
	t.Helper()
	enc := base64.RawURLEncoding.EncodeToString
	text := enc([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + enc([]byte(claims))
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	require.NoError(t, err)
	return text + "." + enc(signature)
}

func TestGoogleTokens(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	r := start(t, sandbox.Config{Fakes: []call.Fake{google.New(google.Config{
		ServiceAccounts: map[string]*rsa.PublicKey{"bot@acme.example": &key.PublicKey},
		Clients:         map[string]google.Client{"client": {Secret: "s", RefreshTokens: []string{"good"}}},
	}, ledger.New())}})
	post := func(form url.Values) answer {
		return r.do(http.MethodPost, r.urls["google_token"], form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Authorization", "")
	}
	now := r.clock.Now().Unix()
	claims := func(patch string) string {
		base := fmt.Sprintf(`{"iss":"bot@acme.example","scope":"%s","aud":"%s","iat":%d,"exp":%d}`, google.Scope, r.urls["google_token"], now-10, now+3590)
		return format(t, merge(parse(t, base), parse(t, patch)))
	}
	jwt := func(key *rsa.PrivateKey, patch string) answer {
		return post(url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {sign(t, key, claims(patch))}})
	}
	refresh := func(secret, token string) answer {
		return post(url.Values{"grant_type": {"refresh_token"}, "client_id": {"client"}, "client_secret": {secret}, "refresh_token": {token}})
	}
	for name, c := range map[string]struct {
		got    answer
		status int
		want   string
	}{
		"another key":      {jwt(other, `{}`), 400, "invalid_grant"},
		"another audience": {jwt(key, `{"aud":"https://example.com/token"}`), 400, "invalid_grant"},
		"unknown account":  {jwt(key, `{"iss":"eve@acme.example"}`), 400, "invalid_grant"},
		"expired":          {jwt(key, fmt.Sprintf(`{"iat":%d,"exp":%d}`, now-4000, now-400)), 400, "invalid_grant"},
		"two hours":        {jwt(key, fmt.Sprintf(`{"exp":%d}`, now+7200)), 400, "invalid_grant"},
		"from the future":  {jwt(key, fmt.Sprintf(`{"iat":%d,"exp":%d}`, now+600, now+1200)), 400, "invalid_grant"},
		"no scope":         {jwt(key, `{"scope":""}`), 400, "invalid_scope"},
		"not a JWT":        {post(url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {"x"}}), 400, "invalid_grant"},
		"other grant":      {post(url.Values{"grant_type": {"password"}}), 400, "unsupported_grant_type"},
		"wrong secret":     {refresh("x", "good"), 401, "invalid_client"},
		"revoked":          {refresh("s", "old"), 400, "invalid_grant"},
		"no refresh token": {refresh("s", ""), 400, "invalid_request"},
	} {
		require.Equal(t, c.status, c.got.status, name)
		require.Equal(t, c.want, c.got.body["error"], name)
	}

	token := func(a answer) string {
		require.Equal(t, 200, a.status, a.text)
		require.Equal(t, "Bearer", a.body["token_type"])
		return "Bearer " + a.body["access_token"].(string)
	}
	body := googleBody(t, googleFrame, `{}`)
	service, user, ads := token(jwt(key, `{}`)), token(refresh("s", "good")), token(jwt(key, `{"scope":"https://www.googleapis.com/auth/adwords"}`))
	require.Equal(t, 200, r.google(body, "Authorization", service).status)
	require.Equal(t, 200, r.google(body, "Authorization", user).status)
	require.Equal(t, 401, r.google(body, "Authorization", "Bearer made-up").status)
	info, _, _ := details(r.google(body, "Authorization", ads))
	require.Equal(t, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", info["reason"])
	r.clock.Add(time.Hour)
	require.Equal(t, 401, r.google(body, "Authorization", service).status, "expired")
	fresh := token(refresh("s", "good"))
	require.Equal(t, 200, r.google(body, "Authorization", fresh).status)
	r.box.RevokeTokens()
	require.Equal(t, 401, r.google(body, "Authorization", fresh).status, "revoked")
	for _, e := range r.exchanges() {
		require.Empty(t, e.Header.Get("Authorization"))
		if e.Operation == sandbox.OpToken {
			require.Empty(t, e.Body+e.Response)
		}
	}
}

func TestGoogleProcessing(t *testing.T) {
	r := start(t, sandbox.Config{Fakes: []call.Fake{google.New(google.Config{DefaultConsent: "CONSENT_STATUS_UNSPECIFIED"}, ledger.New())}})
	for _, c := range []struct{ patch, status, reason string }{
		{`{}`, "SUCCESS", ""},
		{`{"consent":null}`, "FAILED", "UNKNOWN_CONSENT"},
		{`{"consent":{"adUserData":"CONSENT_DENIED"}}`, "FAILED", "DENIED_CONSENT"},
		{`{"eventTimestamp":"2026-08-01T00:00:00Z"}`, "FAILED", "EVENT_TOO_OLD"},
		{`{"transactionId":null,"eventSource":"PHONE"}`, "SUCCESS", ""},
		{`{"transactionId":null,"eventSource":"PHONE"}`, "FAILED", "DUPLICATE_GCLID"},
	} {
		id, ok := r.google(googleBody(t, googleFrame, c.patch)).body["requestId"].(string)
		require.True(t, ok, c.patch)
		r.clock.Add(31 * time.Minute)
		a := r.do(http.MethodGet, r.urls["google"]+"/v1/requestStatus:retrieve?requestId="+id, "")
		require.Contains(t, a.text, `"requestStatus":"`+c.status+`"`, c.patch)
		if c.reason != "" {
			require.Contains(t, a.text, `"PROCESSING_ERROR_REASON_`+c.reason+`"`, c.patch)
		}
	}
	// consent of the request stands in for an event without its own
	frame := strings.Replace(googleFrame, `"encoding"`, `"consent":{"adUserData":"CONSENT_GRANTED"},"encoding"`, 1)
	id := r.google(googleBody(t, frame, `{"consent":null,"transactionId":"R"}`)).body["requestId"].(string)
	r.clock.Add(31 * time.Minute)
	require.Contains(t, r.do(http.MethodGet, r.urls["google"]+"/v1/requestStatus:retrieve?requestId="+id, "").text, "SUCCESS")
}

func TestGoogleEncryption(t *testing.T) {
	r := start(t, sandbox.Config{})
	key := `{"encryptionInfo":{"gcpWrappedKeyInfo":{"keyType":"XCHACHA20_POLY1305","wipProvider":"w","kekUri":"k","encryptedDek":"d"}}}`
	body := parse(t, googleBody(t, googleFrame, `{"userData":{"userIdentifiers":[{"emailAddress":"00ff"}]}}`))
	require.Equal(t, "200", googleReason(t, r.google(format(t, merge(body, parse(t, key))))), "the length of an encrypted value is not known")
	require.Equal(t, "REQUIRED_FIELD_MISSING @ encryption_info.aws_wrapped_key_info.kek_uri",
		googleReason(t, r.google(format(t, merge(body, parse(t, `{"encryptionInfo":{"awsWrappedKeyInfo":{"keyType":"XCHACHA20_POLY1305","roleArn":"r","encryptedDek":"d"}}}`))))))
	require.Equal(t, "INVALID_ARGUMENT @ encryption_info", googleReason(t, r.google(format(t, merge(body, parse(t, `{"encryptionInfo":{}}`))))))
}
