package resource

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// String gives a problem as text for a terminal: where, what, the rule, and on
// a second line the fix.
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
		}
		b.WriteString(": ")
	}
	if p.Warning {
		b.WriteString("note: ")
	}
	if p.Resource != "" {
		b.WriteString(p.Resource + ": ")
	}
	if p.Path != "" {
		b.WriteString(p.Path + " ")
	}
	b.WriteString(p.Rule)
	if p.Value != "" {
		fmt.Fprintf(&b, ", found %s", p.Value)
	}
	if p.Fix != "" {
		b.WriteString("\n  fix: " + p.Fix)
	}
	return b.String()
}

// sentence is the problem without its place, for diagnostics of a route.
func (p Problem) sentence() string {
	return strings.TrimSpace(p.Path + " " + p.Rule)
}

// HasErrors reports whether any problem is more than a warning.
func HasErrors(problems []Problem) bool {
	return slices.ContainsFunc(problems, func(p Problem) bool { return !p.Warning })
}

// SortProblems orders problems by file, line and column, so that a person can
// mend a file from top to bottom.
func SortProblems(problems []Problem) {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Path, b.Path),
		)
	})
}

// origin remembers where the parts of one document stand, so that a problem
// found later (a missing destination, an expression) can be shown in the file.
// Its zero value knows nothing, as for records that come from a topic.
type origin struct {
	file     string
	resource string
	places   map[string]place
}

type place struct{ line, column int }

// locate fills in file, line, column and resource of p by its path; where the
// path itself does not stand in the file, by the nearest parent that does.
func (o *origin) locate(p Problem) Problem {
	if o == nil {
		return p
	}
	if p.Resource == "" {
		p.Resource = o.resource
	}
	if p.File != "" || o.file == "" {
		return p
	}
	p.File = o.file
	for path := p.Path; ; path = parentPath(path) {
		if at, ok := o.places[path]; ok {
			p.Line, p.Column = at.line, at.column
			return p
		}
		if path == "" {
			return p
		}
	}
}

func parentPath(path string) string {
	if strings.HasSuffix(path, "]") {
		if i := strings.LastIndexByte(path, '['); i >= 0 {
			return path[:i]
		}
	}
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		return path[:i]
	}
	return ""
}

// record notes the position of every path of a document.
func (o *origin) record(t *tree, path string) {
	o.places[path] = place{t.line, t.column}
	for i, item := range t.list {
		o.record(item, indexPath(path, i))
	}
	for _, e := range t.entries {
		at := childPath(path, e.key)
		o.record(e.value, at)
		if len(e.value.entries) > 0 || len(e.value.list) > 0 || e.value.shape == shapeNull {
			o.places[at] = place{e.line, e.column}
		}
	}
}
