// Package httpclient sends requests to advertising APIs and to nobody else.
//
// What leaves Sluice leaves through here, so the client is narrow: a fixed
// list of hosts, https, addresses checked at the moment of connecting (a name
// that suddenly points into the private network is refused), no redirects, no
// proxy from the environment, no cookies, answers read up to a cap. Its
// errors never contain a URL, because URLs may carry tokens, nor anything
// that the other side wrote.
//
// A failed request is not just failed: [Outcome] tells apart what certainly
// was not sent from what may have been received, because the second must be
// repeated with the same ids and nothing else.
package httpclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// The defaults of Config.
const (
	DefaultTimeout          = 30 * time.Second
	DefaultDialTimeout      = 5 * time.Second
	DefaultMaxResponseBytes = 1 << 20
	DefaultMaxIdlePerHost   = 32
)

// Config says where requests may go and what an answer may cost.
type Config struct {
	// Hosts that requests may go to: host names, which means port 443, or
	// host:port. Nothing else is connected to. Required.
	Hosts []string
	// AllowInsecure permits http, for a sandbox. Never set it for a provider:
	// tokens would travel in clear.
	AllowInsecure bool
	// AllowPrivate permits loopback, private and other addresses that are not
	// on the public internet, for a sandbox.
	AllowPrivate bool
	// Timeout bounds a whole request, from connecting to the answer's last
	// byte. Default 30 s.
	Timeout time.Duration
	// DialTimeout bounds connecting, and once more the TLS handshake. Default 5 s.
	DialTimeout time.Duration
	// MaxResponseBytes is how much of an answer is read; the rest is dropped
	// and the answer marked as truncated. Default 1 MiB.
	MaxResponseBytes int
	// MaxIdlePerHost is how many unused connections are kept per host.
	// Default 32.
	MaxIdlePerHost int
	// UserAgent names us to the provider. Default "sluice".
	UserAgent string
}

// Deps are what the client works with; every field may be left out.
type Deps struct {
	// Tracer makes one span per request. Default: none.
	Tracer trace.Tracer
	// Resolver looks up host names. Default: the system's.
	Resolver *net.Resolver
	// RootCAs are trusted instead of the system's, for tests.
	RootCAs *x509.CertPool
	// Now is the clock that stamps answers. Default time.Now.
	Now func() time.Time
}

// Client sends requests. It is safe for concurrent use and reuses
// connections; Close lets go of them.
type Client struct {
	cfg       Config
	hosts     map[string]struct{} // host:port
	tracer    trace.Tracer
	now       func() time.Time
	transport *http.Transport
}

// New makes a client. It fails where the list of hosts is empty or an entry
// is not a host.
func New(cfg Config, deps Deps) (*Client, error) {
	if len(cfg.Hosts) == 0 {
		return nil, errors.New("making an HTTP client: no hosts are allowed, so nothing could be sent")
	}
	cfg.Timeout = orDefault(cfg.Timeout, DefaultTimeout)
	cfg.DialTimeout = orDefault(cfg.DialTimeout, DefaultDialTimeout)
	cfg.MaxResponseBytes = orDefault(cfg.MaxResponseBytes, DefaultMaxResponseBytes)
	cfg.MaxIdlePerHost = orDefault(cfg.MaxIdlePerHost, DefaultMaxIdlePerHost)
	cfg.UserAgent = orDefault(cfg.UserAgent, "sluice")
	c := &Client{cfg: cfg, hosts: make(map[string]struct{}, len(cfg.Hosts)), tracer: deps.Tracer, now: deps.Now}
	for _, entry := range cfg.Hosts {
		host, err := hostPort(entry)
		if err != nil {
			return nil, err
		}
		c.hosts[host] = struct{}{}
	}
	if c.tracer == nil {
		c.tracer = noop.NewTracerProvider().Tracer("")
	}
	if c.now == nil {
		c.now = time.Now
	}
	c.transport = c.newTransport(deps)
	return c, nil
}

func orDefault[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}

func (c *Client) newTransport(deps Deps) *http.Transport {
	dialer := &net.Dialer{
		Timeout:   c.cfg.DialTimeout,
		KeepAlive: 30 * time.Second,
		Resolver:  deps.Resolver,
		// Called with the address that is about to be connected to, after
		// every lookup: a check of the name alone could be passed by a name
		// that resolves differently a moment later.
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			return c.checkAddress(address)
		},
	}
	return &http.Transport{
		Proxy:                 nil, // a proxy would do the connecting, and its checks are not ours
		DialContext:           dialer.DialContext,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: deps.RootCAs},
		TLSHandshakeTimeout:   c.cfg.DialTimeout,
		ForceAttemptHTTP2:     true, // not automatic with a dialer of our own
		MaxIdleConnsPerHost:   c.cfg.MaxIdlePerHost,
		IdleConnTimeout:       90 * time.Second,
		ExpectContinueTimeout: time.Second,
		// Headers count against memory like bodies do.
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// Close drops the idle connections. Requests that are being sent go on.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

func (c *Client) checkAddress(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return errAddress
	}
	if !c.cfg.AllowPrivate && !public(at.Addr()) {
		return errAddress
	}
	return nil
}

// checkURL reads the address of a request and refuses what the configuration
// does not allow. Its errors name the host at most.
func (c *Client) checkURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("the URL cannot be read") // the parser's error repeats the URL
	}
	switch {
	case u.Scheme == "https":
	case u.Scheme == "http" && c.cfg.AllowInsecure:
	default:
		return nil, fmt.Errorf("%w: it is not https", ErrNotAllowed)
	}
	if u.User != nil {
		return nil, fmt.Errorf("%w: it has a user name in its address", ErrNotAllowed)
	}
	if _, ok := c.hosts[canonical(u)]; !ok {
		return nil, fmt.Errorf("%w: %s is not on the list of hosts", ErrNotAllowed, u.Host)
	}
	return u, nil
}

// canonical gives host:port in lower case, with the scheme's port where none
// is written.
func canonical(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "http":
		port = "80"
	default:
		port = "443"
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

func hostPort(entry string) (string, error) {
	if entry == "" || strings.ContainsAny(entry, "/@?# ") {
		return "", fmt.Errorf("making an HTTP client: %q is neither a host nor host:port", entry)
	}
	if host, port, err := net.SplitHostPort(entry); err == nil {
		return net.JoinHostPort(strings.ToLower(host), port), nil
	}
	return net.JoinHostPort(strings.ToLower(strings.Trim(entry, "[]")), "443"), nil
}

// HostOf gives the entry for Config.Hosts that allows requests to a base URL,
// such as that of a sandbox.
func HostOf(base string) (string, error) {
	u, err := url.Parse(base)
	if err != nil || u.Hostname() == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return "", errors.New("reading a base URL: it is not an http or https URL with a host")
	}
	return canonical(u), nil
}
