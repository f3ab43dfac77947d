package sandbox

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/google"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/meta"
)

// accountsFile is what docs/sandbox.md describes.
type accountsFile struct {
	Meta struct {
		Datasets map[string]struct {
			Tokens       []string `json:"tokens"`
			AppSecret    string   `json:"app_secret"`
			RequireProof bool     `json:"require_proof"`
			NotLinked    bool     `json:"not_linked"`
		} `json:"datasets"`
		RefuseEmptyHash bool `json:"refuse_empty_hash"`
	} `json:"meta"`
	Google struct {
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
		Projects        []string `json:"projects"`
		CustomVariables []string `json:"custom_variables"`
		DefaultConsent  string   `json:"default_consent"`
		ProcessingTime  Duration `json:"processing_time"`
		TokenLifetime   Duration `json:"token_lifetime"`
		QuotaPerMinute  int      `json:"quota_per_minute"`
		QuotaPerDay     int      `json:"quota_per_day"`
	} `json:"google"`
	Webhook struct {
		Endpoints map[string][]string `json:"endpoints"`
	} `json:"webhook"`
}

// ReadAccounts reads which accounts, credentials and limits a sandbox has; what
// a file leaves out stays open. docs/sandbox.md describes the file.
func ReadAccounts(text []byte) (Config, error) {
	var f accountsFile
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return Config{}, fmt.Errorf("reading accounts: %w", err)
	}
	var cfg Config
	for id, d := range f.Meta.Datasets {
		if cfg.Meta.Datasets == nil {
			cfg.Meta.Datasets = map[string]meta.Dataset{}
		}
		cfg.Meta.Datasets[id] = meta.Dataset{Tokens: d.Tokens, AppSecret: d.AppSecret, RequireProof: d.RequireProof, NotLinked: d.NotLinked}
	}
	cfg.Meta.RefuseEmptyHash = f.Meta.RefuseEmptyHash
	cfg.Webhook.Endpoints = f.Webhook.Endpoints
	var err error
	cfg.Google, err = f.google()
	return cfg, err
}

func (f *accountsFile) google() (google.Config, error) {
	g := &f.Google
	cfg := google.Config{
		Tokens: g.Tokens, Projects: g.Projects, CustomVariables: g.CustomVariables, DefaultConsent: g.DefaultConsent,
		ProcessingTime: time.Duration(g.ProcessingTime), TokenLifetime: time.Duration(g.TokenLifetime),
		QuotaPerMinute: g.QuotaPerMinute, QuotaPerDay: g.QuotaPerDay,
	}
	switch g.DefaultConsent {
	case "", "CONSENT_GRANTED", "CONSENT_DENIED", "CONSENT_STATUS_UNSPECIFIED":
	default:
		return cfg, errors.New("reading accounts: google.default_consent must be CONSENT_GRANTED, CONSENT_DENIED or CONSENT_STATUS_UNSPECIFIED")
	}
	for id, c := range g.Customers {
		if cfg.Customers == nil {
			cfg.Customers = map[string]google.Customer{}
		}
		cfg.Customers[id] = google.Customer{Actions: c.Actions, Managers: c.Managers, TermsNotSigned: c.TermsNotSigned, StoreSales: c.StoreSales}
	}
	for id, c := range g.Clients {
		if cfg.Clients == nil {
			cfg.Clients = map[string]google.Client{}
		}
		cfg.Clients[id] = google.Client{Secret: c.Secret, RefreshTokens: c.RefreshTokens}
	}
	for email, text := range g.ServiceAccounts {
		key, err := publicKey(text)
		if err != nil {
			return cfg, fmt.Errorf("reading accounts: google.service_accounts: %s: %w", email, err)
		}
		if cfg.ServiceAccounts == nil {
			cfg.ServiceAccounts = map[string]*rsa.PublicKey{}
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
