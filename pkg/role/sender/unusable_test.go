package sender_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/role/sender"
)

// I11, I9: a secret that cannot be used parks its destination alone. Log and
// status say what is wrong with it, never what stands in it; once it is put
// right, what was parked is delivered without a restart.
func TestUnusableSecrets(t *testing.T) {
	t.Parallel()
	const good = `{"access_token":"token-0"}`
	write := func(dir, name, text string) func(*testing.T) {
		return func(t *testing.T) {
			t.Helper()
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
		}
	}
	for name, test := range map[string]struct {
		spoil  func(dir string) func(*testing.T)
		reason decision.Reason
		says   string
	}{
		"missing": {
			spoil:  func(string) func(*testing.T) { return func(*testing.T) {} },
			reason: decision.CredentialsMissing, says: "there is no such file",
		},
		"empty": {
			spoil:  func(dir string) func(*testing.T) { return write(dir, "c0-zero", "\n") },
			reason: decision.CredentialsMissing, says: "it is empty",
		},
		"a link that leads out": {
			spoil: func(dir string) func(*testing.T) {
				return func(t *testing.T) {
					t.Helper()
					write(filepath.Dir(dir), "outside", "canary")(t)
					require.NoError(t, os.Symlink("../outside", filepath.Join(dir, "c0-zero")))
				}
			},
			reason: decision.CredentialsMissing, says: "a link must not lead out",
		},
		"a folder": {
			spoil: func(dir string) func(*testing.T) {
				return func(t *testing.T) {
					t.Helper()
					require.NoError(t, os.Mkdir(filepath.Join(dir, "c0-zero"), 0o700))
				}
			},
			reason: decision.CredentialsMissing, says: "not a regular file",
		},
		"no JSON": {
			spoil:  func(dir string) func(*testing.T) { return write(dir, "c0-zero", "canary") },
			reason: decision.CredentialsInvalid, says: "want a JSON object",
		},
		"JSON of another provider": {
			spoil:  func(dir string) func(*testing.T) { return write(dir, "c0-zero", `{"signing_key":"canary"}`) },
			reason: decision.CredentialsInvalid, says: `"access_token"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "secrets")
			require.NoError(t, os.Mkdir(dir, 0o700))
			test.spoil(dir)(t)
			write(dir, "c1-one", `{"access_token":"token-1"}`)(t)
			bubble(t, 2, func(r *harness) {
				r.apply(strings.NewReplacer("file:c0-d0", "file:c0-zero", "file:c1-d1", "file:c1-one").Replace(resources(2)))
				var log bytes.Buffer
				s := r.start(func(_ *sender.Config, d *sender.Deps) {
					d.Secrets, d.Log = sender.References{Dir: dir}, slog.New(slog.NewTextHandler(&log, nil))
				})
				r.order(0, "order", ids("a", 3)...)
				r.order(1, "order", ids("b", 3)...)
				r.await(func() bool {
					return r.counts()["parked "+test.reason.String()] == 3 && r.counts()["delivered delivered"] == 3
				}, "parked")
				r.await(func() bool { return r.status("d0").State == "blocked" }, "published")
				require.Equal(t, test.reason, r.status("d0").Reason)
				require.Contains(t, r.status("d0").Message, test.says)
				require.NotContains(t, r.status("d0").Message, "canary")
				require.Equal(t, "open", r.status("d1").State)
				for _, e := range r.wire.requests() {
					require.Contains(t, e.URL, dataset(1), "nothing is asked without a secret")
				}
				require.NoError(t, os.RemoveAll(filepath.Join(dir, "c0-zero")))
				write(dir, "c0-zero", good)(t)
				r.await(func() bool { return r.counts()["delivered delivered"] == 6 }, "healed")
				r.stop(s)
				require.Contains(t, log.String(), "reason="+test.reason.String())
				require.NotContains(t, log.String(), "canary")
			})
		})
	}
}
