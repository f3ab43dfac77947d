package cli

import (
	"fmt"
	"io"
)

// scanProgress says on a terminal how far reading a topic has come; elsewhere
// it says nothing.
type scanProgress struct {
	w        io.Writer
	what     string
	terminal bool
	shown    bool
}

func newScanProgress(w io.Writer, what string) *scanProgress {
	return &scanProgress{w: w, what: what, terminal: isTerminal(w)}
}

func (p *scanProgress) show(done, total int64) {
	if !p.terminal || total == 0 {
		return
	}
	p.shown = true
	// A terminal that is gone is found out by the results.
	_, _ = fmt.Fprintf(p.w, "\r\x1b[Klooking at %s: %d of %d (%d %%)", p.what, done, total, 100*done/total)
}

func (p *scanProgress) clear() {
	if p.shown {
		_, _ = fmt.Fprint(p.w, "\r\x1b[K") // as above
	}
}
