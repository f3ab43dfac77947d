package deploy_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// metricSum adds up the series of one metric.
func metricSum(t testing.TB, admin, name string) float64 {
	t.Helper()
	_, body := get(t, admin+"/metrics")
	sum := 0.0
	for line := range strings.Lines(body) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), name)
		if !ok || rest == "" || rest[0] != '{' && rest[0] != ' ' {
			continue
		}
		v, err := strconv.ParseFloat(strings.Fields(rest[strings.LastIndexByte(rest, '}')+1:])[0], 64)
		require.NoError(t, err, line)
		sum += v
	}
	return sum
}

// listed are the metrics of docs/metrics.md, which is made from their
// declaration, with their kind.
func listed(t testing.TB) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "metrics.md"))
	require.NoError(t, err)
	all := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(sluice_[a-z_]+)` \\| ([a-z]+) \\|").FindAllStringSubmatch(string(text), -1) {
		all[m[1]] = m[2]
	}
	require.Greater(t, len(all), 25)
	return all
}

// exposed are the metrics of a scrape, with their kind.
func exposed(body string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(body) {
		words := strings.Fields(line)
		if len(words) == 4 && words[0] == "#" && words[1] == "TYPE" {
			all[words[2]] = words[3]
		}
	}
	return all
}

var series = regexp.MustCompile(`\b(sluice|process|go)_[a-z0-9_]+\b`)

// named are the metrics of queries, histograms by their own name.
func named(queries ...string) []string {
	var all []string
	for _, q := range queries {
		for _, name := range series.FindAllString(regexp.MustCompile(`"[^"]*"`).ReplaceAllString(q, `""`), -1) {
			for _, suffix := range []string{"_bucket", "_count", "_sum"} {
				if base, ok := strings.CutSuffix(name, suffix); ok {
					name = base
				}
			}
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
