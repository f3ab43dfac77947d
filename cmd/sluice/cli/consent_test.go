package cli_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var jo = []string{"--customer", "acme", "--subject", "s-1"}

// A record is what was said last, field by field; what is wrong is refused.
func TestConsentOfOneSubject(t *testing.T) {
	t.Parallel()
	s := ready(t)
	consent := func(verb string, args ...string) string {
		return s.ok(append(append([]string{"consent", verb}, jo...), args...)...)
	}
	require.Equal(t, "no record: only what events say themselves counts\n", consent("get"))

	consent("set", "--grant", "ad_user_data,ad_storage", "--deny", "ad_personalization", "--gpc", "false", "--source", "hotline")
	text := consent("set", "--age-group", "adult", "--source", "hotline")
	require.Regexp(t, `ad_user_data +granted`, text)
	require.Regexp(t, `ad_personalization +denied`, text)
	got := unjson(t, consent("get", "--output", "json"))
	require.Equal(t, true, got["found"])
	record := got["record"].(map[string]any)
	require.Equal(t, "granted", record["ad_storage"])
	require.Equal(t, "adult", record["age_group"])
	require.Equal(t, false, record["gpc"])

	require.Regexp(t, `ad_storage +denied\s+ad_user_data +denied\s+ad_personalization +denied\s+analytics_storage +not given`, consent("revoke"))

	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"purpose": {[]string{"--grant", "ads"}, "want ad_storage"}, "both": {[]string{"--grant", "ad_storage", "--deny", "ad_storage"}, "at once"},
		"gpc": {[]string{"--gpc", "yes"}, "true, false or unset"}, "age": {[]string{"--age-group", "senior"}, "child, teen or adult"}, "nothing": {nil, "nothing to set"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := s.run(append(append([]string{"consent", "set"}, jo...), c.args...)...)
			require.Equal(t, 2, got.code)
			require.Contains(t, got.stderr, c.says)
		})
	}
	require.Equal(t, 2, s.run("consent", "get", "--customer", "acme").code)
}

// Erasing stops what waits, tells what was sent where and when, and stays until
// the subject grants again.
func TestEraseTellsWhatWasSent(t *testing.T) {
	t.Parallel()
	p := newPipeline(t, impatient)
	p.start()
	p.emit("acme", "1-", 1) // subject s-1-1
	p.await(1, "--status", "delivered")
	who := []string{"--customer", "acme", "--subject", "s-1-1"}

	dry := p.do(append([]string{"consent", "erase", "--dry-run"}, who...)...)
	require.Regexp(t, `acme-meta +transaction.purchase +1-1 +sent`, dry)
	require.Empty(t, p.records("sluice.consent"))

	got := unjson(t, p.do(append([]string{"consent", "erase", "--output", "json"}, who...)...))
	require.Equal(t, true, got["erased"])
	require.Len(t, got["events"], 1)
	require.Regexp(t, `erased +yes`, p.do(append([]string{"consent", "get"}, who...)...))

	p.do("emit", "--file", p.file("again.ndjson", strings.ReplaceAll(purchase("acme", "2-1", time.Now()), "s-2-1", "s-1-1")))
	p.await(1, "--reason", "consent.erased")

	silent := p.command(append([]string{"consent", "set", "--deny", "ad_storage"}, who...)...)
	require.Equal(t, 2, silent.code)
	require.Contains(t, silent.stderr, "would remove the erasure")
	p.do(append([]string{"consent", "set", "--grant", "ad_user_data,ad_storage,ad_personalization"}, who...)...)
	require.Contains(t, p.do("consent", "erase", "--customer", "acme", "--subject", "nobody", "--dry-run"), "nothing was sent")
}

// An import leaves out what would undo an erasure or a newer choice, and says so.
func TestConsentImport(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.ok("consent", "import", "--file", s.file("first.ndjson", `{"customer_id":"acme","subject_id":"gone","erased":true,"updated_at":"2026-11-01T10:00:00Z"}
{"customer_id":"acme","subject_id":"new","ad_user_data":"denied","updated_at":"2026-11-10T10:00:00Z"}
`))
	file := s.file("second.ndjson", `{"customer_id":"acme","subject_id":"gone","ad_storage":"denied","updated_at":"2026-11-12T10:00:00Z"}
{"customer_id":"acme","subject_id":"new","ad_user_data":"granted","updated_at":"2026-11-05T10:00:00Z"}
{"customer_id":"acme","subject_id":"fresh","ad_user_data":"denied","updated_at":"2026-11-05T10:00:00Z"}
{"customer_id":"acme","subject_id":"fresh","ad_user_data":"granted","updated_at":"2026-11-06T10:00:00Z"}
`)
	want := map[string]any{"records": 3.0, "written": 1.0, "malformed": 0.0, "would_remove_erasure": 1.0, "older_than_what_stands": 1.0, "dry_run": true}
	require.Equal(t, want, unjson(t, s.ok("consent", "import", "--file", file, "--dry-run", "--output", "json")))
	require.Len(t, s.records("sluice.consent"), 2)

	got := s.run("consent", "import", "--file", file)
	require.Equal(t, 0, got.code)
	require.Equal(t, "1 record written, of 3 subjects in the file\n", got.stdout)
	require.Contains(t, got.stderr, "1 record without a grant would remove an erasure: left out")
	require.Contains(t, got.stderr, "1 record older than what stands there: left out")
	require.Equal(t, "granted", unjson(t, s.ok("consent", "get", "--customer", "acme", "--subject", "fresh", "--output", "json"))["record"].(map[string]any)["ad_user_data"])
	require.Contains(t, s.ok("consent", "import", "--file", file, "--overwrite"), "3 records written")

	bad := s.run("consent", "import", "--file", s.file("bad.ndjson", "{\"customer_id\":\"acme\"}\nrubbish\n"))
	require.Equal(t, 2, bad.code)
	require.Contains(t, bad.stderr, "2 bad lines")
	require.Equal(t, 2, s.run("consent", "import", "--file", s.dir+"/not-there").code)
}

// Markers go only when nothing from before the erasure can come any more.
func TestConsentPurge(t *testing.T) {
	t.Parallel()
	s := ready(t)
	young := s.run("consent", "purge", "--older-than", "2d")
	require.Equal(t, 2, young.code)
	require.Contains(t, young.stderr, "can still be pending")
	require.Equal(t, 2, s.run("consent", "purge", "--older-than", "soon").code)

	s.ok("consent", "erase", "--customer", "acme", "--subject", "now", "--dry-run", "--config", s.file("key.yaml", fmt.Sprintf("privacy: {key: %q, key_id: k}\n", "file:"+s.file("key", "a key of more than thirty-two bytes for tests"))))
	require.Contains(t, s.ok("consent", "purge", "--older-than", "60d"), "nothing matches: no erasure is older than 60d")
}

func TestClaimsRebuild(t *testing.T) {
	t.Parallel()
	s := ready(t)
	require.Equal(t, "claims are rebuilt: 0 claims, 0 marks, 0 lost\n", s.ok("claims", "rebuild"))
	require.Contains(t, s.ok("claims", "rebuild"), "nothing to do")
	forced := unjson(t, s.ok("claims", "rebuild", "--force", "--output", "json"))
	require.Equal(t, true, forced["rebuilt"])
	down := s.with(t.Context(), strings.NewReader(""), append([]string{"claims", "rebuild", "--redis", closedPort(t)}, s.flags()[:4]...)...)
	require.Equal(t, 3, down.code)
	require.Contains(t, down.stderr, "redis.address (--redis)")
}
