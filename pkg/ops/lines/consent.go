package lines

import (
	"fmt"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/consent"
)

// ConsentNotes collects the records of a file that are malformed, which denies
// everything: nobody else would tell who wrote them. A nil one takes no notes.
type ConsentNotes struct {
	lines  []string
	hidden int
}

func (c *ConsentNotes) add(file string, n int, r *consent.Record) {
	s := consent.NormaliseRecord(*r, 0)
	if c == nil || s.Malformed == consent.WellFormed {
		return
	}
	if len(c.lines) == shownLines {
		c.hidden++
		return
	}
	what := s.Malformed.String()
	if s.Fault != "" {
		joint := ": "
		if s.Malformed == consent.PartUnknownMember {
			joint = " "
		}
		what += joint + s.Fault
	}
	c.lines = append(c.lines, fmt.Sprintf("%s:%d: malformed consent, which denies everything: %s", file, n, what))
}

// String gives the notes, one a line; "" for none.
func (c *ConsentNotes) String() string {
	if c == nil || len(c.lines) == 0 {
		return ""
	}
	text := strings.Join(c.lines, "\n") + "\n"
	if c.hidden > 0 {
		text += fmt.Sprintf("  and %d more malformed records\n", c.hidden)
	}
	return text
}
