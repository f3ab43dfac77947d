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
	// Unseen says why nothing was looked at, where a run may have nothing to
	// look at; empty: something was. Such a check neither held nor failed.
	Unseen string `json:"not_looked_at,omitempty"`
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

// sometimes are checks that need a certain fault, and what is missing where a
// run did not have it.
var sometimes = map[string]string{
	"I11": "no destination failed beside one that works",
	"I13": "no provider named a time to wait",
	"I14": "no event was refused by its provider",
}

// mustLook fails a check that has looked at nothing, because it would hold of
// anything. Where there was nothing to look at, the check says so instead: it
// must not be taken for one that held.
func (c *Check) mustLook() {
	why, excused := sometimes[c.ID]
	if c.ID == "I10" && runtime.GOOS != "linux" {
		why, excused = "it is measured in /proc, which only Linux has", true
	}
	switch {
	case c.Looked > 0:
	case !excused:
		c.fail("nothing was looked at")
	case c.Failures == 0:
		c.Unseen, c.Detail = why, ""
	}
}

// Unseen gives the checks that had nothing to look at.
func Unseen(checks []Check) (unseen []Check) {
	for _, c := range checks {
		if c.Unseen != "" {
			unseen = append(unseen, c)
		}
	}
	return unseen
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
