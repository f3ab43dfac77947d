package boot

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"github.com/sluicehq/sluice/pkg/edge/config"
)

// clientTLS reads the files of a tls section of the configuration. setting
// names the section in errors.
func clientTLS(setting string, cfg config.TLS) (*tls.Config, error) {
	out := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: cfg.ServerName}
	if cfg.CAFile != "" {
		pem, err := os.ReadFile(cfg.CAFile)
		if err != nil {
			return nil, fmt.Errorf("reading %s.ca_file: %w", setting, err)
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("reading %s.ca_file: %s holds no PEM certificate", setting, cfg.CAFile)
		}
	}
	if cfg.CertFile == "" && cfg.KeyFile == "" {
		return out, nil
	}
	certificate, err := tls.LoadX509KeyPair(cfg.CertFile, cfg.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("reading %s.cert_file and %s.key_file: %w", setting, setting, err)
	}
	out.Certificates = []tls.Certificate{certificate}
	return out, nil
}
