package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
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
	where := p.Origin + ": " + p.Path
	if p.Origin == p.Path { // a variable that names no setting is its own path
		where = p.Origin
	}
	return fmt.Sprintf("%s: %s%s; %s", where, p.Rule, value, p.Fix)
}

// Problems is everything that is wrong, in the order of where it was written:
// the file from top to bottom, then variables, flags and defaults by name.
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
	slices.SortStableFunc(p, func(a, b Problem) int {
		fileA, lineA, columnA := a.place()
		fileB, lineB, columnB := b.place()
		return cmp.Or(-cmp.Compare(min(lineA, 1), min(lineB, 1)), cmp.Compare(fileA, fileB),
			cmp.Compare(lineA, lineB), cmp.Compare(columnA, columnB), cmp.Compare(a.Path, b.Path))
	})
	return p
}

// place takes the origin apart, so that a person can mend a file from top to
// bottom: line and column are 0 where it is no place in a file.
func (p Problem) place() (origin string, line, column int) {
	rest, last, _ := cutLast(p.Origin)
	file, middle, ok := cutLast(rest)
	line, errLine := strconv.Atoi(middle)
	column, errColumn := strconv.Atoi(last)
	if !ok || errLine != nil || errColumn != nil {
		return p.Origin, 0, 0
	}
	return file, line, column
}

func cutLast(text string) (before, after string, ok bool) {
	i := strings.LastIndexByte(text, ':')
	if i < 0 {
		return "", text, false
	}
	return text[:i], text[i+1:], true
}
