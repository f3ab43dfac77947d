package resource

import (
	"fmt"
	"unicode"

	"github.com/sluicehq/sluice/pkg/core/document"
)

// scripts have letters that look like each other's.
var scripts = []struct {
	name  string
	table *unicode.RangeTable
}{{"Latin", unicode.Latin}, {"Cyrillic", unicode.Cyrillic}, {"Greek", unicode.Greek}}

// lookAlike says which character of a name a reader takes for another one: a
// letter of a second script in one word, or one that cannot be seen. Such a name
// matches nothing that was typed, and looks as if it did. A word that is wholly
// of one script is a word of that language.
func lookAlike(name string) string {
	first, letter := -1, ' ' // the script that a word began with
	for _, r := range name {
		if unicode.In(r, unicode.Cf, unicode.Zs) && r != ' ' {
			return fmt.Sprintf("has a character that cannot be seen (%U)", r)
		}
		if !unicode.IsLetter(r) && !unicode.IsMark(r) {
			first = -1
			continue
		}
		for i, s := range scripts {
			if !unicode.Is(s.table, r) {
				continue
			}
			if first >= 0 && first != i {
				a, b := s, scripts[first] // the Latin letter is hardly the one to tell
				if i > 0 {
					a, b, letter = scripts[first], s, r
				}
				return fmt.Sprintf("mixes %s and %s letters: %q is %s (%U)", a.name, b.name, letter, b.name, letter)
			}
			first, letter = i, r
		}
	}
	return ""
}

// warnLookAlike notes such a name.
func (r *reader) warnLookAlike(path, name string) {
	if what := lookAlike(name); what != "" && !r.reported(path) {
		r.report(Problem{
			Path: path, Warning: true, Rule: what + ", so that it is another name than it looks", Value: document.Quoted(name),
			Fix: "type the name anew, in one alphabet, unless the events have it just so",
		})
	}
}

// plainName is the fix of a name that must be of plain letters: people do not
// see what is wrong with one that looks plain.
func plainName(_, value string) string {
	for _, r := range value {
		for _, s := range scripts[1:] {
			if unicode.Is(s.table, r) {
				return fmt.Sprintf("type it anew: %q is a %s letter (%U)", r, s.name, r)
			}
		}
	}
	if what := lookAlike(value); what != "" {
		return "type it anew: it " + what
	}
	return "choose another name"
}
