//go:build !production

package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/sluicehq/sluice/cmd/sluice/demo"
)

// progress shows one line that is written over on a terminal, and a line every
// few seconds elsewhere.
type progress struct {
	mu       sync.Mutex
	w        io.Writer
	terminal bool
	last     time.Duration
	shown    bool
}

func newProgress(w io.Writer) *progress { return &progress{w: w, terminal: isTerminal(w)} }

func (p *progress) show(at demo.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	every := 200 * time.Millisecond
	if !p.terminal {
		every = 5 * time.Second
	}
	if p.shown && at.Elapsed-p.last < every {
		return
	}
	p.last, p.shown = at.Elapsed, true
	line := fmt.Sprintf("%5.1f s  %s: %d written, %d decided, %d accepted, %d on their way, %d held",
		at.Elapsed.Seconds(), at.Stage, at.Written, at.Decided, at.Accepted, at.Open, at.Held)
	if p.terminal {
		_, _ = fmt.Fprint(p.w, "\r\x1b[K"+line)
		return
	}
	_, _ = fmt.Fprintln(p.w, line)
}

// Write implements io.Writer for everybody who writes while it shows.
func (p *progress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown && p.terminal {
		_, _ = fmt.Fprint(p.w, "\r\x1b[K")
	}
	return p.w.Write(b)
}

// clear ends the line.
func (p *progress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown && p.terminal {
		_, _ = fmt.Fprint(p.w, "\r\x1b[K")
	}
	p.shown = false
}
