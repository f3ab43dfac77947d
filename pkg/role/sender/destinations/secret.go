package destinations

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
)

// maxSecretBytes bounds a secret: a service account's key file is 2.5 KiB.
const maxSecretBytes = 64 << 10

// References resolves what destinations refer to: file:NAME inside one
// folder, env:NAME of listed variables, and nothing else. Whoever may write a
// destination must not be able to read any file or variable of the process.
type References struct {
	// Dir is the only folder; empty refuses file: references.
	Dir string
	// Env are the only variables.
	Env []string
}

var _ Secrets = References{}

// Resolve reads the secret as it is now. The version is a digest that changes
// with the content and is kept in memory only. Errors name the reference,
// never the content.
func (r References) Resolve(reference string) (provider.Secret, string, error) {
	kind, name, ok := strings.Cut(reference, ":")
	var text string
	var err error
	switch {
	case ok && kind == "file":
		text, err = r.file(name)
	case ok && kind == "env":
		text, err = r.variable(name)
	default:
		err = errors.New("it is neither file:NAME nor env:NAME")
	}
	if err == nil && strings.TrimSpace(text) == "" {
		err = errors.New("it is empty: put the secret into it")
	}
	if err != nil {
		return provider.Secret{}, "", fmt.Errorf("resolving %s: %w", shown(reference), err)
	}
	sum := sha256.Sum256([]byte(text))
	return identity.NewRaw(strings.TrimSpace(text)), hex.EncodeToString(sum[:8]), nil
}

// shown keeps a secret that was put in place of its reference out of errors.
func shown(reference string) string {
	if strings.HasPrefix(reference, "file:") || strings.HasPrefix(reference, "env:") {
		return reference
	}
	return "a secret"
}

// file reads inside the folder only: os.Root follows no link out of it.
func (r References) file(name string) (string, error) {
	if r.Dir == "" {
		return "", errors.New("file: references are refused here: set sender.secrets_dir")
	}
	if !filepath.IsLocal(name) {
		return "", errors.New("it leads out of the secrets folder: name a file inside sender.secrets_dir")
	}
	root, err := os.OpenRoot(r.Dir)
	if err != nil {
		return "", errors.New("the secrets folder cannot be opened: does sender.secrets_dir exist, and may this process enter it?")
	}
	defer func() { _ = root.Close() }() // read only: closing it loses nothing
	// Before opening: a named pipe would block whoever opens it.
	info, err := root.Stat(name)
	switch {
	case err != nil:
		return "", reason(err)
	case !info.Mode().IsRegular():
		return "", errors.New("it is not a regular file: name a file that holds the secret")
	}
	f, err := root.Open(name)
	if err != nil {
		return "", reason(err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxSecretBytes+1))
	switch {
	case err != nil:
		return "", reason(err)
	case len(text) > maxSecretBytes:
		return "", fmt.Errorf("it is larger than %d bytes", maxSecretBytes)
	}
	return string(text), nil
}

// reason gives an error of the file system in words of ours: its own text
// holds paths of this machine.
func reason(err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return errors.New("there is no such file in the secrets folder: put it into sender.secrets_dir, or correct the destination's secret")
	case errors.Is(err, os.ErrPermission):
		return errors.New("the file may not be read by this process: permit it to its user")
	default:
		return errors.New("the file cannot be read inside the secrets folder: a link must not lead out of it")
	}
}

func (r References) variable(name string) (string, error) {
	if !slices.Contains(r.Env, name) {
		return "", errors.New("the variable is not listed in sender.secrets_env")
	}
	text, ok := os.LookupEnv(name)
	if !ok {
		return "", errors.New("the variable is not set")
	}
	if len(text) > maxSecretBytes {
		return "", fmt.Errorf("it is larger than %d bytes", maxSecretBytes)
	}
	return text, nil
}
