// Package toy_test shows what a new provider costs: one folder and one line.
package toy_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestAProviderIsOneFolderAndOneLine copies the tree, adds the folder
// testdata/toy and its line in pkg/provider/all, runs the generator as `make
// generate` does, and builds the binary. Topics, chart, docs page, explain,
// schema, sandbox and demo know the provider then.
func TestAProviderIsOneFolderAndOneLine(t *testing.T) {
	t.Parallel()
	root := copyTree(t)
	require.NoError(t, os.CopyFS(filepath.Join(root, "pkg", "provider", "toy"), os.DirFS(filepath.Join("testdata", "toy"))))
	replace(t, filepath.Join(root, "pkg", "provider", "all", "all.go"),
		"\t\twebhook.Registration(),\n", "\t\twebhook.Registration(),\n\t\ttoy.Registration(),\n",
		"/pkg/provider/webhook\"\n", "/pkg/provider/webhook\"\n\t\"github.com/sluicehq/sluice/pkg/provider/toy\"\n")
	run(t, root, "go", "run", "-buildvcs=false", "-trimpath", "./deploy/generate", ".")
	for file, want := range map[string][]string{
		"deploy/helm/sluice/files/topology.yaml": {"- name: delivery.toy.realtime", "- name: deadletter.toy", "  toy:\n  - api.toy.example\n"},
		"deploy/helm/sluice/values.yaml":         {"    # Toy Events API.\n    # @schema provider\n    toy: {enabled: false,"},
		"deploy/helm/sluice/values.schema.json":  {`"toy": {`},
		"deploy/helm/sluice/README.md":           {"`sender.providers.toy`"},
		"docs/providers/toy.md":                  {"# Toy Events API", "| hosts | api.toy.example |", "| `401` | - | credentials |", "| `transaction.purchase` | `buy` | realtime |"},
	} {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
		require.NoError(t, err)
		for _, part := range want {
			require.True(t, strings.Contains(string(text), part), "%s lacks %q", file, part) //nolint:testifylint // whole files in a failure help nobody
		}
	}

	run(t, root, "go", "build", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w", "-o", "sluice", "./cmd/sluice")
	sluice := filepath.Join(root, "sluice")
	resources, events := files(t, root)
	require.Contains(t, run(t, root, sluice, "topology", "acls", "--role", "sender"), "sluice.deadletter.toy")
	require.Contains(t, run(t, root, sluice, "resources", "schema"), "The shop's id at the toy API.")
	explained := run(t, root, sluice, "explain", "--resources", resources, "--events", events)
	require.Contains(t, explained, `"event": "buy"`)
	require.NotContains(t, explained, "ada@")
	require.Contains(t, addresses(t, sluice), "toy")

	var result struct {
		Providers map[string]struct {
			Accepted int `json:"accepted"`
		} `json:"providers"`
	}
	text := run(t, root, sluice, "demo", "--resources", resources, "--input", events, "--output", "json")
	require.NoError(t, json.Unmarshal([]byte(text), &result), text)
	require.Equal(t, 1, result.Providers["toy"].Accepted, text)
}

// files are a destination and a mapping of the toy API, and an event of now.
func files(t *testing.T, root string) (resources, events string) {
	t.Helper()
	resources, events = filepath.Join(root, "toy.yaml"), filepath.Join(root, "toy.ndjson")
	require.NoError(t, os.WriteFile(resources, []byte(`apiVersion: sluice/v1
kind: Destination
metadata: {name: acme-toy, customer: acme, owner: growth@acme.example}
spec:
  provider: toy
  active: true
  account: {shop: "4711"}
  secret: file:acme-toy.json
  terms: {accepted_by: dpo@acme.example, accepted_at: 2026-11-01}
---
apiVersion: sluice/v1
kind: Mapping
metadata: {name: acme-toy-shop}
spec: {destination: acme-toy, template: commerce}
`), 0o600))
	require.NoError(t, os.WriteFile(events, fmt.Appendf(nil, `{"customer_id":"acme","event_name":"transaction.purchase","event_time":%d,"event_id":"toy-1","subject_id":"visitor-1","source":"web","location":{"country":"DE"},"identity":{"emails":["ada@mail.example"]},"consent":{"ad_storage":"granted","ad_user_data":"granted","ad_personalization":"granted"},"commerce":{"transaction_id":"T-1001","value":49.9,"currency":"EUR"}}
`, time.Now().UnixMilli()), 0o600))
	return resources, events
}

// addresses are where a sandbox says that providers answer.
func addresses(t *testing.T, sluice string) map[string]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), sluice, "sandbox", "--listen", "127.0.0.1:0", "--output", "json", "--report=false")
	cmd.Env, cmd.Stderr = clean(), os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	urls := map[string]string{}
	require.NoError(t, json.NewDecoder(bufio.NewReader(out)).Decode(&urls))
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait())
	return urls
}

// copyTree copies what the binary and the generator are made of.
func copyTree(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	const from = "../.."
	left := []string{".git", "bin", "test", "tools"}
	require.NoError(t, filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains(left, name):
			return fs.SkipDir
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(root, name), 0o755)
		case !entry.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(root, name), text, 0o600)
	}))
	return root
}

func replace(t *testing.T, file string, oldnew ...string) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for i := 0; i < len(oldnew); i += 2 {
		require.Equal(t, 1, strings.Count(string(text), oldnew[i]), oldnew[i])
	}
	require.NoError(t, os.WriteFile(file, []byte(strings.NewReplacer(oldnew...).Replace(string(text))), 0o600))
}

// run runs a command in the copy and gives what it prints.
func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	var out, errs strings.Builder
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, clean(), &out, &errs
	require.NoError(t, cmd.Run(), "%s %v\n%s\n%s", name, args, &out, &errs)
	return out.String()
}

// clean is this process's environment without settings of Sluice, and without C,
// as the binary is built.
func clean() []string {
	kept := []string{"CGO_ENABLED=0"}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "SLUICE_") && !strings.HasPrefix(v, "GOCOVERDIR=") && !strings.HasPrefix(v, "CGO_ENABLED=") {
			kept = append(kept, v)
		}
	}
	return kept
}
