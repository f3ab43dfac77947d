package kafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// The SASL mechanisms that may be configured.
const (
	ScramSHA256 = "SCRAM-SHA-256"
	ScramSHA512 = "SCRAM-SHA-512"
	Plain       = "PLAIN"
	OAuthBearer = "OAUTHBEARER"
)

// SASL says who we are to the brokers. Files are read again for every
// connection, so that rotating one needs no restart.
type SASL struct {
	// Mechanism is one of the constants above; empty is no SASL.
	Mechanism string
	// Username for SCRAM and PLAIN.
	Username string
	// Password for SCRAM and PLAIN; PasswordFile wins where both are given.
	Password string
	// PasswordFile holds the password; white space around it is ignored.
	PasswordFile string
	// TokenFile holds the bearer token for OAUTHBEARER.
	TokenFile string
}

// String never shows the password.
func (s SASL) String() string { return s.Mechanism + " " + s.Username }

// GoString never shows the password.
func (s SASL) GoString() string { return s.String() }

func (s SASL) validate() error {
	switch s.Mechanism {
	case "":
		return nil
	case ScramSHA256, ScramSHA512, Plain:
		var errs []error
		if s.Username == "" {
			errs = append(errs, fmt.Errorf("sasl.username: needed for %s", s.Mechanism))
		}
		if s.Password == "" && s.PasswordFile == "" {
			errs = append(errs, fmt.Errorf("sasl.password_file: needed for %s", s.Mechanism))
		}
		return errors.Join(errs...)
	case OAuthBearer:
		if s.TokenFile == "" {
			return errors.New("sasl.token_file: needed for OAUTHBEARER")
		}
		return nil
	default:
		return fmt.Errorf("sasl.mechanism: %q is none of %s, %s, %s, %s", s.Mechanism, ScramSHA256, ScramSHA512, Plain, OAuthBearer)
	}
}

func (s SASL) mechanism() sasl.Mechanism {
	switch s.Mechanism {
	case OAuthBearer:
		return oauth.Oauth(func(context.Context) (oauth.Auth, error) {
			token, err := readSecret(s.TokenFile)
			return oauth.Auth{Token: token}, err
		})
	case Plain:
		return plain.Plain(func(context.Context) (plain.Auth, error) {
			pass, err := s.password()
			return plain.Auth{User: s.Username, Pass: pass}, err
		})
	}
	auth := func(context.Context) (scram.Auth, error) {
		pass, err := s.password()
		return scram.Auth{User: s.Username, Pass: pass}, err
	}
	if s.Mechanism == ScramSHA256 {
		return scram.Sha256(auth)
	}
	return scram.Sha512(auth)
}

func (s SASL) password() (string, error) {
	if s.PasswordFile == "" {
		return s.Password, nil
	}
	return readSecret(s.PasswordFile)
}

func readSecret(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading kafka credentials: %w", err)
	}
	v := strings.TrimSpace(string(b))
	if v == "" {
		return "", fmt.Errorf("reading kafka credentials: %s is empty", path)
	}
	return v, nil
}
