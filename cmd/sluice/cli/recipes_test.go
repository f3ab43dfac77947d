package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The recipes do what they say: each event's fate under the page's own resources.
func TestRecipesDoWhatTheySay(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "docs", "providers", "recipes.md"))
	require.NoError(t, err)
	// Blocks in lists are indented.
	blocks := regexp.MustCompile("(?ms)^ *```yaml\n(.*?)^ *```").FindAllStringSubmatch(string(page), -1)
	require.Len(t, blocks, 6)
	const event = `{"customer_id":"acme","event_name":"transaction.purchase","event_time":"TIME","event_id":"e1","source":"web","page":{"url":"URL"},
		"device":{"user_agent":"Mozilla/5.0"},"identity":{"emails":["jane@example.com"]},"commerce":{"value":1,"currency":"EUR"}SAID,
		"consent":{"ad_user_data":"granted","ad_storage":"granted","ad_personalization":"granted"},"location":{"country":"DE"}}`
	for name, c := range map[string]struct {
		block           int
		time, url, said string
		want            []string
	}{
		"both datasets":   {0, "2026-12-01T05:00:00Z", "https://shop.acme.example/at/danke", "", []string{"acme-meta-at eligible", "acme-meta-group eligible"}},
		"one dataset":     {0, "2026-12-01T05:00:00Z", "https://shop.acme.example/de/danke", "", []string{"acme-meta-at mapping.condition", "acme-meta-group eligible"}},
		"a gap":           {1, "2026-12-01T05:00:00Z", "https://a.example/", `,"browser_reported":false`, []string{"acme-meta-gaps eligible"}},
		"no gap":          {1, "2026-12-01T05:00:00Z", "https://a.example/", `,"browser_reported":true`, []string{"acme-meta-gaps mapping.condition"}},
		"nobody says":     {1, "2026-12-01T05:00:00Z", "https://a.example/", "", []string{"acme-meta-gaps mapping.condition"}},
		"before the cut":  {3, "2026-12-01T05:59:59Z", "https://a.example/", "", []string{"acme-meta-new mapping.condition"}},
		"from the cut on": {3, "2026-12-01T06:00:00Z", "https://a.example/", "", []string{"acme-meta-new eligible"}},
		"by number":       {4, "2026-12-01T05:00:00Z", "https://a.example/", "", []string{"acme-linkedin eligible", "acme-x eligible"}},
		"several platforms": {5, "2026-12-01T05:00:00Z", "https://a.example/", "", []string{
			"acme-pinterest eligible", "acme-reddit eligible", "acme-snapchat eligible", "acme-tiktok eligible",
		}},
		"nothing mapped": {2, "2026-12-01T05:00:00Z", "https://a.example/", "", []string{"mapping.none"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write := func(name, text string) string {
				path := filepath.Join(dir, name)
				require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
				return path
			}
			resources := regexp.MustCompile(`(?m)^   `).ReplaceAllString(indented(blocks[c.block][1]), "")
			args := []string{"explain", "--at", "2026-12-01T06:01:00Z", "--output", "json", "--resources", write("recipe.yaml", resources)}
			if !strings.Contains(resources, "kind: Destination") {
				live := strings.Replace(regexp.MustCompile(`(?m)^   `).ReplaceAllString(blocks[2][1], ""), "mode: shadow", "mode: live", 1)
				args = append(args, "--resources", write("destination.yaml", live))
			}
			text := strings.NewReplacer("TIME", c.time, "URL", c.url, "SAID", c.said, "\n\t\t", "").Replace(event)
			got := run(t, append(args, "--events", write("events.ndjson", text+"\n"))...)
			require.Zero(t, got.code, got.stderr)
			var ends []string
			for line := range strings.Lines(got.stdout) {
				var a struct {
					Destination string `json:"destination_id"`
					Reason      string
				}
				require.NoError(t, json.Unmarshal([]byte(line), &a))
				ends = append(ends, strings.TrimSpace(a.Destination+" "+a.Reason))
			}
			require.ElementsMatch(t, c.want, ends)
		})
	}
}

// indented marks blocks that stand in a list; others stay as they are.
func indented(block string) string {
	if strings.HasPrefix(block, "   ") {
		return block
	}
	return regexp.MustCompile(`(?m)^`).ReplaceAllString(block, "   ")
}
