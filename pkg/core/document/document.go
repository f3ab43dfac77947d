// Package document is the one engine for YAML and JSON documents: the
// configuration file, resources, and the parts of resources that belong to a
// provider.
//
// A shape is declared once, by the tags of a Go struct ([Declare]). Reading
// ([Schema.Decode]), checking ([Schema.Check]), writing ([Schema.Node],
// [Write]), the JSON Schema for editors ([Schema.JSONSchema]) and the tables
// of the documentation ([Schema.Markdown]) are derived from the declaration.
//
// Reading never stops at the first problem: each [Problem] has file, line,
// column, the rule that is broken and what to do. Nothing unknown is ignored,
// because a mistyped key that is dropped is a setting that its author believes
// in. Everything from outside is bounded: see [Parse].
package document

import "strings"

// File is one YAML or JSON file.
type File struct {
	Name string // as shown in problems
	Data []byte
}

// Document is one YAML document of a file.
type Document struct {
	File string
	Root *Node
}

// Parse splits a file into its documents and parses each by itself, so that a
// syntax error in one does not hide the problems of the others. Empty
// documents are left out. A document has at most 4 MiB, 200,000 nodes after
// anchors and merge keys are expanded, and 64 levels.
func Parse(f File) ([]Document, []Problem) {
	var docs []Document
	var problems []Problem
	for _, part := range split(string(f.Data)) {
		root, found := parse(part.text, part.line-1)
		for _, p := range found {
			p.File = f.Name
			problems = append(problems, p)
		}
		if root != nil {
			docs = append(docs, Document{File: f.Name, Root: root})
		}
	}
	return docs, problems
}

// part is the text of one document, and the line that it begins on.
type part struct {
	text string
	line int
}

// split cuts at document markers. A line that begins with --- is one wherever
// it stands: YAML allows it inside no scalar.
func split(text string) []part {
	text = strings.TrimPrefix(text, "\ufeff")
	var parts []part
	var b strings.Builder
	begin, number := 1, 0
	for line := range strings.Lines(text) {
		number++
		bare := strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(bare, "---") && (len(bare) == 3 || bare[3] == ' ' || bare[3] == '\t'):
			parts = append(parts, part{b.String(), begin})
			b.Reset()
			begin = number
			b.WriteString("   ") // keeps the columns of a value on the marker's line
			b.WriteString(line[3:])
		case bare == "...", strings.HasPrefix(bare, "%"):
			b.WriteString("\n")
		default:
			b.WriteString(line)
		}
	}
	return append(parts, part{b.String(), begin})
}
