package resource

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// reader collects everything that is wrong with one document; it never stops
// at the first problem.
type reader struct {
	origin   *origin
	problems []Problem
}

func (r *reader) report(p Problem) { r.problems = append(r.problems, r.origin.locate(p)) }

// section reads the keys of one map and remembers which ones it knows.
type section struct {
	r     *reader
	at    *tree
	path  string
	known []string
}

// section reads t as a map; anything else is a problem, and an empty section
// stands in so that reading goes on.
func (r *reader) section(t *tree, path string) *section {
	s := &section{r: r, at: &tree{shape: shapeMap}, path: path}
	switch {
	case t == nil || t.shape == shapeNull:
	case t.shape != shapeMap:
		r.report(Problem{Path: path, Rule: "must be a map", Value: shapeNames[t.shape], Fix: "write its keys below it, indented"})
	default:
		s.at = t
	}
	return s
}

// get gives the value of a key and marks the key as known.
func (s *section) get(key string) *tree {
	if !slices.Contains(s.known, key) {
		s.known = append(s.known, key)
	}
	return s.at.get(key)
}

func (s *section) has(key string) bool { return s.at.get(key) != nil }

func (s *section) child(key string) *section { return s.r.section(s.get(key), childPath(s.path, key)) }

func (s *section) sub(key string) string { return childPath(s.path, key) }

// done reports every key that nobody asked for.
func (s *section) done() {
	for _, e := range s.at.entries {
		if slices.Contains(s.known, e.key) {
			continue
		}
		fix := "remove it, or use one of " + strings.Join(s.known, ", ")
		if near := nearest(e.key, s.known); near != "" {
			fix = "did you mean " + near + "?"
		}
		p := Problem{Path: s.sub(e.key), Rule: "is not a known key", Fix: fix}
		p = s.r.origin.locate(p)
		p.Line, p.Column = e.line, e.column
		s.r.problems = append(s.r.problems, p)
	}
}

// wrong reports a value of the wrong kind or form.
func (s *section) wrong(key, rule, value, fix string) {
	s.r.report(Problem{Path: s.sub(key), Rule: rule, Value: value, Fix: fix})
}

// require reports a key that is absent.
func (s *section) require(keys ...string) {
	for _, key := range keys {
		if !s.has(key) {
			s.r.report(Problem{Path: s.sub(key), Rule: "is required", Fix: "add " + key})
		}
	}
}

// str reads a string. Numbers and booleans are refused: whether 0123 or 1e3
// keeps its form is not something to guess for an account id.
func (s *section) str(key string) string {
	t := s.get(key)
	if t == nil {
		return ""
	}
	return s.r.str(t, s.sub(key))
}

func (r *reader) str(t *tree, path string) string {
	switch t.shape {
	case shapeString:
		return t.text
	case shapeBool, shapeNumber:
		r.report(Problem{Path: path, Rule: "must be a string", Value: t.text, Fix: `write it in quotes: "` + t.text + `"`})
	default:
		r.report(Problem{Path: path, Rule: "must be a string", Value: shapeNames[t.shape], Fix: "write one value"})
	}
	return ""
}

// expression reads a CEL expression; a bare number or boolean is one too.
func (r *reader) expression(t *tree, path string) string {
	if t.shape == shapeBool || t.shape == shapeNumber {
		return t.text
	}
	return strings.TrimSpace(r.str(t, path))
}

func (s *section) boolean(key string, otherwise bool) bool {
	if b := s.optionalBool(key); b != nil {
		return *b
	}
	return otherwise
}

func (s *section) optionalBool(key string) *bool {
	t := s.get(key)
	if t == nil {
		return nil
	}
	if t.shape != shapeBool {
		s.wrong(key, "must be true or false", s.shown(t), "write true or false, without quotes")
		return nil
	}
	b := t.text == "true"
	return &b
}

// shown is a value as problems show it: scalars as they are, cut short.
func (s *section) shown(t *tree) string {
	if t.shape > shapeString || t.shape == shapeNull {
		return shapeNames[t.shape]
	}
	if len(t.text) > 80 {
		return strconv.Quote(t.text[:80] + "...")
	}
	if t.shape == shapeString {
		return strconv.Quote(t.text)
	}
	return t.text
}

// oneOf reads a word out of a list; the first is the default.
func (s *section) oneOf(key string, words ...string) string {
	t := s.get(key)
	if t == nil {
		return words[0]
	}
	if t.shape == shapeString && slices.Contains(words, t.text) {
		return t.text
	}
	fix := "write one of these words"
	if near := nearest(t.text, words); near != "" {
		fix = "did you mean " + near + "?"
	}
	shownWords := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "" })
	s.wrong(key, "must be "+orList(shownWords), s.shown(t), fix)
	return words[0]
}

func orList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// strs reads a list of strings; given tells an empty list from none.
func (s *section) strs(key string) (list []string, given bool) {
	t := s.get(key)
	if t == nil {
		return nil, false
	}
	if t.shape != shapeList {
		s.wrong(key, "must be a list", s.shown(t), "write it in brackets: ["+t.text+"]")
		return nil, true
	}
	for i, item := range t.list {
		path := indexPath(s.sub(key), i)
		text := s.r.str(item, path)
		switch {
		case text == "":
			if item.shape == shapeString {
				s.r.report(Problem{Path: path, Rule: "must not be empty", Fix: "remove it"})
			}
		case slices.Contains(list, text):
			s.r.report(Problem{Path: path, Rule: "stands in the list twice", Value: strconv.Quote(text), Fix: "remove one of the two"})
		default:
			list = append(list, text)
		}
	}
	return list, true
}

// duration reads a duration in milliseconds.
func (s *section) duration(key string, otherwise int64) int64 {
	t := s.get(key)
	if t == nil {
		return otherwise
	}
	if t.shape == shapeNumber && t.text == "0" {
		return 0
	}
	ms, err := ParseDuration(t.text)
	if t.shape != shapeString || err != nil {
		s.wrong(key, "must be a duration", s.shown(t), "write a number and a unit, such as 9d, 24h, 15m, 30s or 500ms")
		return otherwise
	}
	return ms
}

// date reads a date, as a YAML date or as a string.
func (s *section) date(key string) string {
	t := s.get(key)
	if t == nil {
		return ""
	}
	if t.shape != shapeString || !isDate(t.text) {
		s.wrong(key, "must be a date", s.shown(t), "write year-month-day, such as 2026-11-20")
		return ""
	}
	return t.text
}

func (s *section) count(key string, t *tree) int64 {
	n, err := strconv.ParseInt(t.text, 10, 64)
	if t.shape != shapeNumber || err != nil || n < 0 {
		s.wrong(key, "must be a whole number, zero or more", s.shown(t), "write digits")
		return 0
	}
	return n
}

// raw takes a map as JSON for a provider to read.
func (s *section) raw(key string) json.RawMessage {
	t := s.get(key)
	if t == nil {
		return nil
	}
	if t.shape != shapeMap {
		s.wrong(key, "must be a map", s.shown(t), "write its keys below it, indented")
		return nil
	}
	return t.json()
}

// Nearest gives the word that a misspelt one probably means, or nothing.
func Nearest(word string, words []string) string { return nearest(word, words) }

// nearest gives the word that a misspelt one probably means, or nothing.
func nearest(word string, words []string) string {
	best, bestDistance := "", 3
	for _, w := range words {
		if d := distance(word, w); d < bestDistance && d < len(w) {
			best, bestDistance = w, d
		}
	}
	return best
}

// distance is the number of edits between two short words.
func distance(a, b string) int {
	if len(a) > 40 || len(b) > 40 {
		return 99
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next := min(row[j+1]+1, row[j]+1, diagonal+cost)
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}

func plural(n int, one, many string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, one)
	}
	return fmt.Sprintf("%d %s", n, many)
}
