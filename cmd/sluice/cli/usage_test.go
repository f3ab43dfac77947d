package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUsage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"help":                {[]string{"--help"}, 0, ""},
		"nothing":             {nil, 0, ""},
		"a group":             {[]string{"topology"}, 0, ""},
		"unknown command":     {[]string{"explian"}, 2, "unknown command"},
		"unknown subcommand":  {[]string{"topology", "aply"}, 2, "did you mean apply?"},
		"unknown flag":        {[]string{"version", "--colour"}, 2, "unknown flag"},
		"unknown output":      {[]string{"version", "--output", "yaml"}, 2, "want text or json"},
		"misspelt flag":       {[]string{"tail", "--staus", "x"}, 2, "unknown flag: --staus; did you mean --status?"},
		"misspelt provider":   {[]string{"sender", "--provdier", "meta"}, 2, "did you mean --provider?"},
		"no role":             {[]string{"run"}, 2, "there are router, sender, monitor"},
		"misspelt role":       {[]string{"run", "rooter"}, 2, "no role is called rooter; did you mean router?"},
		"no such role":        {[]string{"run", "router", "everything"}, 2, "no role is called everything; there are router, sender, monitor"},
		"apply what":          {[]string{"apply"}, 2, "\"file\" not set\n  example: sluice apply -f resources/ --dry-run\n"},
		"an argument":         {[]string{"version", "please"}, 2, "unknown command"},
		"required flags":      {[]string{"explain"}, 2, `"events", "resources"`},
		"wrong flag value":    {[]string{"topology", "diff", "--partitions", "many"}, 2, "invalid argument"},
		"no configuration":    {[]string{"config", "check", "--config", "/not/there.yaml"}, 2, "reading the configuration file"},
		"unknown fault":       {[]string{"sandbox", "--faults", "earthquake"}, 2, "unknown name"},
		"unlike any fault":    {[]string{"demo", "--faults", "slow,earthquake"}, 2, "want throttle, outage"},
		"misspelt fault":      {[]string{"demo", "--faults", "outge"}, 2, "did you mean outage?"},
		"unknown event file":  {[]string{"explain", "--resources", ".", "--events", "x"}, 2, "no .yaml"},
		"unknown folder":      {[]string{"explain", "--resources", "/not/there", "--events", "x"}, 2, "reading resources"},
		"unknown consent":     {[]string{"explain", "--resources", "../../../examples", "--events", "../../../examples/events.ndjson", "--consent", "nofile"}, 2, "opening nofile: no such file or directory\n  fix: give --consent"},
		"a missing folder":    {[]string{"explain", "--resources", "nowhere", "--events", "x"}, 2, "opening nowhere: no such file or directory\n  fix: give a folder or file that exists (--resources"},
		"events in words":     {[]string{"demo", "--events", "abc"}, 2, "--events abc: want a whole number\n"},
		"no address":          {[]string{"sandbox", "--listen", "999999"}, 2, "--listen 999999: want host:port with a port up to 65535, such as 127.0.0.1:9999"},
		"no port":             {[]string{"sandbox", "--listen", "127.0.0.1:70000"}, 2, "such as 127.0.0.1:9999"},
		"a clock without day": {[]string{"explain", "--resources", ".", "--events", "x", "--at", "noon"}, 2, "--at noon"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := run(t, c.args...)
			require.Equal(t, c.code, got.code, got.stderr)
			require.Contains(t, got.stderr, c.says)
			if c.code != 0 {
				require.Empty(t, got.stdout, "what is wrong goes to standard error")
			}
		})
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	require.Contains(t, run(t, "version").stdout, "sluice v0.0.0-test\n")
	require.Equal(t, "sluice v0.0.0-test\n", run(t, "--version").stdout)
	v := unjson(t, run(t, "version", "--output", "json").stdout)
	require.Equal(t, "v0.0.0-test", v["version"])
	require.Contains(t, v["go"], "go1.")
}

func TestConfig(t *testing.T) {
	t.Parallel()
	require.Equal(t, "the configuration is valid\n", run(t, "config", "check").stdout)

	secrets := t.TempDir()
	for folder, note := range map[string]string{secrets: "", filepath.Join(secrets, "none"): "note: no folder " + filepath.Join(secrets, "none") + " on this machine"} {
		valid := filepath.Join(t.TempDir(), "sluice.yaml")
		require.NoError(t, os.WriteFile(valid, fmt.Appendf(nil, "sender: {secrets_dir: %q}\n", folder), 0o600))
		got := run(t, "config", "check", "--config", valid)
		require.Zero(t, got.code, got.stderr)
		require.Equal(t, note != "", strings.HasPrefix(got.stderr, "note: "), got.stderr)
		require.Contains(t, got.stderr, note)
	}

	file := filepath.Join(t.TempDir(), "sluice.yaml")
	require.NoError(t, os.WriteFile(file, []byte("router:\n  sesions: 3\n  batch: {records: 0}\n"), 0o600))
	got := run(t, "config", "check", "--config", file)
	require.Equal(t, 2, got.code)
	require.Contains(t, got.stderr, "2 problems")
	require.Contains(t, got.stderr, file+":2:3")

	asJSON := run(t, "config", "check", "--config", file, "--output", "json")
	require.Equal(t, 2, asJSON.code)
	require.Empty(t, asJSON.stderr)
	v := unjson(t, asJSON.stdout)
	require.Equal(t, false, v["ok"])
	require.Len(t, v["problems"], 2)

	printed := runWith(t, t.Context(), strings.NewReader(""), []string{"SLUICE_ROUTER_SESSIONS=7", "SLUICE_REDIS_PASSWORD=hunter2"}, "config", "print", "--brokers", "kafka-9:9092")
	require.Equal(t, 0, printed.code, printed.stderr)
	require.Contains(t, printed.stdout, "sessions: 7")
	require.Contains(t, printed.stdout, "kafka-9:9092")
	require.NotContains(t, printed.stdout, "hunter2")
	require.Contains(t, run(t, "config", "print", "--comments").stdout, "# Seed brokers")
	require.Contains(t, run(t, "config", "schema").stdout, "json-schema.org")
}

// TestEveryCommandExplainsItself: help in full sentences, an example, and
// nothing wider than a terminal.
func TestEveryCommandExplainsItself(t *testing.T) {
	t.Parallel()
	for _, path := range commandPaths(t) {
		t.Run(strings.Join(path, " "), func(t *testing.T) {
			t.Parallel()
			help := run(t, append(path, "--help")...).stdout
			require.Contains(t, help, "Examples:")
			for line := range strings.Lines(help) {
				if strings.HasPrefix(strings.TrimSpace(line), "-") {
					continue // flags are laid out by cobra
				}
				require.LessOrEqual(t, len([]rune(strings.TrimRight(line, "\n"))), 110, line)
			}
		})
	}
}

// commandPaths reads the commands off the generated reference.
func commandPaths(t *testing.T) [][]string {
	t.Helper()
	dir := t.TempDir()
	got := run(t, "docs", dir)
	require.Equal(t, 0, got.code, got.stderr)
	text, err := os.ReadFile(filepath.Join(dir, "cli.md"))
	require.NoError(t, err)
	var paths [][]string
	for line := range strings.Lines(string(text)) {
		if path, ok := strings.CutPrefix(line, "## sluice "); ok {
			paths = append(paths, strings.Fields(path))
		}
	}
	require.Greater(t, len(paths), 15)
	return paths
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"commands": {[]string{"to"}, "topology"},
		"output":   {[]string{"explain", "--output", ""}, "json"},
		"status":   {[]string{"tail", "--status", ""}, "dead_lettered"},
		"reason":   {[]string{"tail", "--reason", ""}, "consent.denied"},
		"files":    {[]string{"explain", "--events", ""}, "ndjson"},
		"faults":   {[]string{"sandbox", "--faults", ""}, "lost-answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, run(t, append([]string{"__complete"}, c.args...)...).stdout, c.want)
		})
	}
}

// TestGeneratedPages: docs are what the code says; `make generate` writes them.
func TestGeneratedPages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	got := run(t, "docs", dir)
	require.Equal(t, 0, got.code, got.stderr)
	for _, name := range []string{"cli.md", "config.md", "reasons.md", "resources.md", "resources.schema.json"} {
		want, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		is, err := os.ReadFile(filepath.Join("../../../docs", name))
		require.NoError(t, err)
		require.Equal(t, string(want), string(is), "docs/%s is old: run make generate", name)
	}
}
