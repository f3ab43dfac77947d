package kafka_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
	"github.com/sluicehq/sluice/test/patience"
)

func TestSASLMechanisms(t *testing.T) {
	t.Parallel()
	for _, mechanism := range []string{kafka.Plain, kafka.ScramSHA256, kafka.ScramSHA512} {
		t.Run(mechanism, func(t *testing.T) {
			t.Parallel()
			password := filepath.Join(t.TempDir(), "password")
			s, err := embedded.Start(t.Context(), embedded.Config{
				Topics:       []embedded.Topic{{Name: "t", Partitions: 1}},
				KafkaOptions: []kfake.Opt{kfake.EnableSASL(), kfake.Superuser(mechanism, "u", "right")},
			})
			require.NoError(t, err)
			defer func() { require.NoError(t, s.Close()) }()
			require.NoError(t, os.WriteFile(password, []byte("wrong\n"), 0o600))
			cfg := s.Kafka()
			cfg.SASL = kafka.SASL{Mechanism: mechanism, Username: "u", PasswordFile: password}
			require.Error(t, ping(t, cfg))
			require.NoError(t, os.WriteFile(password, []byte("right\n"), 0o600))
			require.NoError(t, ping(t, cfg), "a rotated password needs no restart")
			cfg.SASL = kafka.SASL{Mechanism: mechanism, Username: "u", Password: "right"}
			require.NoError(t, ping(t, cfg))
		})
	}
}

// ping makes one request over a new connection.
func ping(t *testing.T, cfg kafka.Config) error {
	t.Helper()
	opts, err := kafka.Options(cfg)
	if err != nil {
		return err
	}
	cl, err := kgo.NewClient(append(opts, kgo.RequestRetries(0))...)
	require.NoError(t, err)
	defer cl.Close()
	ctx, cancel := patience.Context(t)
	defer cancel()
	return cl.Ping(ctx)
}

// authority signs certificates.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.key, a.cert = a.issue("ca", nil)
	return a
}

func (a *authority) path(name string) string { return filepath.Join(a.dir, name+".pem") }

func (a *authority) issue(name string, by *authority) (*ecdsa.PrivateKey, *x509.Certificate) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	require.NoError(a.t, err)
	tmpl := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IsCA:        by == nil, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	parent, signer := tmpl, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, &key.PublicKey, signer)
	require.NoError(a.t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(a.t, err)
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(a.t, err)
	a.write(name, "CERTIFICATE", der)
	a.write(name+"-key", "PRIVATE KEY", raw)
	return key, cert
}

func (a *authority) write(name, kind string, der []byte) {
	a.t.Helper()
	require.NoError(a.t, os.WriteFile(a.path(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

func TestMutualTLSFollowsItsFiles(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	a.issue("server", a)
	server, err := tls.LoadX509KeyPair(a.path("server"), a.path("server-key"))
	require.NoError(t, err)
	clients := x509.NewCertPool()
	clients.AddCert(a.cert)
	s, err := embedded.Start(t.Context(), embedded.Config{KafkaOptions: []kfake.Opt{kfake.TLS(&tls.Config{
		Certificates: []tls.Certificate{server}, ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert,
	})}})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()

	stranger := newAuthority(t)
	stranger.issue("client", stranger)
	cfg := s.Kafka()
	cfg.TLS = kafka.TLS{Enabled: true, CAFile: a.path("ca"), CertFile: a.path("client"), KeyFile: a.path("client-key")}
	require.ErrorContains(t, ping(t, cfg), "client.pem", "a missing file is an error at start")

	copyFile(t, stranger.path("client"), a.path("client"))
	copyFile(t, stranger.path("client-key"), a.path("client-key"))
	opts, err := kafka.Options(cfg)
	require.NoError(t, err)
	cl, err := kgo.NewClient(append(opts, kgo.RequestRetries(0))...)
	require.NoError(t, err)
	defer cl.Close()
	require.Error(t, cl.Ping(t.Context()), "the wrong authority")
	a.issue("client", a)
	require.NoError(t, cl.Ping(t.Context()), "the same client uses the new certificate")

	cfg.TLS.CAFile = stranger.path("ca")
	require.Error(t, ping(t, cfg), "a broker that the authority has not signed")
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, b, 0o600))
}
