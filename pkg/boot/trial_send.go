package boot

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/httpclient"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender"
)

// TrialResult is what was sent, fit to be shown, and what came back.
type TrialResult struct {
	sender.TrialAnswer
	// Method, URL, Header and Body are the request, with credentials and
	// identifiers taken out; empty where nothing was sent.
	Method, URL string
	Header      []string
	Body        json.RawMessage
	// Response is the provider's text, redacted and cut.
	Response string
	// Fix is what to do about an answer that is not good.
	Fix string
}

const taken = "[redacted]"

// Send sends the test event once, as a sender would.
func (t *Trial) Send(ctx context.Context) (*TrialResult, error) {
	cfg, err := t.env.httpConfig(t.provider)
	if err != nil {
		return nil, err
	}
	client, err := httpclient.New(cfg, httpclient.Deps{Now: t.env.Now})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	reach := t.env.Config.Sender.Provider(t.provider.Name())
	wire := &tapped{Client: client}
	answer := sender.Try(ctx, sender.Config{BaseURL: reach.BaseURL, TokenURL: reach.TokenURL}, sender.Deps{
		Provider: t.provider, HTTP: wire, Now: t.env.Now,
		Secrets: sender.References{Dir: t.env.Config.Sender.SecretsDir, Env: t.env.Config.Sender.SecretsEnv},
	}, sender.Trial{Endpoint: t.endpoint, Group: t.group, Payload: t.Payload, ValidateOnly: t.ValidateOnly})
	r := &TrialResult{TrialAnswer: answer, Response: identity.Redact(string(wire.response.Body))}
	r.Method, r.URL, r.Header = wire.request.Method, shownURL(wire.request.URL, wire.auth.Query), shownHeader(&wire.request, &wire.auth)
	r.Body = shownBody(wire.request.Body, t.Private)
	if !answer.Accepted() {
		spec := t.provider.Spec()
		r.Fix = cmp.Or(spec.Fix(answer.Code, answer.Subcode), answer.Reason.Info().Fix)
	}
	return r, nil
}

// tapped remembers the request and what came back. Requests for tokens go by
// another way.
type tapped struct {
	*httpclient.Client
	request  provider.Request
	auth     provider.Authorization
	response provider.Response
}

// Send implements the sender's transport.
func (t *tapped) Send(ctx context.Context, r provider.Request, auth provider.Authorization) (provider.Response, httpclient.Outcome) {
	response, outcome := t.Client.Send(ctx, r, auth)
	r.Body = bytes.Clone(r.Body)
	t.request, t.auth, t.response = r, auth, response
	return response, outcome
}

func shownURL(raw string, query []provider.SecretHeader) string {
	for i, q := range query {
		mark := "&"
		if i == 0 {
			mark = "?"
		}
		raw += mark + url.QueryEscape(q.Name) + "=" + taken
	}
	return raw
}

// shownHeader lists the headers; what proves who we are is named only.
func shownHeader(r *provider.Request, auth *provider.Authorization) []string {
	var lines []string
	for _, h := range r.Header {
		if strings.Contains(strings.ToLower(h.Name), "signature") {
			h.Value = taken
		}
		lines = append(lines, h.Name+": "+h.Value)
	}
	for _, h := range auth.Header {
		lines = append(lines, h.Name+": "+taken)
	}
	return lines
}

// shownBody is a request's body with everything covered that may identify
// somebody: the members that the provider names, and the queries of URLs.
func shownBody(body []byte, private []string) json.RawMessage {
	if len(body) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	out, err := json.Marshal(covered(v, private, false))
	if err != nil {
		return nil
	}
	return out
}

func covered(v any, private []string, cover bool) any {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			v[key] = covered(inner, private, cover || slices.Contains(private, key))
		}
		return v
	case []any:
		for i := range v {
			v[i] = covered(v[i], private, cover)
		}
		return v
	case string:
		if before, _, has := strings.Cut(v, "?"); has && strings.Contains(v, "://") && !cover {
			return before + "?" + taken
		}
	}
	if cover {
		return taken
	}
	return v
}
