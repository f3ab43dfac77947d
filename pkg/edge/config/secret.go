package config

import (
	"fmt"
	"os"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/identity"
)

// Secret is a password, token or key, by reference: file:/path or env:NAME.
// Only the environment may hold the value itself (SLUICE_REDIS_PASSWORD=...):
// files are committed and flags are seen by every process of the machine. A
// Secret prints as its reference, or as [redacted].
type Secret struct {
	reference string
	value     identity.Raw
}

// The two kinds of reference.
const (
	filePrefix = "file:"
	envPrefix  = "env:"
)

// maxSecretBytes bounds a secret file, so that a wrong path does not read a
// disk image into memory.
const maxSecretBytes = 64 << 10

// Reference makes a secret from file:/path or env:NAME.
func Reference(s string) (Secret, error) {
	for _, prefix := range []string{filePrefix, envPrefix} {
		if rest, ok := strings.CutPrefix(s, prefix); ok && rest != "" {
			return Secret{reference: s}, nil
		}
	}
	return Secret{}, fmt.Errorf("want a reference: %s/path or %sNAME, not the secret itself", filePrefix, envPrefix)
}

// secretReference reads what a file or a flag may hold: a reference or nothing.
func secretReference(s string) (Secret, error) {
	if s == "" {
		return Secret{}, nil
	}
	return Reference(s)
}

// secretOrReference reads what a variable may hold.
func secretOrReference(s string) (Secret, error) {
	if secret, err := secretReference(s); err == nil {
		return secret, nil
	}
	return Literal(s), nil
}

// Literal makes a secret from its value; for values that came from the
// environment, and for tests.
func Literal(s string) Secret { return Secret{value: identity.NewRaw(s)} }

// IsZero reports whether nothing is set.
func (s Secret) IsZero() bool { return s.reference == "" && s.value.IsZero() }

// File gives the path of a file: reference, for clients that read the file
// themselves whenever it changes.
func (s Secret) File() (path string, ok bool) { return strings.CutPrefix(s.reference, filePrefix) }

// Resolve reads the secret as it is now. White space around it is dropped,
// because files end with a line break. An unset secret resolves to the zero
// Raw. Errors name the reference, never the value.
func (s Secret) Resolve() (identity.Raw, error) {
	switch {
	case s.reference == "":
		return s.value, nil
	case strings.HasPrefix(s.reference, envPrefix):
		return present(s.reference, os.Getenv(strings.TrimPrefix(s.reference, envPrefix)))
	}
	path, _ := s.File()
	info, err := os.Stat(path)
	if err != nil {
		return identity.Raw{}, fmt.Errorf("resolving %s: %w", s.reference, err)
	}
	if info.Size() > maxSecretBytes || info.IsDir() {
		return identity.Raw{}, fmt.Errorf("resolving %s: it is not a file of at most %d bytes", s.reference, maxSecretBytes)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return identity.Raw{}, fmt.Errorf("resolving %s: %w", s.reference, err)
	}
	return present(s.reference, string(text))
}

func present(reference, text string) (identity.Raw, error) {
	if text = strings.TrimSpace(text); text == "" {
		return identity.Raw{}, fmt.Errorf("resolving %s: it is empty", reference)
	}
	return identity.NewRaw(text), nil
}

// String gives the reference, or [redacted], or nothing where nothing is set.
func (s Secret) String() string {
	if s.reference == "" && !s.value.IsZero() {
		return "[redacted]"
	}
	return s.reference
}

// GoString is String, for %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText is String, for JSON, YAML and slog.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
