package cli_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/cmd/sluice/cli"
)

// root is the repository.
var root = filepath.Join("..", "..", "..")

// documents gives every page of the repository by its path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "bin"):
			return filepath.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ".md":
			return nil
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(root, path) // both begin with root
		pages[name] = string(text)
		return err
	}))
	return pages
}

var (
	// fence begins or ends a block.
	fence = regexp.MustCompile("^ *```([a-z]*)")
	// shownLine is a line of a block that calls sluice; in blocks of shell, it
	// has no prompt.
	shownLine = regexp.MustCompile(`^ *(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\./bin/)?sluice +(.*)$`)
	// mentioned is a command within a sentence.
	mentioned = regexp.MustCompile("`sluice ([^`]+)`")
)

// documented is one command line of a page.
type documented struct {
	text    string
	mention bool
}

// commandLines gives every command line of a page.
func commandLines(text string) []documented {
	var all []documented
	language, fenced := "", false
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", "")) {
		line = strings.TrimRight(line, "\n")
		if m := fence.FindStringSubmatch(line); m != nil {
			fenced, language = !fenced, m[1]
			continue
		}
		if !fenced {
			for _, m := range mentioned.FindAllStringSubmatch(line, -1) {
				all = append(all, documented{m[1], true})
			}
			continue
		}
		m := shownLine.FindStringSubmatch(line)
		prompt := strings.HasPrefix(strings.TrimSpace(line), "$ ")
		if m != nil && (language == "console" && prompt || language == "sh") {
			all = append(all, documented{m[1], false})
		}
	}
	return all
}

// alternatives takes "consent get|set" apart.
func alternatives(words []string) [][]string {
	for i, w := range words {
		if !strings.Contains(w, "|") || strings.HasPrefix(w, "-") {
			continue
		}
		var all [][]string
		for _, one := range strings.Split(w, "|") {
			all = append(all, alternatives(slices.Concat(words[:i], []string{one}, words[i+1:]))...)
		}
		return all
	}
	return [][]string{words}
}

// Every command line of every page is one that the commands understand: the
// words name a command, the flags are its own with values that they take, and
// nothing that it requires is missing. Within a sentence only commands and flags
// count.
func TestDocumentsShowCommandsThatExist(t *testing.T) {
	t.Parallel()
	shown, mentions := 0, 0
	for page, text := range documents(t) {
		for _, line := range commandLines(text) {
			text := line.text
			if !line.mention {
				text = afterCommand.ReplaceAllString(text, "")
			}
			words, err := split(strings.ReplaceAll(text, "|", orSign))
			if !assert.NoError(t, err, "%s: sluice %s", page, line.text) {
				continue
			}
			for i := range words {
				words[i] = strings.ReplaceAll(words[i], orSign, "|")
			}
			if line.mention {
				mentions++
			} else {
				shown++
			}
			for _, args := range alternatives(words) {
				assert.NoError(t, cli.Parse(args, line.mention), "%s: sluice %s", page, line.text)
			}
		}
	}
	require.GreaterOrEqual(t, shown, 150, "the documents have lost their commands")
	require.GreaterOrEqual(t, mentions, 50)
}

// afterCommand is where a command line ends and the shell goes on.
var afterCommand = regexp.MustCompile(`\s+(#|\||>).*$`)

// orSign stands for | while words are taken apart.
const orSign = "\x00"

// A command line that is wrong is found.
func TestWrongCommandLinesAreFound(t *testing.T) {
	t.Parallel()
	for line, mention := range map[string]bool{
		"helth": false, "health --destination x": false, "dlq sum": false, "dlq": false, "replay --rate": false, "consent get --customer acme": false,
		"trace a b": false, "demo --events many": false, "consent given": true, "replay --form deadletter": true,
	} {
		require.Error(t, cli.Parse(strings.Fields(line), mention), line)
	}
	for line, mention := range map[string]bool{"health acme-meta --watch": false, "dlq": true, "consent get": true, "trace e1": false, "replay": true} {
		require.NoError(t, cli.Parse(strings.Fields(line), mention), line)
	}
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
