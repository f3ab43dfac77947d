package ledger

import (
	"fmt"
	"runtime"
	"slices"
	"time"
)

// Check is one invariant, over everything that was seen.
type Check struct {
	ID   string `json:"id"`   // I1 to I14
	What string `json:"what"` // in words
	// Looked is how many things were looked at, Bad what was wrong with some
	// of them; offending ids stand in it.
	Looked int      `json:"looked"`
	Bad    []string `json:"bad,omitempty"`
	// Failures counts all of Bad, which is cut.
	Failures int `json:"failures"`
	// Detail is a measured figure.
	Detail string `json:"detail,omitempty"`
}

// most is how many offending ids are listed.
const most = 12

func (c *Check) fail(format string, args ...any) {
	c.Failures++
	if len(c.Bad) < most {
		c.Bad = append(c.Bad, fmt.Sprintf(format, args...))
	}
}

// Report is what a run came to.
type Report struct {
	Checks []Check
	// Lost counts pairs of record and mapping without the end that they must
	// have; DuplicateHandovers second deliveries of one id; ProviderDuplicates
	// copies that providers took.
	Lost, DuplicateHandovers, ProviderDuplicates int
	// Unexcused are copies that no kill, pause or lost answer explains.
	Unexcused int
	Longest   time.Duration
	Pairs     int
	Outcomes  map[string]int
	Verdicts  map[string]int
	Requests  int
	Records   int
	Lag       []string
}

// OK tells whether every invariant held.
func (r *Report) OK() bool {
	return !slices.ContainsFunc(r.Checks, func(c Check) bool { return c.Failures > 0 })
}

// Judge checks every invariant. It is called when everything has had the time
// to reach its end.
func (l *Ledger) Judge() *Report {
	requests := l.w.Record.From(0)
	l.mu.Lock()
	defer l.mu.Unlock()
	r := &Report{Longest: l.longest, Outcomes: map[string]int{}, Verdicts: l.verdicts, Requests: len(requests), Records: l.records}
	seen := l.atProviders(requests)
	r.Checks = []Check{
		l.decidedOnce(r), l.nothingVanished(r, seen), l.handedOverOnce(r), l.copies(r, seen),
		l.offsetsOnlyForward(), l.nothingStands(r), l.revoked(requests), l.tooOld(requests), l.canaries(requests),
		l.bounded(), l.neighbours(seen), l.tablesAgree(), l.waited(requests), l.isolated(seen),
	}
	for i := range r.Checks {
		r.Checks[i].mustLook()
	}
	return r
}

// sometimes are checks that need a certain fault: a run without it has nothing
// to look at.
var sometimes = []string{"I11", "I13", "I14"}

// mustLook fails a check that has looked at nothing: it would hold of anything.
func (c *Check) mustLook() {
	withoutProc := c.ID == "I10" && runtime.GOOS != "linux" // measured in /proc
	if c.Looked == 0 && !withoutProc && !slices.Contains(sometimes, c.ID) {
		c.fail("nothing was looked at")
	}
}

// Tables notes that a process's tables differ from the fold of their topics.
func (l *Ledger) Tables(problem string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tables = append(l.tables, problem)
}

// Leaked notes personal data where none belongs.
func (l *Ledger) Leaked(where string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leaks = append(l.leaks, where)
}
