package linkedin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
	"github.com/sluicehq/sluice/pkg/provider/reply"
)

// secretFile is either a token to be used as it is, or what one is asked for
// with.
type secretFile struct {
	AccessToken string `json:"access_token"`

	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	RefreshToken string `json:"refresh_token"`
}

// errSecret says what a secret must look like and never what was found.
var errSecret = errors.New(`reading LinkedIn's secret: want a JSON object with "access_token", or with "client_id", "client_secret" and "refresh_token"`)

const (
	// tokenLife is how long an access token of OAuth lives where the answer does
	// not say, in seconds: 60 days.
	tokenLife = 60 * 24 * 3600
	// expiryMargin is how long before its end a token counts as expired, so that
	// none ends on the way. Milliseconds.
	expiryMargin = 300 * second
)

// AuthError is a token that could not be had. Its text never holds a secret.
type AuthError struct {
	// Class is Credentials where only another secret helps.
	Class provider.Class
	// Code is the endpoint's own, such as invalid_request.
	Code    string
	Message string
	// WaitMS is how long the endpoint asked to wait.
	WaitMS int64
}

// Error implements error.
func (e *AuthError) Error() string {
	text := "getting a token from LinkedIn: " + e.Message
	if e.Code != "" {
		text += " (" + e.Code + ")"
	}
	return text
}

// AnswerClass is the class by which a sender treats the failure.
func (e *AuthError) AnswerClass() provider.Class { return e.Class }

// Authorize implements provider.Provider. A token of Signals Manager (Direct API)
// is used as it is and does not end. A refresh token gives access tokens of 60
// days; it ends a year after the member's consent, whatever it is used for, and
// the answer says when.
func (p *Provider) Authorize(ctx context.Context, do provider.Doer, at *provider.Endpoint, secret provider.Secret) (provider.Authorization, error) {
	var s secretFile
	d := json.NewDecoder(strings.NewReader(secret.Reveal()))
	d.DisallowUnknownFields()
	// The decoder's error may quote what it read: it is not passed on.
	if err := d.Decode(&s); err != nil {
		return provider.Authorization{}, errSecret
	}
	switch {
	case conversion.Visible(s.AccessToken) && s.RefreshToken == "" && s.ClientID == "" && s.ClientSecret == "":
		return provider.Authorization{Header: bearer(s.AccessToken)}, nil
	case s.AccessToken != "" || s.RefreshToken == "" || s.ClientID == "" || s.ClientSecret == "" || do == nil:
		return provider.Authorization{}, errSecret
	}
	form := url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {s.RefreshToken}, "client_id": {s.ClientID}, "client_secret": {s.ClientSecret},
	}
	r, err := do.Do(ctx, provider.Request{Method: "POST", URL: cmp.Or(at.TokenURL, tokenURL)}, form)
	if err != nil {
		return provider.Authorization{}, fmt.Errorf("asking LinkedIn's token endpoint: %w", err)
	}
	return readToken(&r)
}

func bearer(token string) []provider.SecretHeader {
	return []provider.SecretHeader{{Name: "Authorization", Value: identity.NewRaw("Bearer " + token)}}
}

func readToken(r *provider.Response) (provider.Authorization, error) {
	var body struct {
		Token          string  `json:"access_token"`
		Expires        float64 `json:"expires_in"`
		RefreshExpires float64 `json:"refresh_token_expires_in"`
		Error          string  `json:"error"`
		Description    string  `json:"error_description"`
	}
	err := json.Unmarshal(r.Body, &body)
	if r.Status/100 != 2 {
		return provider.Authorization{}, tokenFailure(r, body.Error, body.Description)
	}
	if err != nil || r.Truncated || !conversion.Visible(body.Token) {
		return provider.Authorization{}, &AuthError{Class: provider.Transient, Message: "the token endpoint's answer cannot be read"}
	}
	a := provider.Authorization{Header: bearer(body.Token), Expires: r.Now + max(lasts(body.Expires, tokenLife)-expiryMargin, second)}
	if body.RefreshExpires > 0 {
		a.SecretEnds = r.Now + lasts(body.RefreshExpires, 0)
	}
	return a, nil
}

// lasts gives seconds as milliseconds, two years at most: what is longer is a
// mistake.
func lasts(seconds float64, otherwise int64) int64 {
	if !(seconds > 0) {
		return otherwise * second
	}
	return int64(min(seconds, 2*365*24*3600)) * second
}

func tokenFailure(r *provider.Response, code, description string) *AuthError {
	e := &AuthError{Class: provider.Credentials, Code: reply.Text(code, longestPath), Message: reply.Text(description, reply.MaxMessage), WaitMS: reply.RetryAfter(r)}
	switch {
	case r.Status == 429:
		e.Class = provider.Throttled
	case r.Status >= 500 || r.Status == 408 || r.Status < 400:
		e.Class = provider.Transient
	}
	e.Message = cmp.Or(e.Message, "the token endpoint refused the request")
	return e
}
