package world

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/test/load/traffic"
)

// writeConfig writes what an operator would, with waits that suit a test of
// minutes: transactions that wait for hardly anything, so that a kill finds many
// of them, and a short hold.
func (w *World) writeConfig(s *Slot, base string) error {
	urls := sandbox.URLsAt(base)
	// Roles have to notice soon that a registry is gone; the tools only set up,
	// and a registry that has just been started takes its time.
	patience := "2s"
	if s.Role == "tools" {
		patience = "20s"
	}
	registry := "http://" + s.Registry.Addr() + pathOf(w.RegistryURL)
	text := fmt.Sprintf(`kafka: {brokers: [%s]}
registry: {url: %q, timeout: %s}
redis: {address: %q}
router: {batch: {records: 500, wait: 5ms}, hold: {after: 2s}}
sender:
  secrets_dir: %q
  lanes: {batch: 1s}
  providers:
    meta: {base_url: %q, allow_insecure: true, allow_private: true}
    google: {base_url: %q, token_url: %q, allow_insecure: true, allow_private: true}
    webhook: {base_url: %q, allow_insecure: true, allow_private: true}
%sprivacy: {key: %q, key_id: loadgen}
erase: {keys: {k1: %q}, key_id: k1}
diagnostics: {unmapped: all}
admin: {listen: "127.0.0.1:0"}
telemetry: {log: {level: info}}
shutdown: {drain: 10s}
`, quoted(w.Brokers), registry, patience, s.Tap.Addr(), w.Dir, urls["meta"], urls["google"], urls["google_token"], urls["webhook"], others(urls), "file:"+w.Dir+"/privacy.key", "file:"+w.Dir+"/erase.key")
	if err := os.WriteFile(s.Config, []byte(text), 0o600); err != nil {
		return fmt.Errorf("writing the configuration of %s: %w", s.Name, err)
	}
	return nil
}

// others are the providers whose configuration is their address alone.
func others(urls sandbox.URLs) string {
	var b strings.Builder
	for _, provider := range slices.Sorted(maps.Keys(traffic.Secrets())) {
		fmt.Fprintf(&b, "    %s: {base_url: %q, allow_insecure: true, allow_private: true}\n", provider, urls[provider])
	}
	return b.String()
}

func quoted(all []string) string {
	parts := make([]string, len(all))
	for i, a := range all {
		parts[i] = fmt.Sprintf("%q", a)
	}
	return strings.Join(parts, ", ")
}

// pathOf is what follows the host of a URL.
func pathOf(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	_, path, found := strings.Cut(rest, "/")
	if !found {
		return ""
	}
	return "/" + path
}
