package sandbox_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	google "github.com/sluicehq/sluice/pkg/provider/google/fake"
)

const accounts = `{
	"meta": {"datasets": {"1234567890": {"tokens": ["token-1"]}, "222": {"tokens": ["token-2"], "app_secret": "s", "require_proof": true, "not_linked": true}}, "refuse_empty_hash": true},
	"google": {"customers": {"1234567890": {"managers": ["9876543210"], "actions": {"123456789": "WEBPAGE", "5": "AD_CALL"}}}, "tokens": ["token-1"],
		"clients": {"client": {"secret": "s", "refresh_tokens": ["good"]}}, "service_accounts": {"bot@acme.example": KEY},
		"projects": ["acme"], "processing_time": "1s", "token_lifetime": "10m", "default_consent": "CONSENT_DENIED", "custom_variables": ["plan"], "quota_per_minute": 300, "quota_per_day": 100000},
	"webhook": {"endpoints": {"hooks.acme.example/in": ["whsec_c2x1aWNlIHNhbmRib3gga2V5LCBub3QgYSBzZWNyZXQ="]}}}`

func TestAccountsOfAFile(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	require.NoError(t, err)
	text := strings.Replace(accounts, "KEY", strconv.Quote(string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))), 1)
	cfg, err := sandbox.ReadAccounts([]byte(text))
	require.NoError(t, err)
	r := start(t, cfg)

	require.Equal(t, "200", metaReason(t, r.meta(metaBody(metaBases["crm"]))))
	require.Equal(t, "190", metaReason(t, r.meta(metaBody(metaBases["crm"]), "Authorization", "Bearer other")))
	require.Equal(t, "104", metaReason(t, r.do(http.MethodPost, r.urls["meta"]+"/v25.0/222/events", metaBody(metaBases["crm"]), "Authorization", "Bearer token-2")))

	require.Equal(t, "200", googleReason(t, r.google(googleBody(t, googleFrame, `{}`))))
	require.Equal(t, "INVALID_CONVERSION_ACTION_TYPE @ destinations[0].product_destination_id",
		googleReason(t, r.google(strings.Replace(googleBody(t, googleFrame, `{}`), `"123456789"`, `"5"`, 1))))
	require.Equal(t, "PERMISSION_DENIED", googleReason(t, r.google(googleBody(t, googleFrame, `{}`), "X-Goog-User-Project", "other")))
	id := r.google(googleBody(t, googleFrame, `{"consent":null}`)).body["requestId"].(string)
	r.clock.Add(time.Second)
	require.Contains(t, r.do(http.MethodGet, r.urls["google"]+"/v1/requestStatus:retrieve?requestId="+id, "").text, "DENIED_CONSENT")

	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {"client"}, "client_secret": {"s"}, "refresh_token": {"good"}}
	a := r.do(http.MethodPost, r.urls["google_token"], form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	require.InDelta(t, 599, a.body["expires_in"], 0)
	claims := `{"iss":"bot@acme.example","scope":"` + google.Scope + `","aud":"` + r.urls["google_token"] + `","iat":` + strconv.FormatInt(r.clock.Now().Unix(), 10) +
		`,"exp":` + strconv.FormatInt(r.clock.Now().Unix()+600, 10) + `}`
	form = url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {sign(t, key, claims)}}
	require.Equal(t, 200, r.do(http.MethodPost, r.urls["google_token"], form.Encode(), "Content-Type", "application/x-www-form-urlencoded").status)

	require.Equal(t, 404, r.do(http.MethodPost, r.urls["webhook"]+"/hooks.acme.example/other", `{}`).status)
}

func TestAccountsThatCannotBeRead(t *testing.T) {
	for text, want := range map[string]string{
		`{"meta":{"dataset":{}}}`:               "unknown field",
		`{`:                                     "unexpected end of JSON",
		`{"nobody":{}}`:                         `unknown field "nobody"`,
		`{"google":{"processing_time":"soon"}}`: "duration",
		`{"google":{"default_consent":"GRANTED"}}`:                                                   "default_consent",
		`{"google":{"service_accounts":{"a@b.example":"no key"}}}`:                                   "RSA public key",
		`{"google":{"service_accounts":{"a@b.example":"-----BEGIN X-----\nAA==\n-----END X-----"}}}`: "RSA public key",
	} {
		_, err := sandbox.ReadAccounts([]byte(text))
		require.ErrorContains(t, err, want, text)
	}
	cfg, err := sandbox.ReadAccounts([]byte(`{}`))
	require.NoError(t, err)
	require.Equal(t, sandbox.Config{}, cfg, "nothing said, everything open")
}
