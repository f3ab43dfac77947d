package google

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
)

// scope is the one that the ingestion methods want; a token for the Google Ads
// API does not do.
const scope = "https://www.googleapis.com/auth/datamanager"

const (
	jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	// lifetime of an assertion, in seconds: the most that Google takes.
	lifetime = 3600
	// clockSkew makes an assertion older than it is, because a token endpoint
	// whose clock is behind refuses one from the future.
	clockSkew = 10
	// expiryMargin is how long before its end a token counts as expired, so
	// that none ends on the way. Milliseconds.
	expiryMargin = 60_000
)

// AuthError is a token that could not be had. Its text never holds a secret.
type AuthError struct {
	// Class is Credentials where only another secret helps, else what the
	// token endpoint's answer means.
	Class provider.Class
	// Code is the endpoint's own, such as invalid_grant.
	Code    string
	Message string
	// WaitMS is how long the endpoint asked to wait.
	WaitMS int64
}

// Error implements error.
func (e *AuthError) Error() string {
	text := "getting a token from Google: " + e.Message
	if e.Code != "" {
		text += " (" + e.Code + ")"
	}
	return text
}

// AnswerClass is the class by which a sender treats the failure.
func (e *AuthError) AnswerClass() provider.Class { return e.Class }

// secretFile is what the console hands out, in either form.
type secretFile struct {
	Type        string `json:"type"`
	ClientEmail string `json:"client_email"`
	PrivateKey  string `json:"private_key"`
	KeyID       string `json:"private_key_id"`

	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	RefreshToken string `json:"refresh_token"`
	QuotaProject string `json:"quota_project"`
}

// Authorize exchanges a service account's key or a refresh token for an access
// token. The token address is the installation's, never the file's: a secret
// file must not decide where secrets go. Errors of the endpoint and of the
// secret itself are *AuthError; others are those of the Doer.
func (p *Provider) Authorize(ctx context.Context, do provider.Doer, t *provider.Endpoint, secret provider.Secret) (provider.Authorization, error) {
	var file secretFile
	if err := json.Unmarshal([]byte(secret.Reveal()), &file); err != nil {
		return provider.Authorization{}, unusable("the secret is not a JSON object")
	}
	to := cmp.Or(t.TokenURL, tokenURL)
	var form url.Values
	switch {
	case file.RefreshToken != "":
		if file.ClientID == "" || file.ClientSecret == "" {
			return provider.Authorization{}, unusable("client_id and client_secret are needed beside refresh_token")
		}
		form = url.Values{
			"grant_type": {"refresh_token"}, "client_id": {file.ClientID},
			"client_secret": {file.ClientSecret}, "refresh_token": {file.RefreshToken},
		}
	case file.PrivateKey != "":
		assertion, err := p.assertion(&file, to)
		if err != nil {
			return provider.Authorization{}, err
		}
		form = url.Values{"grant_type": {jwtBearer}, "assertion": {assertion}}
	default:
		return provider.Authorization{}, unusable("the secret is neither a service account key nor has it client_id, client_secret and refresh_token")
	}
	r, err := do.Do(ctx, provider.Request{Method: "POST", URL: to}, form)
	if err != nil {
		return provider.Authorization{}, fmt.Errorf("asking Google's token endpoint: %w", err)
	}
	return p.readToken(&r, t, &file)
}

func unusable(why string) error {
	return &AuthError{Class: provider.Credentials, Code: "secret", Message: why}
}

// assertion signs a service account's claim to a token (RFC 7523, RS256).
func (p *Provider) assertion(file *secretFile, audience string) (string, error) {
	if file.ClientEmail == "" {
		return "", unusable("client_email is missing beside private_key")
	}
	if p.now == nil {
		return "", errors.New("signing an assertion for Google: the provider was made without a clock")
	}
	key, err := parseKey(file.PrivateKey)
	if err != nil {
		return "", err
	}
	header, err := json.Marshal(struct {
		Alg string `json:"alg"`
		Typ string `json:"typ"`
		Kid string `json:"kid,omitempty"`
	}{"RS256", "JWT", file.KeyID})
	if err != nil {
		return "", fmt.Errorf("encoding an assertion for Google: %w", err)
	}
	issued := p.now()/1000 - clockSkew
	claims, err := json.Marshal(struct {
		Iss   string `json:"iss"`
		Scope string `json:"scope"`
		Aud   string `json:"aud"`
		Iat   int64  `json:"iat"`
		Exp   int64  `json:"exp"`
	}{file.ClientEmail, scope, audience, issued, issued + lifetime})
	if err != nil {
		return "", fmt.Errorf("encoding an assertion for Google: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode(header) + "." + encode(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", unusable("the private key cannot sign")
	}
	return signed + "." + encode(signature), nil
}

// parseKey reads PKCS #8, which Google hands out, and PKCS #1. The errors of
// the parsers are left out: they may quote what they read.
func parseKey(text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, unusable("private_key is not PEM")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, unusable("private_key cannot be read")
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, unusable("private_key is not an RSA key")
	}
	return key, nil
}

type tokenBody struct {
	Token       string          `json:"access_token"`
	ExpiresIn   json.Number     `json:"expires_in"`
	Code        json.RawMessage `json:"error"`
	Description string          `json:"error_description"`
}

func (p *Provider) readToken(r *provider.Response, t *provider.Endpoint, file *secretFile) (provider.Authorization, error) {
	var body tokenBody
	err := json.Unmarshal(r.Body, &body)
	if r.Status/100 != 2 {
		return provider.Authorization{}, tokenFailure(r, &body)
	}
	if err != nil && !lenient(err) || r.Truncated || body.Token == "" {
		return provider.Authorization{}, &AuthError{Class: provider.Transient, Message: "the token endpoint's answer cannot be read"}
	}
	now := r.Now
	if now == 0 && p.now != nil {
		now = p.now()
	}
	seconds, err := body.ExpiresIn.Int64()
	if err != nil || seconds <= 0 {
		seconds = lifetime
	}
	auth := provider.Authorization{
		Header:  []provider.SecretHeader{{Name: "Authorization", Value: identity.NewRaw("Bearer " + body.Token)}},
		Expires: now + max(seconds*1000-expiryMargin, seconds*500),
	}
	// The destination's own quota project is a header of the request already.
	if projectForm.MatchString(file.QuotaProject) && quotaProject(t.Account) == "" {
		auth.Header = append(auth.Header, provider.SecretHeader{Name: quotaHeader, Value: identity.NewRaw(file.QuotaProject)})
	}
	return auth, nil
}

func tokenFailure(r *provider.Response, body *tokenBody) *AuthError {
	var code string
	if json.Unmarshal(body.Code, &code) != nil {
		code = ""
	}
	e := &AuthError{Class: provider.Transient, Code: safeCode(code), Message: identity.Redact(body.Description), WaitMS: waitOf(r, "")}
	row, known := reasonNamed(code)
	switch {
	case r.Status == 429:
		e.Class = provider.Throttled
	case r.Status >= 500 || r.Status == 408:
	case known:
		e.Class = row.class.provider()
	case r.Status >= 400:
		e.Class = provider.Credentials
	}
	e.Message = cmp.Or(e.Message, row.meaning, "the token endpoint refused the request")
	return e
}
