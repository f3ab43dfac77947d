package demo

import (
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/pkg/provider/all"
)

// Result is the accounting of a demo. Its JSON form is a public contract.
type Result struct {
	OK                 bool                `json:"ok"`
	EventsRead         int                 `json:"events_read"`
	Decisions          int                 `json:"decisions"`
	ByStatus           map[string]int      `json:"by_status"`
	ByReason           map[string]int      `json:"by_reason"`
	Providers          map[string]Provider `json:"providers"`
	Lost               int                 `json:"lost"`
	DuplicateHandovers int                 `json:"duplicate_handovers"`
	ProviderDuplicates int                 `json:"provider_duplicates"`
	ClaimsLost         int                 `json:"claims_lost"`
	DurationSeconds    float64             `json:"duration_seconds"`

	// Checks are the sums that have to agree, for the text report.
	Checks []Check `json:"-"`
	// Table is the number of decisions by customer, destination and outcome.
	Table map[Row]int `json:"-"`
}

// Provider is one provider's part.
type Provider struct {
	Queued   int `json:"queued"`   // deliveries committed to its topics
	Accepted int `json:"accepted"` // distinct events that the sandbox took
	Rejected int `json:"rejected"` // distinct events that it refused
	Requests int `json:"requests"` // HTTP requests that it saw

	// What the topics say beside it, for the text report.
	Eligible     int `json:"-"` // decisions that promise a delivery
	Ended        int `json:"-"` // deliveries with an end, or known to be under way
	Delivered    int `json:"-"` // of these
	DeadLettered int `json:"-"`
}

// Check is one sum seen from two sides.
type Check struct {
	// Provider is whose sum it is; empty: everybody's.
	Provider string
	What     string
	Left     int
	Right    int
	OK       bool
	// Expected says why sides that differ are right all the same.
	Expected string
}

// Account compares what the topics say with what was written and what the
// sandbox itself saw. faults are the names of those that providers had: some make
// honest copies, for an answer was lost and the same bytes had to be sent again,
// and a provider that never says no takes nothing while one refuses.
func Account(c Counts, seen sandbox.Report, written int, took time.Duration, faults string) *Result {
	r := &Result{
		EventsRead: written, Decisions: c.Decisions, ByStatus: c.ByStatus, ByReason: c.ByReason,
		Providers: map[string]Provider{}, Lost: c.Lost + c.Undecided, DuplicateHandovers: c.Duplicates,
		DurationSeconds: took.Seconds(), Table: c.Table,
	}
	sum := 0
	for _, n := range c.ByReason {
		sum += n
	}
	r.check("decisions = sum over reasons", c.Decisions, sum)
	r.check("events written = events in the input topic", written, c.Inputs)
	r.check("every event has a decision", c.Inputs-c.Undecided, c.Inputs)
	for _, name := range sandbox.Providers() {
		r.provider(name, &c, seen.Providers[name], faults != "")
	}
	r.check("lost", r.Lost, 0)
	r.check("handed over twice", r.DuplicateHandovers, 0)
	r.check("seen twice by a provider", r.ProviderDuplicates, 0)
	if copies := &r.Checks[len(r.Checks)-1]; faultsDouble(faults) && !copies.OK {
		copies.OK, copies.Expected = true, "expected: an answer was lost"
	}
	r.OK = true
	for _, check := range r.Checks {
		r.OK = r.OK && check.OK
	}
	return r
}

// blind are the providers that take whatever is sent without a word, so that what
// a fault keeps out counts as sent.
var blind = func() map[string]bool {
	names := map[string]bool{}
	for _, s := range all.Specs() {
		names[s.Name] = s.Blind
	}
	return names
}()

func (r *Result) provider(name string, c *Counts, seen sandbox.ProviderReport, faulty bool) {
	ends := c.Ends[name]
	p := Provider{
		Queued: c.Queued[name], Accepted: seen.Accepted + seen.Adjustments, Rejected: seen.Rejected, Requests: seen.Requests,
		Eligible: c.Routed[name], Delivered: ends["delivered"], DeadLettered: ends["dead_lettered"],
	}
	for _, n := range ends {
		p.Ended += n
	}
	r.Providers[name] = p
	r.ProviderDuplicates += seen.Duplicates
	from := len(r.Checks)
	r.check(name+": eligible decisions = deliveries committed", p.Eligible, p.Queued)
	r.check(name+": deliveries = their ends", p.Queued, p.Ended)
	r.check(name+": delivered = taken by the sandbox", p.Delivered, p.Accepted)
	if taken := &r.Checks[len(r.Checks)-1]; faulty && blind[name] && p.Accepted < p.Delivered {
		taken.OK, taken.Expected = true, "expected: it never says no"
	}
	r.check(name+": dead-lettered = refused by the sandbox", p.DeadLettered, p.Rejected)
	for i := range r.Checks[from:] {
		r.Checks[from+i].Provider = name
	}
}

func (r *Result) check(what string, left, right int) {
	r.Checks = append(r.Checks, Check{What: what, Left: left, Right: right, OK: left == right})
}

// faultsDouble reports whether the faults make honest copies at a provider.
func faultsDouble(names string) bool {
	for _, name := range strings.Split(names, ",") {
		switch strings.TrimSpace(name) {
		case "lost-answer", "outage", "slow", "all":
			return true
		}
	}
	return false
}
