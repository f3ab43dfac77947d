package dedup

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Server says how to reach Redis.
type Server struct {
	// Addr is host:port. Required.
	Addr string
	// Username of an ACL user; empty is the default user.
	Username string
	// Password, or a file that holds it and is read for every connection.
	Password, PasswordFile string
	// DB is the database's number.
	DB int
	// TLS turns TLS on; CAFile replaces the system's certificates.
	TLS    bool
	CAFile string
	// Timeout of one round trip. Default 2 s.
	Timeout time.Duration
	// Dialer replaces the network, for tests.
	Dialer func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Sentinels says how to find the primary.
type Sentinels struct {
	// Master is the primary's name there.
	Master    string
	Addresses []string
	// Username and Password are those of the sentinels.
	Username, Password string
}

// FailoverOptions are the options of a client that asks sentinels for the primary:
// each as in [Options]. Claims are never read from a replica.
func FailoverOptions(o *redis.Options, s Sentinels) *redis.FailoverOptions {
	return &redis.FailoverOptions{
		MasterName: s.Master, SentinelAddrs: s.Addresses, SentinelUsername: s.Username, SentinelPassword: s.Password,
		DB: o.DB, Dialer: o.Dialer, MaxRetries: o.MaxRetries, DialTimeout: o.DialTimeout, ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout,
		ContextTimeoutEnabled: o.ContextTimeoutEnabled, Protocol: o.Protocol, DisableIdentity: o.DisableIdentity,
		CredentialsProviderContext: o.CredentialsProviderContext, TLSConfig: o.TLSConfig,
	}
}

// String never shows the password.
func (s Server) String() string { return s.Addr }

// GoString never shows the password.
func (s Server) GoString() string { return s.Addr }

// Options makes the client's options, each with its reason.
func Options(s Server) (*redis.Options, error) {
	if _, _, err := net.SplitHostPort(s.Addr); err != nil {
		return nil, fmt.Errorf("redis address %q is not host:port", s.Addr)
	}
	timeout := s.Timeout
	if timeout == 0 {
		timeout = 2 * time.Second
	}
	o := &redis.Options{
		Addr: s.Addr, DB: s.DB, Dialer: s.Dialer,
		// A repetition may reach another server; see the package's documentation.
		MaxRetries: -1,
		// A claim round trip takes milliseconds: what takes longer is down.
		DialTimeout: timeout, ReadTimeout: timeout, WriteTimeout: timeout,
		// Ends a round trip with the caller's context, not only with the timeout.
		ContextTimeoutEnabled: true,
		// Nothing is pushed to us, and the newer protocol looks for it before each
		// reply.
		Protocol: 2,
		// CLIENT SETINFO needs a permission that an ACL user may not have.
		DisableIdentity: true,
		// Pushed maintenance notices would stretch the timeouts above.
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		CredentialsProviderContext: func(context.Context) (string, string, error) {
			password, err := s.password()
			return s.Username, password, err
		},
	}
	if !s.TLS {
		return o, nil
	}
	o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if s.CAFile == "" {
		return o, nil
	}
	pem, err := os.ReadFile(s.CAFile)
	if err != nil {
		return nil, fmt.Errorf("reading redis certificates: %w", err)
	}
	o.TLSConfig.RootCAs = x509.NewCertPool()
	if !o.TLSConfig.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading redis certificates: %s holds no PEM certificate", s.CAFile)
	}
	return o, nil
}

func (s Server) password() (string, error) {
	if s.PasswordFile == "" {
		return s.Password, nil
	}
	b, err := os.ReadFile(s.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("reading redis password: %w", err)
	}
	v := strings.TrimSpace(string(b))
	if v == "" {
		return "", errors.New("reading redis password: the file is empty")
	}
	return v, nil
}
