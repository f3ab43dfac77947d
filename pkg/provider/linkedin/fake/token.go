package fake

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
)

// TokenPath implements call.TokenService.
func (s *Service) TokenPath() string { return tokenPath }

// RevokeTokens implements call.TokenService: every issued access token ends.
func (s *Service) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for token, g := range s.tokens {
		g.expires = time.Time{}
		s.tokens[token] = g
	}
}

type oauthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// InvalidGrant is the refusal of a refresh token that ended or was revoked.
func (s *Service) InvalidGrant() call.Answer {
	return s.answer(http.StatusBadRequest, oauthError{"invalid_request", "The provided authorization grant or refresh token is invalid, expired or revoked."})
}

// exchange gives an access token for a refresh token, which stays the same and
// whose end does not move.
func (s *Service) exchange(req call.Request) call.Answer {
	form, err := url.ParseQuery(string(req.Body))
	media, _, _ := strings.Cut(req.Header.Get("Content-Type"), ";")
	if req.Method != http.MethodPost || err != nil || media != "application/x-www-form-urlencoded" {
		return s.answer(http.StatusBadRequest, oauthError{"invalid_request", "The body must be a form."})
	}
	refresh := form.Get("refresh_token")
	switch {
	case form.Get("grant_type") != "refresh_token":
		return s.answer(http.StatusBadRequest, oauthError{"unsupported_grant_type", "Only refresh_token is known here."})
	case refresh == "":
		return s.answer(http.StatusBadRequest, oauthError{"invalid_request", "A required parameter \"refresh_token\" is missing"})
	case form.Get("client_id") == "" || form.Get("client_secret") == "":
		return s.answer(http.StatusUnauthorized, oauthError{"invalid_client", "Client authentication failed"})
	}
	account := ""
	if len(s.cfg.Accounts) > 0 {
		for id, a := range s.cfg.Accounts {
			if slices.Contains(a.RefreshTokens, refresh) {
				account = id
			}
		}
		if account == "" {
			return s.InvalidGrant()
		}
	}
	token := "AQX" + s.next("token")
	s.mu.Lock()
	for t, g := range s.tokens { // long-running sandboxes must not collect tokens
		if req.Now.Sub(g.expires) > day {
			delete(s.tokens, t)
		}
	}
	s.tokens[token] = grant{account: account, expires: req.Now.Add(s.cfg.TokenLifetime)}
	s.mu.Unlock()
	return s.answer(http.StatusOK, struct {
		Token          string `json:"access_token"`
		Expires        int64  `json:"expires_in"`
		Refresh        string `json:"refresh_token"`
		RefreshExpires int64  `json:"refresh_token_expires_in"`
		Scope          string `json:"scope"`
	}{token, int64(s.cfg.TokenLifetime / time.Second), refresh, int64(s.cfg.RefreshLifetime / time.Second), "r_ads,rw_conversions"})
}
