package codec

import (
	"strconv"

	"github.com/sluicehq/sluice/pkg/core/event"
)

// maxTrail is deeper than any record of ours.
const maxTrail = 6

// step is one record or list on the way to a field.
type step struct {
	name  string
	index int // of a list's entry, counted from one; zero: none
}

func (c *coder) push(name string, index int) {
	if c.depth < maxTrail {
		c.trail[c.depth] = step{name, index}
	}
	c.depth++
}

// at gives the path of a field of the innermost record, or of the list's entry
// that is being read where name is the list's own.
func (c *coder) at(name string) string {
	var path string
	for i, s := range c.trail[:min(c.depth, maxTrail)] {
		switch {
		case s.name == "":
			continue
		case path != "":
			path += "."
		}
		path += s.name
		if s.index > 0 {
			path += "[" + strconv.Itoa(s.index-1) + "]"
		}
		if i == c.depth-1 && s.name == name {
			return path
		}
	}
	if path != "" && name != "" {
		path += "."
	}
	return path + name
}

// note notes something about a field that does not cost the record.
func (c *coder) note(name string, code event.NoteCode) {
	if c.notes != nil {
		c.notes.Add(event.Path(c.at(name)), code)
	}
}

// stepped keeps the trail on the entry that is read, and takes the list off it
// behind the last one.
func (c *coder) stepped(e *entries, more bool) bool {
	switch {
	case more && !e.on:
		c.push(e.name, e.i+1)
		e.on = true
	case more && c.depth <= maxTrail:
		c.trail[c.depth-1].index = e.i + 1
	case !more && e.on:
		c.depth--
	}
	return more
}
