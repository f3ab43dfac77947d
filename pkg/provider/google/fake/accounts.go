package fake

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
)

// accounts is what docs/sandbox.md describes.
type accounts struct {
	Customers map[string]struct {
		Actions        map[string]string `json:"actions"`
		Managers       []string          `json:"managers"`
		TermsNotSigned bool              `json:"terms_not_signed"`
		StoreSales     bool              `json:"store_sales"`
	} `json:"customers"`
	Tokens          []string          `json:"tokens"`
	ServiceAccounts map[string]string `json:"service_accounts"` // e-mail to public key, PEM
	Clients         map[string]struct {
		Secret        string   `json:"secret"`
		RefreshTokens []string `json:"refresh_tokens"`
	} `json:"clients"`
	Projects        []string      `json:"projects"`
	CustomVariables []string      `json:"custom_variables"`
	DefaultConsent  string        `json:"default_consent"`
	ProcessingTime  call.Duration `json:"processing_time"`
	TokenLifetime   call.Duration `json:"token_lifetime"`
	QuotaPerMinute  int           `json:"quota_per_minute"`
	QuotaPerDay     int           `json:"quota_per_day"`
}

// Accounts implements call.Fake.
func (s *Service) Accounts(text json.RawMessage) error {
	var a accounts
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&a); err != nil {
		return fmt.Errorf("reading google: %w", err)
	}
	cfg, err := a.config()
	if err != nil {
		return err
	}
	s.cfg = cfg.withDefaults()
	return nil
}

func (a *accounts) config() (Config, error) {
	cfg := Config{
		Tokens: a.Tokens, Projects: a.Projects, CustomVariables: a.CustomVariables, DefaultConsent: a.DefaultConsent,
		ProcessingTime: time.Duration(a.ProcessingTime), TokenLifetime: time.Duration(a.TokenLifetime),
		QuotaPerMinute: a.QuotaPerMinute, QuotaPerDay: a.QuotaPerDay,
		Customers: map[string]Customer{}, Clients: map[string]Client{}, ServiceAccounts: map[string]*rsa.PublicKey{},
	}
	switch a.DefaultConsent {
	case "", "CONSENT_GRANTED", "CONSENT_DENIED", "CONSENT_STATUS_UNSPECIFIED":
	default:
		return cfg, errors.New("google.default_consent must be CONSENT_GRANTED, CONSENT_DENIED or CONSENT_STATUS_UNSPECIFIED")
	}
	for id, c := range a.Customers {
		cfg.Customers[id] = Customer{Actions: c.Actions, Managers: c.Managers, TermsNotSigned: c.TermsNotSigned, StoreSales: c.StoreSales}
	}
	for id, c := range a.Clients {
		cfg.Clients[id] = Client{Secret: c.Secret, RefreshTokens: c.RefreshTokens}
	}
	for email, text := range a.ServiceAccounts {
		key, err := publicKey(text)
		if err != nil {
			return cfg, fmt.Errorf("google.service_accounts: %s: %w", email, err)
		}
		cfg.ServiceAccounts[email] = key
	}
	return cfg, nil
}

var errPublicKey = errors.New("want an RSA public key in PEM (BEGIN PUBLIC KEY)")

func publicKey(text string) (*rsa.PublicKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errPublicKey
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, errPublicKey
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, errPublicKey
	}
	return key, nil
}
