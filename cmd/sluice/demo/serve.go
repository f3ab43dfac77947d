package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sluicehq/sluice/pkg/fake/sandbox"
)

// Addresses are where the demo's services listen.
type Addresses struct {
	Brokers, Registry, Redis, Sandbox string
	// Config is a file with all of it, for --config.
	Config string
	// Secrets is the folder where the senders look for the secrets of
	// destinations that other terminals apply.
	Secrets string
	// Partitions of the keyed topics: fewer than declared.
	Partitions int
}

// serve keeps everything running for other terminals, and gives the number of
// events that anybody wrote.
func (s *stage) serve(ctx context.Context, o Options, sc *scene, ledger *Ledger, failed <-chan error) (int, error) {
	if err := s.writeSecrets(sc.secrets); err != nil {
		return 0, err
	}
	path, err := s.writeConfig()
	if err != nil {
		return 0, err
	}
	o.Serve(Addresses{
		Brokers: s.services.Kafka().Brokers[0], Registry: s.services.RegistryURL(),
		Redis: s.services.RedisOptions().Addr, Sandbox: s.urls["control"], Config: path,
		Secrets: s.dir, Partitions: partitions,
	})
	<-ctx.Done()
	return s.afterServing(context.WithoutCancel(ctx), ledger, failed)
}

// writeSecrets leaves credentials that only the sandbox takes where the
// written configuration looks for them: a sender of another terminal resolves
// references as an installation does.
func (s *stage) writeSecrets(secrets sandboxSecrets) error {
	for reference := range secrets.providers {
		name, isFile := strings.CutPrefix(reference, "file:")
		if !isFile || !filepath.IsLocal(name) {
			continue // env: is the other terminal's own, anything else is refused there
		}
		secret, _, err := secrets.Resolve(reference)
		if err != nil {
			return err
		}
		path := filepath.Join(s.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return fmt.Errorf("writing sandbox credentials: %w", err)
		}
		if err := os.WriteFile(path, []byte(secret.Reveal()), 0o600); err != nil {
			return fmt.Errorf("writing sandbox credentials: %w", err)
		}
	}
	return nil
}

// writeConfig leaves a configuration file for other terminals. What two
// processes of one installation must agree on is the demo's own.
func (s *stage) writeConfig() (string, error) {
	key := filepath.Join(s.dir, "privacy.key")
	if err := os.WriteFile(key, []byte(privacyKey), 0o600); err != nil {
		return "", fmt.Errorf("writing the demo's privacy key: %w", err)
	}
	eraseKey := filepath.Join(s.dir, "erase.key")
	secret, err := s.env.Config.Erase.Keys[eraseKeyID].Resolve()
	if err == nil {
		err = os.WriteFile(eraseKey, []byte(secret.Reveal()), 0o600)
	}
	if err != nil {
		return "", fmt.Errorf("writing the demo's installation key: %w", err)
	}
	c, path := s.env.Config, filepath.Join(s.dir, "sluice.yaml")
	text := fmt.Sprintf(`# Written by sluice demo --serve; it is gone when the demo ends.
# Its topics have fewer partitions than declared: sluice topology diff --partitions %d
kafka: {brokers: [%q], input_max_bytes: %d}
registry: {url: %q}
redis: {address: %q}
router: {hold: {after: %s}}
sender:
  secrets_dir: %q
  lanes: {batch: %s}
  run: [%s]
  providers:
%sprivacy: {key: %q, key_id: %s}
erase: {keys: {%s: %q}, key_id: %s}
admin: {listen: "off"}
`, partitions, c.Kafka.Brokers[0], inputMaxBytes, c.Registry.URL, c.Redis.Address, c.Router.Hold.After.Std(), s.dir, c.Sender.Lanes.Batch.Std(),
		strings.Join(sandbox.Providers(), ", "), s.reach(), "file:"+key, privacyKeyID, eraseKeyID, "file:"+eraseKey, eraseKeyID)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("writing the demo's configuration: %w", err)
	}
	return path, nil
}

// reach are the addresses of the providers' fakes, a line each.
func (s *stage) reach() string {
	var b strings.Builder
	for _, name := range sandbox.Providers() {
		fmt.Fprintf(&b, "    %s: {base_url: %q, ", name, s.urls[name])
		if token := s.urls[name+sandbox.Token]; token != "" {
			fmt.Fprintf(&b, "token_url: %q, ", token)
		}
		b.WriteString("allow_insecure: true, allow_private: true}\n")
	}
	return b.String()
}
