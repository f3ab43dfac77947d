package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// root is the repository.
var root = filepath.Join("..", "..", "..")

// commandLine is a line of a console block that calls sluice.
var commandLine = regexp.MustCompile(`(?m)^\$ (?:\./bin/)?sluice +([^#|\n]*)`)

// documents gives the pages that show command lines.
func documents(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, path := range found {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			pages[filepath.Base(path)] = string(text)
		}
	}
	return pages
}

// Every command line of the documents is one that the commands understand:
// the words name a command, and its help knows every flag.
func TestDocumentsShowCommandsThatExist(t *testing.T) {
	t.Parallel()
	shown := 0
	for page, text := range documents(t) {
		for _, m := range commandLine.FindAllStringSubmatch(text, -1) {
			shown++
			command, flags := words(m[1])
			got := run(t, append(command, "--help")...)
			require.Zero(t, got.code, "%s: sluice %s: %s", page, m[1], got.stderr)
			usage := "sluice " + strings.Join(command, " ")
			assert.True(t, strings.Contains(got.stdout, usage+" ") || strings.Contains(got.stdout, usage+"\n"),
				"%s: sluice %s is no command", page, strings.Join(command, " "))
			for _, flag := range flags {
				assert.Regexp(t, `(?m)(^|\s)`+flag+`([ ,]|$)`, got.stdout, "%s: sluice %s has no flag %s", page, strings.Join(command, " "), flag)
			}
		}
	}
	require.GreaterOrEqual(t, shown, 15, "the documents have lost their commands")
}

// words splits a command line into the command's words and its flags.
func words(line string) (command, flags []string) {
	arguments := false
	for _, w := range strings.Fields(line) {
		switch {
		case strings.HasPrefix(w, "-"):
			name, _, _ := strings.Cut(w, "=")
			flags, arguments = append(flags, name), true
		case !arguments:
			command = append(command, w)
		}
	}
	return command, flags
}

// yamlBlock is one block of YAML.
var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// The resources that a page shows load. Pages may refer to the destinations of
// the examples.
func TestDocumentsShowResourcesThatLoad(t *testing.T) {
	t.Parallel()
	shown := 0
	for page, text := range documents(t) {
		for _, m := range yamlBlock.FindAllStringSubmatch(text, -1) {
			if !strings.HasPrefix(m[1], "apiVersion: ") {
				continue // a part of a resource, or the configuration
			}
			shown++
			dir := t.TempDir()
			write := func(name, content string) string {
				path := filepath.Join(dir, name)
				require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
				return path
			}
			events := write("events.ndjson", "")
			args := []string{"explain", "--events", events, "--resources", write("shown.yaml", m[1])}
			if !strings.Contains(m[1], "kind: Destination") {
				args = append(args, "--resources", filepath.Join(root, "examples"))
			}
			got := run(t, args...)
			assert.Zero(t, got.code, "%s shows resources with problems: %s", page, got.stderr)
		}
	}
	require.GreaterOrEqual(t, shown, 3, "the documents have lost their resources")
}

// The examples of the README end as the README's readers are told: one line
// for each event and mapping.
func TestExamplesEndAsTold(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(root, "examples")
	got := run(t, "explain", "--resources", dir, "--events", filepath.Join(dir, "events.ndjson"),
		"--consent", filepath.Join(dir, "consent.ndjson"), "--at", "2026-11-21T12:00:00Z", "--output", "json")
	require.Zero(t, got.code, got.stderr)
	var ends []string
	for line := range strings.Lines(got.stdout) {
		var answer struct {
			EventID       string `json:"event_id"`
			DestinationID string `json:"destination_id"`
			Reason        string `json:"reason"`
		}
		require.NoError(t, json.Unmarshal([]byte(line), &answer))
		ends = append(ends, strings.Join(strings.Fields(answer.EventID+" "+answer.DestinationID+" "+answer.Reason), " "))
	}
	require.Equal(t, []string{
		"e1 acme-google eligible", "e1 acme-meta eligible",
		"e1 acme-google duplicate.transaction", "e1 acme-meta duplicate.event_id",
		"e2 acme-google consent.denied", "e2 acme-meta consent.denied",
		"e3 acme-google consent.unknown", "e3 acme-meta consent.unknown",
		"e4 acme-google eligible", "e4 acme-meta eligible",
		"e5 acme-google choice.gpc", "e5 acme-meta choice.gpc",
		"e6 acme-google eligible", "e6 acme-meta provider.value_missing",
		"e7 acme-meta eligible",
		"e9 acme-google consent.erased", "e9 acme-meta consent.erased",
		"e10 mapping.none",
	}, ends)
}
