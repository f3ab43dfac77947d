package httpclient_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/httpclient"
	"github.com/sluicehq/sluice/pkg/provider"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// canary stands for a token; it must appear in no error and no span.
const canary = "canary-token-7f3a"

// bundle is a client, a server on loopback that it may talk to, and what it
// traced.
type bundle struct {
	client *httpclient.Client
	url    string
	spans  *tracetest.SpanRecorder
}

func setup(t *testing.T, handler http.HandlerFunc, change func(*httpclient.Config)) bundle {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return connect(t, server.URL, change)
}

func connect(t *testing.T, base string, change func(*httpclient.Config)) bundle {
	t.Helper()
	host, err := httpclient.HostOf(base)
	require.NoError(t, err)
	cfg := httpclient.Config{Hosts: []string{host}, AllowInsecure: true, AllowPrivate: true, Timeout: 5 * time.Second}
	if change != nil {
		change(&cfg)
	}
	spans := tracetest.NewSpanRecorder()
	client, err := httpclient.New(cfg, httpclient.Deps{
		Tracer: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test"),
		Now:    func() time.Time { return time.UnixMilli(1_700_000_000_000) },
	})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return bundle{client: client, url: base, spans: spans}
}

func post(target string) provider.Request {
	return provider.Request{Method: http.MethodPost, URL: target, Body: []byte(`{"data":[]}`), Header: []provider.Header{{Name: "Content-Type", Value: "application/json"}}}
}

func credentials() provider.Authorization {
	return provider.Authorization{
		Header: []provider.SecretHeader{{Name: "Authorization", Value: identity.NewRaw("Bearer " + canary)}},
		Query:  []provider.SecretHeader{{Name: "appsecret_proof", Value: identity.NewRaw(canary)}},
	}
}

func TestSendDeliversBodyHeadersAndCredentials(t *testing.T) {
	t.Parallel()
	type seen struct {
		body, authorization, contentType, proof, kept, agent string
	}
	got := make(chan seen, 1)
	b := setup(t, func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		got <- seen{string(text), r.Header.Get("Authorization"), r.Header.Get("Content-Type"), r.URL.Query().Get("appsecret_proof"), r.URL.Query().Get("a"), r.UserAgent()}
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
		_, err = io.WriteString(w, `{"error":1}`)
		assert.NoError(t, err)
	}, nil)

	response, outcome := b.client.Send(t.Context(), post(b.url+"/v1/events?a=b"), credentials())

	require.Equal(t, httpclient.Outcome{}, outcome)
	assert.Equal(t, seen{`{"data":[]}`, "Bearer " + canary, "application/json", canary, "b", "sluice"}, <-got)
	assert.Equal(t, 429, response.Status)
	assert.Equal(t, "7", response.Header("retry-after"))
	assert.Equal(t, `{"error":1}`, string(response.Body))
	assert.Equal(t, int64(1_700_000_000_000), response.Now)
	assert.False(t, response.Truncated)
}

func TestSpansNameTheHostOnly(t *testing.T) {
	t.Parallel()
	b := setup(t, func(http.ResponseWriter, *http.Request) {}, nil)
	_, outcome := b.client.Send(t.Context(), post(b.url+"/act_12345/events?token="+canary), credentials())
	require.NoError(t, outcome.Err)

	ended := b.spans.Ended()
	require.Len(t, ended, 1)
	text := ended[0].Name()
	for _, a := range ended[0].Attributes() {
		text += " " + string(a.Key) + "=" + a.Value.String()
	}
	assert.NotContains(t, text, canary)
	assert.NotContains(t, text, "act_12345")
	assert.Contains(t, text, "http.response.status_code=200")
}

func TestRedirectsAreAnswersAndNotFollowed(t *testing.T) {
	t.Parallel()
	b := setup(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/first", r.URL.Path, "the redirect was followed")
		http.Redirect(w, r, "/second", http.StatusTemporaryRedirect)
	}, nil)
	response, outcome := b.client.Send(t.Context(), post(b.url+"/first"), credentials())
	require.NoError(t, outcome.Err)
	assert.Equal(t, http.StatusTemporaryRedirect, response.Status)
}

func TestHugeAnswersAreCutAndMarked(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 999, 1000, 1001, 1 << 20} {
		b := setup(t, func(w http.ResponseWriter, _ *http.Request) {
			// The client hangs up early where the answer is huge.
			_, _ = w.Write(bytes.Repeat([]byte("x"), size))
		}, func(c *httpclient.Config) { c.MaxResponseBytes = 1000 })
		response, outcome := b.client.Send(t.Context(), post(b.url), provider.Authorization{})
		require.NoError(t, outcome.Err)
		assert.Len(t, response.Body, min(size, 1000))
		assert.Equal(t, size > 1000, response.Truncated)
	}
}

// TestOutcomes tells apart what was not sent from what may have been.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	cases := map[string]struct {
		handler http.HandlerFunc
		kind    httpclient.Kind
		cause   string
		status  int
		is      error
	}{
		"reset after the request was written": {
			handler: func(w http.ResponseWriter, r *http.Request) {
				_, err := io.Copy(io.Discard, r.Body)
				assert.NoError(t, err)
				reset(t, w)
			},
			kind: httpclient.MaybeSent, cause: "reset",
		},
		"no answer in time": {
			handler: func(_ http.ResponseWriter, r *http.Request) {
				_, err := io.Copy(io.Discard, r.Body)
				assert.NoError(t, err)
				select {
				case <-release:
				case <-r.Context().Done():
				}
			},
			kind: httpclient.MaybeSent, cause: "timeout", is: context.DeadlineExceeded,
		},
		"a body that never ends": {
			handler: func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusOK)
				assert.NoError(t, http.NewResponseController(w).Flush())
				select {
				case <-release:
				case <-r.Context().Done():
				}
			},
			kind: httpclient.MaybeSent, cause: "timeout", status: 200, is: context.DeadlineExceeded,
		},
		"a body that breaks off": {
			handler: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "100")
				w.WriteHeader(http.StatusOK)
				_, err := io.WriteString(w, `{"events_received": 1`)
				assert.NoError(t, err)
			},
			kind: httpclient.MaybeSent, cause: "body", status: 200,
		},
		"an answer that is not HTTP": {
			handler: func(w http.ResponseWriter, r *http.Request) {
				_, err := io.Copy(io.Discard, r.Body)
				assert.NoError(t, err)
				raw(t, w, "SSH-2.0 "+canary+"\r\n\r\n")
			},
			kind: httpclient.MaybeSent, cause: "protocol",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, c.handler, func(cfg *httpclient.Config) { cfg.Timeout = 300 * time.Millisecond })
			response, outcome := b.client.Send(t.Context(), post(b.url+"/?access_token="+canary), credentials())

			require.Error(t, outcome.Err)
			assert.Equal(t, c.kind, outcome.Kind)
			assert.Equal(t, c.status, response.Status)
			var failed *httpclient.Failure
			require.ErrorAs(t, outcome.Err, &failed)
			assert.Equal(t, c.cause, failed.Cause)
			assert.NotContains(t, outcome.Err.Error(), canary)
			if c.is != nil {
				require.ErrorIs(t, outcome.Err, c.is)
			}
			spans := b.spans.Ended()
			require.Len(t, spans, 1)
			assert.Equal(t, codes.Error, spans[0].Status().Code)
			assert.NotContains(t, spans[0].Status().Description, canary)
		})
	}
}

// reset closes a connection so that the client sees RST instead of FIN.
func reset(t *testing.T, w http.ResponseWriter) {
	t.Helper()
	conn, _, err := http.NewResponseController(w).Hijack()
	if assert.NoError(t, err) {
		tcp, ok := conn.(*net.TCPConn)
		assert.True(t, ok)
		assert.NoError(t, tcp.SetLinger(0))
		assert.NoError(t, tcp.Close())
	}
}

func raw(t *testing.T, w http.ResponseWriter, text string) {
	t.Helper()
	conn, _, err := http.NewResponseController(w).Hijack()
	if assert.NoError(t, err) {
		_, err = io.WriteString(conn, text)
		assert.NoError(t, err)
		assert.NoError(t, conn.Close())
	}
}

// TestResetBeforeTheBodyIsNotSent: a provider that has not got the last byte
// cannot have acted on the request.
func TestResetBeforeTheBodyIsNotSent(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if !assert.NoError(t, err) {
			return
		}
		_, err = bufio.NewReader(conn).ReadString('\n')
		assert.NoError(t, err)
		tcp, ok := conn.(*net.TCPConn)
		assert.True(t, ok)
		assert.NoError(t, tcp.SetLinger(0))
		assert.NoError(t, tcp.Close())
	}()
	b := connect(t, "http://"+listener.Addr().String(), nil)
	r := post(b.url)
	r.Body = make([]byte, 64<<20) // more than the socket buffers of both sides hold
	_, outcome := b.client.Send(t.Context(), r, provider.Authorization{})
	<-done
	require.NoError(t, listener.Close())
	require.Error(t, outcome.Err)
	assert.Equal(t, httpclient.NotSent, outcome.Kind)
}

func TestNothingListeningIsNotSent(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	b := connect(t, "http://"+listener.Addr().String(), nil)
	_, outcome := b.client.Send(t.Context(), post(b.url), provider.Authorization{})
	assert.Equal(t, httpclient.NotSent, outcome.Kind)
	require.EqualError(t, outcome.Err, "sending to "+listener.Addr().String()+": it refused the connection")
}

func TestCancellationIsSeen(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	b := setup(t, func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		assert.NoError(t, err)
		close(arrived)
		<-r.Context().Done()
	}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	_, outcome := b.client.Send(ctx, post(b.url), provider.Authorization{})
	assert.Equal(t, httpclient.MaybeSent, outcome.Kind)
	require.ErrorIs(t, outcome.Err, context.Canceled)
}

// TestKeptConnectionThatDiedIsTriedAgain: a provider closes idle connections;
// the next request must not fail for that.
func TestKeptConnectionThatDiedIsTriedAgain(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(w, r.Body)
		assert.NoError(t, err)
	}))
	t.Cleanup(server.Close)
	b := connect(t, server.URL, nil)
	for range 3 {
		response, outcome := b.client.Send(t.Context(), post(b.url), provider.Authorization{})
		require.NoError(t, outcome.Err)
		assert.Equal(t, `{"data":[]}`, string(response.Body))
		server.CloseClientConnections()
		// Both ends have to know before the next round tries.
		b.client.Close()
	}
}

// TestBytesAreFreeAfterSend overwrites the request's memory right after each
// Send; the race detector would see the transport reading it.
func TestBytesAreFreeAfterSend(t *testing.T) {
	t.Parallel()
	b := setup(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusRequestEntityTooLarge) // answers before the body is read
	}, func(c *httpclient.Config) { c.Timeout = 100 * time.Millisecond })
	r := post(b.url)
	r.Body = make([]byte, 4<<20)
	for i := range 20 {
		_, outcome := b.client.Send(t.Context(), r, provider.Authorization{})
		assert.LessOrEqual(t, outcome.Kind, httpclient.MaybeSent)
		for j := range r.Body {
			r.Body[j] = byte(i)
		}
	}
}

func TestDoSendsForms(t *testing.T) {
	t.Parallel()
	b := setup(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "application/x-www-form-urlencoded", r.Header.Get("Content-Type"))
		assert.NoError(t, r.ParseForm())
		_, err := io.WriteString(w, r.PostForm.Get("grant_type"))
		assert.NoError(t, err)
	}, nil)
	response, err := b.client.Do(t.Context(), provider.Request{Method: http.MethodPost, URL: b.url + "/token"}, url.Values{"grant_type": {"refresh_token"}})
	require.NoError(t, err)
	assert.Equal(t, "refresh_token", string(response.Body))
}

func TestTLSIsVerified(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = nil
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	host, err := httpclient.HostOf(server.URL)
	require.NoError(t, err)

	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	for name, roots := range map[string]*x509.CertPool{"trusted": pool, "unknown": x509.NewCertPool()} {
		client, err := httpclient.New(httpclient.Config{Hosts: []string{host}, AllowPrivate: true}, httpclient.Deps{RootCAs: roots})
		require.NoError(t, err)
		response, outcome := client.Send(t.Context(), post(server.URL), provider.Authorization{})
		client.Close()
		if name == "trusted" {
			require.NoError(t, outcome.Err)
			assert.Equal(t, 200, response.Status)
			continue
		}
		assert.Equal(t, httpclient.NotSent, outcome.Kind)
		require.ErrorContains(t, outcome.Err, "no trusted TLS connection")
	}
	assert.True(t, strings.HasPrefix(server.URL, "https://"))
}
