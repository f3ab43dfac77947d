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
)

// visit is one request on its way through the sandbox.
type visit struct {
	fake     call.Fake
	op, dest string
	req      call.Request
	raw      *http.Request
	rule     *Rule
}

// at finds whose request it is: the fake that names the longest path.
func (s *Sandbox) at(path string) call.Fake {
	var found call.Fake
	longest := 0
	for _, f := range s.fakes {
		for _, p := range f.Paths() {
			if len(p) > longest && (p == path || strings.HasSuffix(p, "/") && strings.HasPrefix(path, p)) {
				found, longest = f, len(p)
			}
		}
	}
	return found
}

func (s *Sandbox) serve(w http.ResponseWriter, r *http.Request) {
	v := &visit{raw: r, fake: s.at(r.URL.Path)}
	if v.fake == nil {
		s.json(w, http.StatusNotFound, map[string]string{"error": "no provider answers at this path"})
		return
	}
	v.op = v.fake.Operation(r.URL.Path)
	body, err := io.ReadAll(io.LimitReader(r.Body, int64(v.fake.MaxBody())+1))
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
	provider := v.fake.Name()
	if s.poison.Load() {
		v.req.Poison = func(id string) bool { return poisoned(provider, id, s.cfg.PoisonPerMille) }
	}
	v.dest = v.fake.Destination(v.op, &v.req)
	s.count(provider, v.op)
	v.rule = s.script.next(provider, v.op, v.dest, s.since(v.req.Now))
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

func (s *Sandbox) process(v *visit) call.Answer { return v.fake.Serve(v.req) }

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
	}
	return v.fake.Refuse(call.Fault{
		Throttle: v.rule.Do == Throttle, BadToken: v.rule.Do == BadToken, In200: v.rule.Do == ErrorIn200,
		Operation: v.op, Destination: v.dest,
		Code: v.rule.Code, Status: v.rule.Status, Minutes: v.rule.Minutes, RetryAfter: v.rule.RetryAfter,
	})
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
		s.deps.Logger.Warn("sandbox answer not written", "provider", v.fake.Name(), "operation", v.op)
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
	s.countStatus(v.fake.Name(), a.Status)
	if s.deps.OnExchange == nil {
		return
	}
	e := Exchange{
		Provider: v.fake.Name(), Operation: v.op, Method: v.req.Method, URL: cleanURL(v.raw.URL, v.raw.Host, v.req.Scheme),
		Header: v.req.Header.Clone(), Status: a.Status,
	}
	for _, name := range credentials {
		e.Header.Del(name)
	}
	if v.rule != nil {
		e.Fault = v.rule.Name
	}
	if v.op != OpToken {
		e.Body, e.Response = cleanBody(v), string(a.Body)
	}
	s.deps.OnExchange(e)
}

// credentials are the headers that carry one: those of HTTP, TikTok's and X's.
var credentials = []string{"Authorization", "Cookie", "Access-Token", "X-Pixel-Token"}

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
	if redacts, ok := v.fake.(call.Redacts); ok {
		return redacts.WithoutCredentials(v.req.Body, v.req.Header.Get("Content-Type"))
	}
	return string(v.req.Body)
}
