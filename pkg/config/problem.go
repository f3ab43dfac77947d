package config

import (
	"fmt"
	"sort"
	"strings"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	// Path is the setting, such as router.batch.records.
	Path string `json:"path"`
	// Rule says what must hold.
	Rule string `json:"rule"`
	// Value is what was found, "" where nothing was. Secrets are not shown.
	Value string `json:"value,omitempty"`
	// Fix says what to do.
	Fix string `json:"fix"`
	// Origin says where the value was written: file:line:column, the name of
	// an environment variable, a flag, or "default".
	Origin string `json:"origin"`
}

// String gives the problem in one line.
func (p Problem) String() string {
	value := ""
	if p.Value != "" {
		value = fmt.Sprintf(" (found %q)", p.Value)
	}
	return fmt.Sprintf("%s: %s: %s%s; %s", p.Origin, p.Path, p.Rule, value, p.Fix)
}

// Problems is everything that is wrong, in the order of where it was written.
type Problems []Problem

// Error lists all problems, one a line.
func (p Problems) Error() string {
	lines := make([]string, 0, len(p)+1)
	noun := "problems"
	if len(p) == 1 {
		noun = "problem"
	}
	lines = append(lines, fmt.Sprintf("reading the configuration: %d %s", len(p), noun))
	for _, one := range p {
		lines = append(lines, "  "+one.String())
	}
	return strings.Join(lines, "\n")
}

// err gives nil where there is no problem, so that an empty list never
// becomes an error that is not nil.
func (p Problems) err() error {
	if len(p) == 0 {
		return nil
	}
	sort.SliceStable(p, func(i, j int) bool { return p[i].Path < p[j].Path })
	return p
}

// nearest gives the candidate that a mistyped word most likely meant, or "".
func nearest(word string, candidates []string) string {
	best, bestDistance := "", max(2, len(word)/3)+1
	for _, c := range candidates {
		if d := distance(word, c); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// distance is the number of insertions, deletions and replacements between a
// and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
