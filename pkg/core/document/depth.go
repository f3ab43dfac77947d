package document

import (
	"errors"
	"io"

	"github.com/goccy/go-yaml/scanner"
	"github.com/goccy/go-yaml/token"
)

// The bounds of what the library's parser is given. It calls itself for every
// level, and a stack that overflows ends the process: nothing recovers from
// it. Its own bound lies well above maxDepth, because a level of ours can cost
// several of the parser's.
const (
	maxTokens      = 4 * maxNodes
	maxParserDepth = 8 * maxDepth
)

// tokenize scans a document and refuses one that is nested so deep, or is of
// so many parts, that parsing it could take the process down.
func tokenize(text string) (token.Tokens, *Problem) {
	var s scanner.Scanner
	s.Init(text)
	var tokens token.Tokens
	d := depth{}
	for {
		found, err := s.Scan()
		if errors.Is(err, io.EOF) {
			return tokens, nil
		}
		tokens.Add(found...)
		for _, t := range found {
			if len(tokens) > maxTokens || d.after(t) > maxParserDepth {
				return nil, &Problem{
					Line: t.Position.Line, Column: t.Position.Column,
					Rule: "nested or repeated too much", Fix: "write it out, in fewer levels",
				}
			}
		}
	}
}

// depth follows how deep a parser has descended, never less than it has.
type depth struct {
	columns []int // of the block collections that are open
	flow    int   // brackets that are open
	run     int   // tokens since the last bracket or comma of a flow
	line    int
}

// after takes one more token and gives the depth there. In block style a
// collection lies in another where its column is greater; in flow style where
// brackets are open. Keys, tags and anchors in a row nest as well.
func (d *depth) after(t *token.Token) int {
	switch t.Type {
	case token.SequenceStartType, token.MappingStartType:
		d.flow++
		d.run = 0
	case token.SequenceEndType, token.MappingEndType:
		d.flow = max(d.flow-1, 0)
		d.run = 0
	case token.CollectEntryType:
		d.run = 0
	default:
		d.run++
	}
	if d.flow > 0 {
		return len(d.columns) + d.flow + d.run
	}
	column := t.Position.Column
	if t.Position.Line != d.line {
		d.line, d.run = t.Position.Line, 0
	}
	for len(d.columns) > 0 && d.columns[len(d.columns)-1] >= column {
		d.columns = d.columns[:len(d.columns)-1]
	}
	d.columns = append(d.columns, column)
	return len(d.columns) + d.run
}
