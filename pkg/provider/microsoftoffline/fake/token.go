package fake

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
)

// scope is what a token for the API is asked for.
const scope = "https://ads.microsoft.com/msads.manage"

// grant is an issued access token.
type grant struct {
	account string // empty: every account
	expires time.Time
}

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

func (s *Service) invalidGrant() call.Answer {
	return s.reply(http.StatusBadRequest, oauthError{"invalid_grant", "AADSTS70000: The provided grant has expired or was revoked."})
}

// exchange gives an access token and the next refresh token. The one before ends
// once its successor was used.
func (s *Service) exchange(req *call.Request) call.Answer {
	form, err := url.ParseQuery(string(req.Body))
	media, _, _ := strings.Cut(req.Header.Get("Content-Type"), ";")
	if req.Method != http.MethodPost || err != nil || media != "application/x-www-form-urlencoded" {
		return s.reply(http.StatusBadRequest, oauthError{"invalid_request", "AADSTS900144: The request body must be a form."})
	}
	refresh := form.Get("refresh_token")
	switch {
	case form.Get("grant_type") != "refresh_token":
		return s.reply(http.StatusBadRequest, oauthError{"unsupported_grant_type", "AADSTS70003: The grant type is not known here."})
	case form.Get("client_id") == "" || refresh == "":
		return s.reply(http.StatusBadRequest, oauthError{"invalid_request", "AADSTS900144: client_id and refresh_token are required."})
	case !strings.Contains(form.Get("scope"), scope):
		return s.reply(http.StatusBadRequest, oauthError{"invalid_scope", "AADSTS70011: The scope is not valid."})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	account := ""
	if s.closed() {
		from, known := s.refresh[refresh]
		if !known {
			return s.invalidGrant()
		}
		account = from.account
		delete(s.refresh, from.before)
	}
	access, next := "EwB"+s.next("access"), "M.C5"+s.next("refresh")
	if s.closed() {
		s.refresh[next] = chain{account, refresh}
	}
	for t, g := range s.tokens { // long-running sandboxes must not collect tokens
		if req.Now.Sub(g.expires) > 24*time.Hour {
			delete(s.tokens, t)
		}
	}
	s.tokens[access] = grant{account, req.Now.Add(s.cfg.TokenLifetime)}
	body := struct {
		Type    string `json:"token_type"`
		Scope   string `json:"scope"`
		Expires int64  `json:"expires_in"`
		Token   string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}{"Bearer", scope, int64(s.cfg.TokenLifetime / time.Second), access, next}
	return s.reply(http.StatusOK, body)
}

// chain is a refresh token that is valid, and the one before it.
type chain struct{ account, before string }

// authenticate gives the code of what is wrong with a request's headers, zero
// where nothing is.
func (s *Service) authenticate(req *call.Request) int {
	scheme, token, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	account, customer := req.Header.Get("CustomerAccountId"), req.Header.Get("CustomerId")
	if !strings.EqualFold(scheme, "Bearer") || token == "" || req.Header.Get("DeveloperToken") == "" {
		return codeCredentials
	}
	if !digits(account) || !digits(customer) {
		return codeNotAuthorized
	}
	s.mu.Lock()
	g, issued := s.tokens[token]
	s.mu.Unlock()
	switch {
	case issued && !req.Now.Before(g.expires):
		return codeExpired
	case !s.closed():
		return 0
	case !issued || req.Header.Get("DeveloperToken") != s.cfg.DeveloperToken:
		return codeCredentials
	case g.account != account || s.cfg.Accounts[account].Customer != customer:
		return codeNotAuthorized
	}
	return 0
}

func (s *Service) closed() bool { return len(s.cfg.Accounts) > 0 }

func digits(s string) bool {
	return s != "" && len(s) <= 20 && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}
