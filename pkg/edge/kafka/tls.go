package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// TLS says how to recognise the brokers and, with a certificate, how they
// recognise us. The files are looked at for every new connection and loaded
// again when they have changed, so that rotating them needs no restart.
type TLS struct {
	// Enabled turns TLS on.
	Enabled bool
	// CAFile holds the PEM certificates that may sign the brokers'; empty is
	// the system's.
	CAFile string
	// CertFile and KeyFile are our own certificate (mTLS); both or neither.
	CertFile, KeyFile string
	// ServerName overrides the name that the brokers' certificates must have.
	ServerName string
}

func (t TLS) validate() error {
	if !t.Enabled && (t.CAFile != "" || t.CertFile != "" || t.KeyFile != "") {
		return errors.New("tls.enabled: false, but certificate files are given; set it to true or remove them")
	}
	if (t.CertFile == "") != (t.KeyFile == "") {
		return errors.New("tls: cert_file and key_file must be given together")
	}
	return nil
}

type dialFunc = func(ctx context.Context, network, host string) (net.Conn, error)

// dialer is the configured network, with TLS on top where it is enabled; nil
// leaves the client's own. The files are read once here, so that a wrong path
// is an error at start and not a connection that never comes.
func dialer(cfg Config) (dialFunc, error) {
	if !cfg.TLS.Enabled {
		return cfg.Dialer, nil
	}
	files := &tlsFiles{cfg: cfg.TLS}
	if _, err := files.load(); err != nil {
		return nil, err
	}
	base := cfg.Dialer
	if base == nil {
		base = (&net.Dialer{Timeout: 5 * time.Second}).DialContext
	}
	return func(ctx context.Context, network, host string) (net.Conn, error) {
		c, err := files.load()
		if err != nil {
			return nil, err
		}
		c = c.Clone()
		if c.ServerName == "" {
			if c.ServerName, _, err = net.SplitHostPort(host); err != nil {
				return nil, fmt.Errorf("dialing %s: %w", host, err)
			}
		}
		raw, err := base(ctx, network, host)
		if err != nil {
			return nil, err
		}
		conn := tls.Client(raw, c)
		if err := conn.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("greeting %s over TLS: %w", host, err), raw.Close())
		}
		return conn, nil
	}, nil
}

// tlsFiles keeps the parsed files until one of them changes.
type tlsFiles struct {
	cfg TLS

	mu     sync.Mutex
	stamps [3]fileStamp
	loaded *tls.Config
}

type fileStamp struct {
	mod  time.Time
	size int64
}

func (f *tlsFiles) load() (*tls.Config, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var now [3]fileStamp
	for i, name := range []string{f.cfg.CAFile, f.cfg.CertFile, f.cfg.KeyFile} {
		if name == "" {
			continue
		}
		info, err := os.Stat(name)
		if err != nil {
			return f.fallback(err)
		}
		now[i] = fileStamp{info.ModTime(), info.Size()}
	}
	if f.loaded != nil && now == f.stamps {
		return f.loaded, nil
	}
	c, err := f.parse()
	if err != nil {
		return f.fallback(err)
	}
	f.loaded, f.stamps = c, now
	return c, nil
}

// fallback keeps the last good files while a rotation is half done (the new
// certificate written, its key not yet); without any it reports the error.
func (f *tlsFiles) fallback(err error) (*tls.Config, error) {
	if f.loaded != nil {
		return f.loaded, nil
	}
	return nil, fmt.Errorf("loading kafka TLS files: %w", err)
}

func (f *tlsFiles) parse() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: f.cfg.ServerName}
	if f.cfg.CAFile != "" {
		pem, err := os.ReadFile(f.cfg.CAFile)
		if err != nil {
			return nil, err
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no PEM certificate", f.cfg.CAFile)
		}
	}
	if f.cfg.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(f.cfg.CertFile, f.cfg.KeyFile)
		if err != nil {
			return nil, err
		}
		c.Certificates = []tls.Certificate{cert}
	}
	return c, nil
}
