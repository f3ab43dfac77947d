package microsoftoffline

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

// scope is what a token is asked for, offline_access so that the answer has the
// next refresh token.
const scope = "https://ads.microsoft.com/msads.manage offline_access"

const (
	// tokenLife is how long an access token lives where the answer does not say.
	tokenLife = hour
	// expiryMargin is how long before its end a token counts as expired, so that
	// none ends on the way.
	expiryMargin = 60 * second
)

// AuthError is a token that could not be had. Its text never holds a secret.
type AuthError struct {
	// Class is Credentials where only another secret helps.
	Class provider.Class
	// Code is the endpoint's own, such as invalid_grant.
	Code    string
	Message string
	// WaitMS is how long the endpoint asked to wait, in milliseconds.
	WaitMS int64
}

// Error implements error.
func (e *AuthError) Error() string {
	text := "getting a token from Microsoft: " + e.Message
	if e.Code != "" {
		text += " (" + e.Code + ")"
	}
	return text
}

// AnswerClass is the class by which a sender treats the failure.
func (e *AuthError) AnswerClass() provider.Class { return e.Class }

// secretFile is what a token is asked for with. A native application has no
// client secret.
type secretFile struct {
	ClientID       string `json:"client_id"`
	ClientSecret   string `json:"client_secret,omitempty"`
	RefreshToken   string `json:"refresh_token"`
	DeveloperToken string `json:"developer_token"`
}

// errSecret says what a secret must look like and never what was found.
var errSecret = errors.New(`reading Microsoft's secret: want a JSON object with "client_id", "client_secret", "refresh_token" and "developer_token"`)

func readSecret(secret provider.Secret) (secretFile, error) {
	var s secretFile
	d := json.NewDecoder(strings.NewReader(secret.Reveal()))
	d.DisallowUnknownFields()
	// The decoder's error may quote what it read: it is not passed on.
	if d.Decode(&s) != nil || d.More() || s.ClientID == "" || s.RefreshToken == "" || !conversion.Visible(s.DeveloperToken) {
		return secretFile{}, errSecret
	}
	return s, nil
}

// Authorize implements provider.Provider. Every exchange answers with another
// refresh token, which is the secret from then on (Authorization.Renewed).
func (Provider) Authorize(ctx context.Context, do provider.Doer, at *provider.Endpoint, secret provider.Secret) (provider.Authorization, error) {
	s, err := readSecret(secret)
	if err != nil {
		return provider.Authorization{}, err
	}
	if do == nil {
		return provider.Authorization{}, errors.New("getting a token from Microsoft: nobody is there to ask")
	}
	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {s.ClientID}, "refresh_token": {s.RefreshToken}, "scope": {scope}}
	if s.ClientSecret != "" {
		form.Set("client_secret", s.ClientSecret)
	}
	r, err := do.Do(ctx, provider.Request{Method: "POST", URL: cmp.Or(at.TokenURL, tokenURL)}, form)
	if err != nil {
		return provider.Authorization{}, fmt.Errorf("asking Microsoft's token endpoint: %w", err)
	}
	return readToken(&r, s)
}

func readToken(r *provider.Response, s secretFile) (provider.Authorization, error) {
	var body struct {
		Token          string  `json:"access_token"`
		Expires        float64 `json:"expires_in"`
		Refresh        string  `json:"refresh_token"`
		RefreshExpires float64 `json:"refresh_token_expires_in"`
		Error          string  `json:"error"`
		Description    string  `json:"error_description"`
	}
	err := reply.JSON(r, &body)
	if r.Status/100 != 2 {
		return provider.Authorization{}, tokenFailure(r, body.Error, body.Description)
	}
	if err != nil || !conversion.Visible(body.Token) {
		return provider.Authorization{}, &AuthError{Class: provider.Transient, Message: "the token endpoint's answer cannot be read"}
	}
	life := lasts(body.Expires, tokenLife)
	a := provider.Authorization{
		Header: []provider.SecretHeader{
			{Name: "Authorization", Value: identity.NewRaw("Bearer " + body.Token)},
			{Name: "DeveloperToken", Value: identity.NewRaw(s.DeveloperToken)},
		},
		Expires: r.Now + max(life-expiryMargin, life/2),
	}
	if body.RefreshExpires > 0 {
		a.SecretEnds = r.Now + lasts(body.RefreshExpires, 0)
	}
	if body.Refresh == "" || body.Refresh == s.RefreshToken {
		return a, nil
	}
	s.RefreshToken = body.Refresh
	renewed, err := json.Marshal(s) //nolint:gosec // G117: the next version of the secret itself, which only secrets' stores get
	if err != nil {
		return provider.Authorization{}, errors.New("getting a token from Microsoft: the new refresh token cannot be written")
	}
	// The identity platform does not revoke a refresh token that was used
	// (learn.microsoft.com/entra/identity-platform/refresh-tokens): it ends 90 days
	// after it was issued.
	a.Renewed, a.OldStays = identity.NewRaw(string(renewed)), true
	return a, nil
}

// lasts gives seconds as milliseconds, two years at most: what is longer is a
// mistake.
func lasts(seconds float64, otherwise int64) int64 {
	if !(seconds > 0) {
		return otherwise
	}
	return int64(min(seconds, 2*365*24*3600) * float64(second))
}

func tokenFailure(r *provider.Response, code, description string) *AuthError {
	e := &AuthError{Class: provider.Credentials, Code: reply.Text(code, 64), Message: reply.Text(description, reply.MaxMessage), WaitMS: reply.RetryAfter(r)}
	switch {
	case r.Status == 429:
		e.Class = provider.Throttled
	case r.Status >= 500 || r.Status == 408 || r.Status < 400 || code == "temporarily_unavailable":
		e.Class = provider.Transient
	}
	e.Message = cmp.Or(e.Message, "the token endpoint refused the request")
	return e
}
