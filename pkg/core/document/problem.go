package document

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Problem is one thing wrong with a document, with where it is and how to
// repair it.
type Problem struct {
	File         string
	Line, Column int
	Resource     string // kind/name, where the document is a resource
	Path         string // spec.delivery.rate
	Rule         string // what must hold
	Value        string // what was found, never a secret
	Fix          string
	Warning      bool // does not stop apply
}

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

// Sentence is the problem without its position, for diagnostics of a route.
func (p Problem) Sentence() string { return strings.TrimSpace(p.Path + " " + p.Rule) }

// HasErrors reports whether any problem is more than a warning.
func HasErrors(problems []Problem) bool {
	return slices.ContainsFunc(problems, func(p Problem) bool { return !p.Warning })
}

// Sort orders problems by file, line and column, so that a person can repair a
// file from top to bottom.
func Sort(problems []Problem) {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Path, b.Path),
		)
	})
}

// Origin remembers where the parts of one document stand, so that a problem
// found later (a missing destination, an expression) can be shown in the file.
// A nil Origin knows nothing, as for records that come from a topic.
type Origin struct {
	File     string
	Resource string
	at       map[string]position
}

type position struct{ line, column int }

// NewOrigin records the position of every path of a document.
func NewOrigin(d Document) *Origin {
	o := &Origin{File: d.File, at: map[string]position{}}
	o.record(d.Root, "")
	return o
}

func (o *Origin) record(n *Node, path string) {
	o.at[path] = position{n.Line, n.Column}
	for i, item := range n.List {
		o.record(item, IndexPath(path, i))
	}
	for _, e := range n.Entries {
		at := ChildPath(path, e.Key)
		o.record(e.Value, at)
		if len(e.Value.Entries) > 0 || len(e.Value.List) > 0 || e.Value.Shape == Null {
			o.at[at] = position{e.Line, e.Column}
		}
	}
}

// Line gives the line of a path, zero where it is not in the file.
func (o *Origin) Line(path string) int { return o.at[path].line }

// Locate fills in file, line, column and resource of p by its path; where the
// path itself does not stand in the file, by the nearest parent that does.
func (o *Origin) Locate(p Problem) Problem {
	if o == nil {
		return p
	}
	if p.Resource == "" {
		p.Resource = o.Resource
	}
	if p.File != "" || o.File == "" {
		return p
	}
	p.File = o.File
	if p.Line > 0 {
		return p // the reader knew a better place, such as a key's
	}
	for path := p.Path; ; path = ParentPath(path) {
		if at, ok := o.at[path]; ok {
			p.Line, p.Column = at.line, at.column
			return p
		}
		if path == "" {
			return p
		}
	}
}

// ParentPath takes the last key or index off a path.
func ParentPath(path string) string {
	if strings.HasSuffix(path, "]") {
		if i := strings.LastIndexByte(path, '['); i >= 0 {
			return path[:i]
		}
	}
	return path[:max(strings.LastIndexByte(path, '.'), 0)]
}

// Quoted gives a value as problems show it, nothing for an empty one.
func Quoted(s string) string {
	switch {
	case s == "":
		return ""
	case len(s) > 80:
		return strconv.Quote(s[:80] + "...")
	default:
		return strconv.Quote(s)
	}
}

// OrList joins words for a sentence: a, b or c.
func OrList(words []string) string {
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "" })
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// Nearest gives the word that a misspelt one probably means, or nothing.
func Nearest(word string, words []string) string {
	best, bestDistance := "", max(2, len(word)/3)+1
	for _, w := range words {
		if d := distance(word, w); d < bestDistance && d < len(w) {
			best, bestDistance = w, d
		}
	}
	return best
}

// maxWord is the longest text that is taken for a misspelt word.
const maxWord = 80

// distance is the number of insertions, deletions and replacements between a
// and b.
func distance(a, b string) int {
	if len(a) > maxWord || len(b) > maxWord {
		return maxWord
	}
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

// didYouMean is the fix for a word that is none of the known ones.
func didYouMean(word string, known []string, otherwise string) string {
	if near := Nearest(word, known); near != "" {
		return "did you mean " + near + "?"
	}
	return otherwise
}
