package lines

import (
	"fmt"
	"strings"

	"github.com/sluicehq/sluice/pkg/edge/codec"
)

// Notes collects what somebody who wrote events by hand wants to be told
// about lines that are read all the same: members that are ignored, or make consent
// malformed, and lines that are no events where those are sent on. A nil one takes
// no notes.
type Notes struct {
	file    string
	members *codec.EventMembers
	bad     Error
	unknown []unknownMember
	known   map[string]int // index in unknown by path
	hidden  int            // different members beyond the limit
}

type unknownMember struct {
	codec.UnknownMember
	line, lines int // where it was first, and in how many lines it is
}

// NewNotes makes notes about a file, named as the user named it.
func NewNotes(file string) (*Notes, error) {
	members, err := codec.NewEventMembers()
	if err != nil {
		return nil, err
	}
	return &Notes{file: file, members: members, bad: Error{File: file}, known: map[string]int{}}, nil
}

// Line notes the unknown members of a line.
func (l *Notes) Line(n int, line []byte) {
	if l == nil {
		return
	}
	for _, m := range l.members.Unknown(line) {
		i, seen := l.known[m.Path]
		switch {
		case seen:
			l.unknown[i].lines++
		case len(l.unknown) == shownLines:
			l.hidden++
		default:
			l.known[m.Path] = len(l.unknown)
			l.unknown = append(l.unknown, unknownMember{UnknownMember: m, line: n, lines: 1})
		}
	}
}

// Bad notes a line that is no event.
func (l *Notes) Bad(n int, err error) {
	if l != nil {
		l.bad.Add(n, err)
	}
}

// String gives the notes, one a line, the bad lines first; "" for none.
func (l *Notes) String() string {
	if l == nil {
		return ""
	}
	var b strings.Builder
	if l.bad.Count > 0 {
		b.WriteString(l.bad.Error() + "\n  they are sent as they are, and dead-lettered; fix: mend these lines\n")
	}
	for _, u := range l.unknown {
		effect := "ignored"
		if u.Malformed {
			effect = "malformed: this consent denies everything"
		}
		fmt.Fprintf(&b, "%s:%d: unknown member %s (%s", l.file, u.line, u.Path, effect)
		if u.lines > 1 {
			fmt.Fprintf(&b, "; %d times in all", u.lines)
		}
		b.WriteString(")")
		if u.Near != "" {
			b.WriteString("; did you mean " + u.Near + "?")
		}
		b.WriteString("\n")
	}
	if l.hidden > 0 {
		fmt.Fprintf(&b, "  and %d more unknown members\n", l.hidden)
	}
	return b.String()
}
