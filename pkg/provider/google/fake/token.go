package fake

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
)

// Scope that the ingestion methods want.
const Scope = "https://www.googleapis.com/auth/datamanager"

const (
	jwtBearer    = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	realTokenURL = "https://oauth2.googleapis.com/token"
	clockSkew    = 5 * time.Minute
)

// grant is an issued access token.
type grant struct {
	expires time.Time
	scope   string
	project string
}

// bucket counts requests of one project in the current minute and day.
type bucket struct {
	minute, day         int64
	perMinute, perDaily int
}

type oauthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

func fail(status int, code, description string) call.Answer {
	return reply(status, oauthError{code, description}, nil)
}

// InvalidGrant is the token endpoint's refusal of a credential that was revoked.
func InvalidGrant() call.Answer {
	return fail(http.StatusBadRequest, "invalid_grant", "Token has been expired or revoked.")
}

// token answers both grants.
func (s *Service) token(req call.Request) call.Answer {
	if !strings.HasPrefix(req.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return fail(http.StatusBadRequest, "invalid_request", "The body must be a form.")
	}
	form, err := url.ParseQuery(string(req.Body))
	if err != nil {
		return fail(http.StatusBadRequest, "invalid_request", "The form cannot be read.")
	}
	switch form.Get("grant_type") {
	case jwtBearer:
		return s.assertion(req, form.Get("assertion"))
	case "refresh_token":
		return s.refresh(req, form)
	}
	return fail(http.StatusBadRequest, "unsupported_grant_type", "Invalid grant_type.")
}

func (s *Service) refresh(req call.Request, form url.Values) call.Answer {
	if form.Get("refresh_token") == "" || form.Get("client_id") == "" || form.Get("client_secret") == "" {
		return fail(http.StatusBadRequest, "invalid_request", "Missing required parameter.")
	}
	if s.closed() {
		client, known := s.cfg.Clients[form.Get("client_id")]
		if !known || client.Secret != form.Get("client_secret") {
			return fail(http.StatusUnauthorized, "invalid_client", "The OAuth client was not found.")
		}
		if !slices.Contains(client.RefreshTokens, form.Get("refresh_token")) {
			return InvalidGrant()
		}
	}
	return s.issue(req.Now, Scope, form.Get("client_id"))
}

// assertion checks a service account's JWT.
func (s *Service) assertion(req call.Request, jwt string) call.Answer {
	grantError := func(text string) call.Answer { return fail(http.StatusBadRequest, "invalid_grant", text) }
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return grantError("Invalid JWT: it must have three parts.")
	}
	header, okHeader := segment(parts[0])
	claims, okClaims := segment(parts[1])
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if !okHeader || !okClaims || err != nil {
		return grantError("Invalid JWT: a part cannot be read.")
	}
	if header.Get("alg").Text != "RS256" {
		return grantError("Invalid JWT: the algorithm must be RS256.")
	}
	key, known := s.cfg.ServiceAccounts[claims.Get("iss").Text]
	if s.closed() && !known {
		return grantError("Invalid grant: account not found")
	}
	if known {
		sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
		if rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) != nil {
			return grantError("Invalid JWT Signature.")
		}
	}
	if text := s.claims(req, claims); text != "" {
		return grantError(text)
	}
	scope := claims.Get("scope").Text
	if scope == "" || !strings.HasPrefix(scope, "https://www.googleapis.com/auth/") {
		return fail(http.StatusBadRequest, "invalid_scope", "Invalid OAuth scope or ID token audience provided.")
	}
	return s.issue(req.Now, scope, claims.Get("iss").Text)
}

// claims checks audience and times, and says what is wrong.
func (s *Service) claims(req call.Request, claims jsontree.Node) string {
	if claims.Get("iss").Text == "" {
		return "Invalid JWT: iss is missing."
	}
	aud := claims.Get("aud").Text
	own := req.Scheme + "://" + req.Host + TokenPath
	if aud != own && aud != realTokenURL && !slices.Contains(s.cfg.Audiences, aud) {
		return "Invalid JWT: the audience is not this token endpoint."
	}
	iat, okIat := claims.Get("iat").Int()
	exp, okExp := claims.Get("exp").Int()
	now := req.Now.Unix()
	skew := int64(clockSkew / time.Second)
	if !okIat || !okExp || exp <= iat || exp-iat > 3600+skew || iat > now+skew || exp <= now {
		return "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim."
	}
	return ""
}

func segment(s string) (jsontree.Node, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return jsontree.Node{}, false
	}
	n, err := jsontree.Parse(raw)
	return n, err == nil && n.Kind == jsontree.Object
}

func (s *Service) issue(now time.Time, scope, project string) call.Answer {
	token := "ya29.sandbox." + s.next("token")[:40]
	s.mu.Lock()
	for t, g := range s.tokens { // long-running sandboxes must not collect tokens
		if now.Sub(g.expires) > 24*time.Hour {
			delete(s.tokens, t)
		}
	}
	s.tokens[token] = grant{expires: now.Add(s.cfg.TokenLifetime), scope: scope, project: project}
	s.mu.Unlock()
	body := struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
		TokenType   string `json:"token_type"`
	}{token, int(s.cfg.TokenLifetime/time.Second) - 1, "Bearer"}
	return reply(http.StatusOK, body, http.Header{"Cache-Control": {"no-store"}})
}

// RevokeTokens makes every issued token invalid, as a lost grant does.
func (s *Service) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for t, g := range s.tokens {
		g.expires = time.Time{}
		s.tokens[t] = g
	}
}

// closed tells whether credentials are registered.
func (s *Service) closed() bool {
	return len(s.cfg.Tokens)+len(s.cfg.ServiceAccounts)+len(s.cfg.Clients) > 0
}

// authorize checks the bearer token, its scope, the project and the quota.
func (s *Service) authorize(req call.Request) *Refusal {
	scheme, token, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") || token == "" {
		return Unauthenticated()
	}
	s.mu.Lock()
	g, issued := s.tokens[token]
	s.mu.Unlock()
	switch {
	case issued && !req.Now.Before(g.expires):
		return Unauthenticated()
	case issued && !slices.Contains(strings.Fields(g.scope), Scope):
		return denied("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "Request had insufficient authentication scopes.", map[string]string{"service": serviceName})
	case !issued && s.closed() && !slices.Contains(s.cfg.Tokens, token):
		return Unauthenticated()
	}
	project := req.Header.Get("X-Goog-User-Project")
	if project != "" && len(s.cfg.Projects) > 0 && !slices.Contains(s.cfg.Projects, project) {
		return denied("USER_PROJECT_DENIED", "Caller does not have required permission to use project.", map[string]string{"service": serviceName, "consumer": "projects/" + project})
	}
	if project == "" {
		project = g.project
	}
	return s.spend(project, req.Now)
}

// spend takes one request from the project's quota.
func (s *Service) spend(project string, now time.Time) *Refusal {
	if s.cfg.QuotaPerMinute == 0 && s.cfg.QuotaPerDay == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.quota[project]
	if b == nil {
		b = &bucket{}
		s.quota[project] = b
	}
	if m := now.Unix() / 60; m != b.minute {
		b.minute, b.perMinute = m, 0
	}
	if d := now.Unix() / 86400; d != b.day {
		b.day, b.perDaily = d, 0
	}
	b.perMinute++
	b.perDaily++
	if s.cfg.QuotaPerDay > 0 && b.perDaily > s.cfg.QuotaPerDay {
		return Throttled(int(86400 - now.Unix()%86400))
	}
	if s.cfg.QuotaPerMinute > 0 && b.perMinute > s.cfg.QuotaPerMinute {
		return Throttled(int(60 - now.Unix()%60))
	}
	return nil
}
