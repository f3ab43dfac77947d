package cli_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

// jo is a subject of a customer that has no resources yet.
var jo = []string{"--customer", "acme", "--subject", "s-1", "--yes"}

// A record is what was said last, field by field; what is wrong is refused.
func TestConsentOfOneSubject(t *testing.T) {
	t.Parallel()
	s := ready(t)
	consent := func(verb string, args ...string) string {
		return s.ok(append(append([]string{"consent", verb}, jo...), args...)...)
	}
	get := func(args ...string) string {
		return s.ok(append([]string{"consent", "get", "--customer", "acme", "--subject", "s-1"}, args...)...)
	}
	require.Equal(t, "no record: only what events say themselves counts\n", get())

	consent("set", "--grant", "ad_user_data,ad_storage", "--deny", "ad_personalization", "--gpc", "false", "--source", "hotline")
	text := consent("set", "--age-group", "adult", "--source", "hotline")
	require.Regexp(t, `ad_user_data +granted`, text)
	require.Regexp(t, `ad_personalization +denied`, text)
	got := unjson(t, get("--output", "json"))
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
	s.ok("consent", "import", "--yes", "--file", s.file("first.ndjson", `{"customer_id":"acme","subject_id":"gone","erased":true,"updated_at":"2026-11-01T10:00:00Z"}
{"customer_id":"acme","subject_id":"new","ad_user_data":"denied","updated_at":"2026-11-10T10:00:00Z"}
`))
	file := s.file("second.ndjson", `{"customer_id":"acme","subject_id":"gone","ad_storage":"denied","updated_at":"2026-11-12T10:00:00Z"}
{"customer_id":"acme","subject_id":"new","ad_user_data":"granted","updated_at":"2026-11-05T10:00:00Z"}
{"customer_id":"acme","subject_id":"fresh","ad_user_data":"denied","updated_at":"2026-11-05T10:00:00Z"}
{"customer_id":"acme","subject_id":"fresh","ad_user_data":"granted","updated_at":"2026-11-06T10:00:00Z"}
`)
	misspelt := s.run("consent", "import", "--file", s.file("misspelt.ndjson", `{"customer_id":"acmee","subject_id":"gone","ad_user_data":"denied","updated_at":"2026-11-10T10:00:00Z"}
`))
	require.Equal(t, 2, misspelt.code)
	require.Contains(t, misspelt.stderr, "no resource names a customer acmee: nothing was written")
	require.Len(t, s.records("sluice.consent"), 2)
	want := map[string]any{"records": 3.0, "written": 1.0, "malformed": 0.0, "would_remove_erasure": 1.0, "older_than_what_stands": 1.0, "dry_run": true}
	require.Equal(t, want, unjson(t, s.ok("consent", "import", "--yes", "--file", file, "--dry-run", "--output", "json")))
	require.Len(t, s.records("sluice.consent"), 2)

	got := s.run("consent", "import", "--yes", "--file", file)
	require.Equal(t, 0, got.code)
	require.Equal(t, "1 record written, of 3 subjects in the file\n", got.stdout)
	require.Contains(t, got.stderr, "1 record without a grant would remove an erasure: left out")
	require.Contains(t, got.stderr, "1 record older than what stands there: left out")
	require.Equal(t, "granted", unjson(t, s.ok("consent", "get", "--customer", "acme", "--subject", "fresh", "--output", "json"))["record"].(map[string]any)["ad_user_data"])
	require.Contains(t, s.ok("consent", "import", "--yes", "--file", file, "--overwrite"), "3 records written")

	bad := s.run("consent", "import", "--file", s.file("bad.ndjson", "{\"customer_id\":\"acme\"}\nrubbish\n"))
	require.Equal(t, 2, bad.code)
	require.Contains(t, bad.stderr, "2 bad lines")
	require.Equal(t, 2, s.run("consent", "import", "--file", s.dir+"/not-there").code)
}

// TestConsentHistory: who changed what, how, and from what to what, also where a
// consent service wrote it.
func TestConsentHistory(t *testing.T) {
	t.Parallel()
	s := ready(t)
	require.Contains(t, s.ok("consent", "history", "s-1", "--customer", "acme"), "no record of this subject is held")
	set := func(verb string, args ...string) { s.ok(append(append([]string{"consent", verb}, jo...), args...)...) }
	set("set", "--grant", "ad_user_data", "--author", "mia", "--source", "hotline")
	set("revoke", "--author", "otto", "--source", "letter")
	set("revoke", "--author", "otto", "--source", "letter")
	set("erase", "--author", "dpo", "--config", s.file("key.yaml", fmt.Sprintf("privacy: {key: %q, key_id: k}\n", "file:"+s.file("key", "a key of more than thirty-two bytes for tests"))))
	s.ok("consent", "import", "--yes", "--author", "crm", "--file", s.file("first.ndjson", `{"customer_id":"acme","subject_id":"s-2","ad_user_data":"denied","updated_at":"2026-11-01T10:00:00Z"}
{"customer_id":"other","subject_id":"s-1","ad_user_data":"granted","updated_at":"2026-11-10T10:00:00Z"}
`))
	// A consent service of the customer's own: it copies a record and signs it
	// with characters that would move a cursor.
	records := s.records("sluice.consent")
	first := slices.IndexFunc(records, func(r *kgo.Record) bool { return header(r, "sluice-author") == "mia" })
	require.GreaterOrEqual(t, first, 0)
	s.produce("sluice.consent", records[first].Key, records[first].Value, map[string]string{"sluice-author": "portal\x1b[2J", "sluice-method": "preference centre"})
	s.produce("sluice.consent", records[first].Key, nil, nil)

	answer := unjson(t, s.ok("consent", "history", "s-1", "--customer", "acme", "--output", "json"))
	require.Equal(t, 1814400.0, answer["kept_seconds"])
	var told []string
	for _, one := range answer["changes"].([]any) {
		c := one.(map[string]any)
		line := fmt.Sprintf("%s %s by %s (%s)", c["customer_id"], c["action"], c["author"], c["method"])
		if c["erased"] == true {
			line += " erased"
		}
		for _, each := range c["fields"].([]any) {
			f := each.(map[string]any)
			line += fmt.Sprintf("; %s %v -> %v", f["name"], f["from"], f["to"])
		}
		require.Equal(t, true, c["complete"], line)
		told = append(told, line)
	}
	require.Equal(t, []string{
		"acme removed by  (); ad_user_data granted -> <nil>; source hotline -> <nil>",
		"acme changed by portal[2J (preference centre); ad_user_data <nil> -> granted; erased true -> <nil>; source <nil> -> hotline",
		"acme changed by dpo (sluice consent erase) erased; ad_personalization denied -> <nil>; ad_storage denied -> <nil>; ad_user_data denied -> <nil>; erased <nil> -> true; source letter -> <nil>",
		"acme repeated by otto (sluice consent revoke)",
		"acme changed by otto (sluice consent revoke); ad_personalization <nil> -> denied; ad_storage <nil> -> denied; ad_user_data granted -> denied; source hotline -> letter",
		"acme first by mia (sluice consent set); ad_user_data <nil> -> granted; source <nil> -> hotline",
	}, told)

	text := s.ok("consent", "history", "s-1", "--customer", "acme")
	// A choice that was made in an earlier second than its record came has its time.
	require.Regexp(t, `acme otto\n  by: sluice consent revoke\n(  the choice was made at \S+\n)?    ad_personalization: not given -> denied\n`, text)
	require.Contains(t, text, "nobody is named: the record has no sluice-author header")
	require.Contains(t, text, "Every change is held for at least 21 days")
	require.NotContains(t, text, "\x1b")
	every := s.ok("consent", "history", "--subject", "s-1")
	require.Contains(t, every, "other crm\n  by: sluice consent import\n  the choice was made at 2026-11-10T10:00:00Z\n")
	require.NotContains(t, every, "s-2")
	require.Equal(t, 2, s.run("consent", "history").code)
	require.Equal(t, 2, s.run("consent", "history", "a", "--subject", "b").code)
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
