package httpclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/sluicehq/sluice/pkg/provider"
)

var _ provider.Doer = (*Client)(nil)

// Send sends a provider's request with its credentials. The response is
// complete only where the outcome is Answered; where an answer began and
// broke off, its status is there and the outcome is MaybeSent. The request's
// bytes are not touched after Send has returned, so the caller may build the
// next request in the same memory.
func (c *Client) Send(ctx context.Context, r provider.Request, auth provider.Authorization) (provider.Response, Outcome) {
	u, err := c.checkURL(r.URL)
	if err != nil {
		return provider.Response{}, Outcome{Kind: NotSent, Err: err}
	}
	if len(auth.Query) > 0 {
		query := u.Query()
		for _, parameter := range auth.Query {
			query.Set(parameter.Name, parameter.Value.Reveal())
		}
		u.RawQuery = query.Encode()
	}
	header := make(http.Header, len(r.Header)+len(auth.Header)+1)
	header.Set("User-Agent", c.cfg.UserAgent)
	for _, h := range r.Header {
		header.Add(h.Name, h.Value)
	}
	for _, h := range auth.Header {
		header.Set(h.Name, h.Value.Reveal())
	}
	return c.exchange(ctx, r.Method, u, header, r.Body)
}

// Do implements provider.Doer: it sends the form where there is one, else the
// request's own body, and fails unless a complete answer came.
func (c *Client) Do(ctx context.Context, r provider.Request, form url.Values) (provider.Response, error) {
	if form != nil {
		r.Body = []byte(form.Encode())
		r.Header = append(append([]provider.Header{}, r.Header...), provider.Header{Name: "Content-Type", Value: "application/x-www-form-urlencoded"})
	}
	response, outcome := c.Send(ctx, r, provider.Authorization{})
	return response, outcome.Err
}

// exchange does one request in one span.
func (c *Client) exchange(ctx context.Context, method string, u *url.URL, header http.Header, payload []byte) (provider.Response, Outcome) {
	if method == "" {
		method = http.MethodPost
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	ctx, span := c.tracer.Start(ctx, method+" "+u.Hostname(), trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		// Neither path nor query: they may carry account ids and tokens.
		attribute.String("server.address", u.Hostname()),
		attribute.String("http.request.method", method),
		attribute.Int("http.request.body.size", len(payload)),
	))
	defer span.End()
	response, outcome := c.roundTrip(ctx, method, u, header, payload)
	if response.Status != 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", response.Status), attribute.Int("http.response.body.size", len(response.Body)))
	}
	if outcome.Err != nil {
		if failed, ok := errors.AsType[*Failure](outcome.Err); ok {
			span.SetAttributes(attribute.String("error.type", failed.Cause))
		}
		span.SetStatus(codes.Error, outcome.Err.Error())
	}
	return response, outcome
}

func (c *Client) roundTrip(ctx context.Context, method string, u *url.URL, header http.Header, payload []byte) (provider.Response, Outcome) {
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	request, err := http.NewRequestWithContext(ctx, method, "", nil)
	if err != nil {
		return provider.Response{}, Outcome{Kind: NotSent, Err: fmt.Errorf("%w: its method is not one of HTTP", ErrNotAllowed)}
	}
	request.URL, request.Host, request.Header = u, u.Host, header
	b := &body{bytes: payload, taken: len(payload) == 0} // without a body the header is all there is
	defer b.detach()
	if len(payload) > 0 {
		request.ContentLength = int64(len(payload))
		request.Body, request.GetBody = &bodyReader{of: b}, b.open
	}
	// The transport itself, not an http.Client: no redirects, no cookies, and
	// no errors with the URL in them.
	answer, err := c.transport.RoundTrip(request)
	if err != nil {
		// Without a connection nothing left. With one, a provider that never
		// got the last byte of a body cannot have acted on it.
		kind := NotSent
		if connected.Load() && b.detach() {
			kind = MaybeSent
		}
		return provider.Response{}, Outcome{Kind: kind, Err: failure(canonical(u), err)}
	}
	return c.read(canonical(u), answer)
}

// read takes the answer up to the cap.
func (c *Client) read(host string, answer *http.Response) (provider.Response, Outcome) {
	defer answer.Body.Close()
	header := answer.Header
	response := provider.Response{Status: answer.StatusCode, Header: header.Get, Now: c.now().UnixMilli()}
	text, err := io.ReadAll(io.LimitReader(answer.Body, int64(c.cfg.MaxResponseBytes)+1))
	if len(text) > c.cfg.MaxResponseBytes {
		text, response.Truncated = text[:c.cfg.MaxResponseBytes], true
	}
	response.Body = text
	if err != nil {
		failed := failure(host, err)
		if failed.Cause != "timeout" && failed.Cause != "cancelled" {
			failed.Cause = "body"
		}
		return response, Outcome{Kind: MaybeSent, Err: failed}
	}
	return response, Outcome{}
}
