package services

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// PlainUser and PlainPassword log in with SASL PLAIN on the secure listener.
// Users of SCRAM are made by the test, through the plain listener. The user
// has no rights but those that ACLs give.
const (
	PlainUser     = "plain"
	PlainPassword = "plain-for-tests"
)

// prepareSecurity makes an authority and one certificate for all brokers.
func (s *Set) prepareSecurity(brokers []broker) error {
	ca, caKey, err := certificate("sluice test authority", nil, nil)
	if err != nil {
		return fmt.Errorf("making the brokers' authority: %w", err)
	}
	cert, key, err := certificate("localhost", ca, caKey)
	if err != nil {
		return fmt.Errorf("making the brokers' certificate: %w", err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("making the brokers' certificate: %w", err)
	}
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw})
	both := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), chain...)
	for name, text := range map[string][]byte{"ca.pem": authority, "broker.pem": both} {
		if err := os.WriteFile(filepath.Join(s.Dir(), name), text, 0o600); err != nil {
			return fmt.Errorf("writing the brokers' certificates: %w", err)
		}
	}
	s.state.Addresses.SecureCA = filepath.Join(s.Dir(), "ca.pem")
	for _, b := range brokers {
		s.state.Addresses.SecureKafka = append(s.state.Addresses.SecureKafka, b.secure)
	}
	return nil
}

// securityProperties add the listener and the authorizer. Whoever comes
// through the plain listener is ANONYMOUS and may do everything: brokers,
// controllers, and tests that set things up.
func (s *Set) securityProperties(b broker) map[string]string {
	const scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
	plain := fmt.Sprintf("org.apache.kafka.common.security.plain.PlainLoginModule required user_%s=%q;", PlainUser, PlainPassword)
	return map[string]string{
		"listeners":               "PLAINTEXT://" + b.plain + ",CONTROLLER://" + b.controller + ",SECURE://" + b.secure,
		"advertised.listeners":    "PLAINTEXT://" + b.plain + ",SECURE://" + b.secure,
		"authorizer.class.name":   "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
		"super.users":             "User:ANONYMOUS",
		"sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512,PLAIN",
		"ssl.keystore.type":       "PEM",
		"ssl.keystore.location":   filepath.Join(s.Dir(), "broker.pem"),
		"ssl.truststore.type":     "PEM",
		"ssl.truststore.location": filepath.Join(s.Dir(), "ca.pem"),
		"listener.name.secure.scram-sha-256.sasl.jaas.config": scram,
		"listener.name.secure.scram-sha-512.sasl.jaas.config": scram,
		"listener.name.secure.plain.sasl.jaas.config":         plain,
	}
}

// certificate makes one that lasts a week; without a parent it is an authority.
func certificate(name string, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(7 * 24 * time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IsCA:        parent == nil, BasicConstraintsValid: true,
	}
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return cert, key, err
}
