package sandbox

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/google"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/meta"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/webhook"
)

// visit is one request on its way through the sandbox.
type visit struct {
	provider, op, dest string
	req                call.Request
	raw                *http.Request
	rule               *Rule
}

// classify tells whose request it is.
func classify(r *http.Request) (provider, op string) {
	switch path := r.URL.Path; {
	case webhook.Destination(path) != "":
		return Webhook, OpEvents
	case path == google.TokenPath:
		return Google, OpToken
	case path == google.IngestPath:
		return Google, OpIngest
	case path == google.StatusPath:
		return Google, OpStatus
	case strings.HasPrefix(path, "/v1/"):
		return Google, OpOther
	case meta.Destination(path) != "":
		return Meta, OpEvents
	}
	return Meta, OpOther
}

func (s *Sandbox) serve(w http.ResponseWriter, r *http.Request) {
	v := &visit{raw: r}
	v.provider, v.op = classify(r)
	body, err := io.ReadAll(io.LimitReader(r.Body, int64(s.stand(v.provider).MaxBody())+1))
	if err != nil {
		return // the client went away; there is nobody to answer
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	v.req = call.Request{
		Method: r.Method, Path: r.URL.Path, Host: r.Host, Query: r.URL.Query(), Header: r.Header, Body: body,
		Now: s.deps.Now(), Scheme: scheme,
	}
	if s.poison.Load() {
		v.req.Poison = func(id string) bool { return poisoned(v.provider, id, s.cfg.PoisonPerMille) }
	}
	switch {
	case v.provider == Webhook:
		v.dest = webhook.Destination(r.URL.Path)
	case v.op == OpEvents:
		v.dest = meta.Destination(r.URL.Path)
	case v.op == OpIngest:
		v.dest = google.Destination(body)
	}
	s.count(v.provider, v.op)
	v.rule = s.script.next(v.provider, v.op, v.dest, s.since(v.req.Now))
	s.perform(w, v)
}

// perform answers as the rule wants, or as the provider would.
func (s *Sandbox) perform(w http.ResponseWriter, v *visit) {
	if v.rule == nil {
		s.write(w, v, s.process(v))
		return
	}
	switch v.rule.Do {
	case Throttle, Unavailable, BadToken, HTML, Raw, ErrorIn200:
		s.write(w, v, s.refuse(v))
	case Reset:
		s.report(v, call.Answer{})
		cut(w, true)
	case Slow:
		select {
		case <-s.deps.After(max(0, toDuration(v.rule.Delay))):
		case <-v.raw.Context().Done():
			return
		}
		s.write(w, v, s.process(v))
	case LostAnswer:
		s.process(v)
		s.report(v, call.Answer{})
		cut(w, false)
	case EmptyBody, Truncated, FewerEvents:
		s.write(w, v, spoil(v.rule.Do, s.process(v)))
	}
}

// standIn is one provider's stand-in.
type standIn interface {
	Serve(req call.Request) call.Answer
	MaxBody() int
}

func (s *Sandbox) stand(provider string) standIn {
	switch provider {
	case Meta:
		return s.meta
	case Webhook:
		return s.webhook
	default:
		return s.google
	}
}

func (s *Sandbox) process(v *visit) call.Answer { return s.stand(v.provider).Serve(v.req) }

// refuse is the answer of a fault that stores nothing.
func (s *Sandbox) refuse(v *visit) call.Answer {
	switch v.rule.Do {
	case HTML:
		return call.Answer{
			Status: http.StatusBadGateway, Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}},
			Body: []byte("<!DOCTYPE html><html><head><title>Error</title></head><body><h1>502 Bad Gateway</h1></body></html>"),
		}
	case Raw:
		status := v.rule.Status
		if status == 0 {
			status = http.StatusInternalServerError
		}
		return call.Answer{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(v.rule.Body)}
	case ErrorIn200:
		a := s.temporary(v)
		if v.provider != Webhook { // whose 200 says that everything was taken
			a.Status = http.StatusOK
		}
		return a
	case Throttle:
		return s.throttled(v)
	case BadToken:
		switch v.provider {
		case Meta:
			return s.meta.Reply(meta.ExpiredToken())
		case Webhook:
			return s.webhook.Reply(webhook.BadSignature())
		}
		if v.op == OpToken {
			return google.InvalidGrant()
		}
		return s.google.Reply(google.Unauthenticated())
	}
	return s.temporary(v)
}

func (s *Sandbox) temporary(v *visit) call.Answer {
	switch v.provider {
	case Meta:
		return s.meta.Reply(meta.Unavailable())
	case Webhook:
		return s.webhook.Reply(webhook.Unavailable())
	}
	return s.google.Reply(google.Unavailable())
}

func (s *Sandbox) throttled(v *visit) call.Answer {
	switch v.provider {
	case Google:
		return s.google.Reply(google.Throttled(v.rule.RetryAfter))
	case Webhook:
		return s.webhook.Reply(webhook.Throttled(v.rule.RetryAfter))
	}
	code, status := v.rule.Code, v.rule.Status
	if code == 0 {
		code = 4
	}
	if status == 0 {
		status = http.StatusBadRequest
	}
	return s.meta.Reply(meta.Throttled(v.dest, code, status, v.rule.Minutes))
}

// spoil damages the answer to a request that was stored.
func spoil(kind Kind, a call.Answer) call.Answer {
	switch kind {
	case EmptyBody:
		a.Body = nil
	case Truncated:
		a.Body = a.Body[:len(a.Body)/2]
	case FewerEvents:
		var body map[string]any
		if json.Unmarshal(a.Body, &body) != nil {
			return a
		}
		if n, ok := body["events_received"].(float64); ok {
			body["events_received"] = n - 1
			if raw, err := json.Marshal(body); err == nil {
				a.Body = raw
			}
		}
	}
	return a
}

func (s *Sandbox) write(w http.ResponseWriter, v *visit, a call.Answer) {
	s.report(v, a)
	for k, values := range a.Header {
		w.Header()[k] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.Body)))
	w.WriteHeader(a.Status)
	if _, err := w.Write(a.Body); err != nil {
		s.deps.Logger.Warn("sandbox answer not written", "provider", v.provider, "operation", v.op)
	}
}

// cut ends the connection without an answer; hard makes it a reset.
func cut(w http.ResponseWriter, hard bool) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // HTTP/2 or a recorder: the server closes the stream
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok && hard {
		_ = tcp.SetLinger(0) // without it the client sees an orderly end, which is a fault too
	}
	_ = conn.Close() // the point is that the client gets nothing
}

// report counts the answer and hands the exchange to the hook.
func (s *Sandbox) report(v *visit, a call.Answer) {
	s.countStatus(v.provider, a.Status)
	if s.deps.OnExchange == nil {
		return
	}
	e := Exchange{
		Provider: v.provider, Operation: v.op, Method: v.req.Method, URL: cleanURL(v.raw.URL, v.raw.Host, v.req.Scheme),
		Header: v.req.Header.Clone(), Status: a.Status,
	}
	e.Header.Del("Authorization")
	e.Header.Del("Cookie")
	if v.rule != nil {
		e.Fault = v.rule.Name
	}
	if v.op != OpToken {
		e.Body, e.Response = cleanBody(v), string(a.Body)
	}
	s.deps.OnExchange(e)
}

var secrets = []string{"access_token", "appsecret_proof", "input_token", "key"}

func cleanURL(u *url.URL, host, scheme string) string {
	c := *u
	c.Host, c.Scheme, c.User = host, scheme, nil
	q := c.Query()
	for _, name := range secrets {
		q.Del(name)
	}
	c.RawQuery = q.Encode()
	return c.String()
}

// cleanBody takes credentials out of a body that carries them beside the
// events.
func cleanBody(v *visit) string {
	if v.provider != Meta {
		return string(v.req.Body)
	}
	return meta.WithoutCredentials(v.req.Body, v.req.Header.Get("Content-Type"))
}
