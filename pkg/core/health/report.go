package health

import (
	"cmp"
	"slices"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

// FreshStatus is for how long what a sender said about a destination counts. It
// says so again every five minutes; one that has not for longer is gone.
const FreshStatus = 15 * time.Minute

// overdue is how long after the end of a wait its sender has said something
// newer, if it is there.
const overdue = 30 * time.Second

// Budget is the share of events that may miss the objective before the error
// budget is used up.
const Budget = 0.01

// Status is what one sender says about one destination. Times are epoch ms.
type Status struct {
	Destination, Sender string
	State               string // open, waiting or blocked
	Reason              decision.Reason
	Message             string
	Since, Until        int64
	UpdatedAt           int64
	Rate                float64 // events per second; zero: no limit
	CredentialExpires   int64   // zero: not known
}

// severity orders the states: the worst fresh one counts.
var severity = map[string]int{"open": 1, "waiting": 2, "blocked": 3}

// Worst gives the state of each destination: of the statuses that are fresh at
// a time, the worst one, whatever order they come in. A wait that is over is
// none. The credentials end where those of one sender do: the earliest end
// counts.
func Worst(statuses []Status, now int64) map[string]Status {
	worst, ends := map[string]Status{}, map[string]int64{}
	for _, s := range statuses {
		if now-s.UpdatedAt > FreshStatus.Milliseconds() {
			continue
		}
		if s.State == "waiting" && now-s.Until > overdue.Milliseconds() {
			s.State, s.Reason, s.Message, s.Until = "open", decision.ReasonNone, "", 0
		}
		if end := ends[s.Destination]; s.CredentialExpires > 0 && (end == 0 || s.CredentialExpires < end) {
			ends[s.Destination] = s.CredentialExpires
		}
		if known, ok := worst[s.Destination]; !ok || compare(s, known) > 0 {
			worst[s.Destination] = s
		}
	}
	for id, s := range worst {
		s.CredentialExpires = ends[id]
		worst[id] = s
	}
	return worst
}

// compare orders statuses of one destination: the worse state first, then the
// one that lasts longer.
func compare(a, b Status) int {
	return cmp.Or(cmp.Compare(severity[a.State], severity[b.State]), cmp.Compare(b.Since, a.Since), cmp.Compare(b.Sender, a.Sender))
}

// StateOf says in one word how a destination stands: what its resource says
// comes first, then what its senders say; "unknown" where none has said
// anything lately.
func StateOf(d *resource.Destination, worst map[string]Status) string {
	switch {
	case !d.Active:
		return "inactive"
	case d.Mode == resource.ModeShadow:
		return "shadow"
	case d.Paused:
		return "paused"
	}
	if s, ok := worst[d.ID]; ok {
		return s.State
	}
	return "unknown"
}

// Report is how one destination did in some span of time. Shares are 0 to 1; a
// nil one has nothing to be a share of.
type Report struct {
	Destination, Customer, Provider, Owner, Runbook string

	// Blind: the provider never says no, so that what is counted as delivered was
	// sent, and nobody knows more.
	Blind bool

	State  string
	Status Status // zero where no sender has said anything lately

	Counts *Counts

	MatchQuality *float64
	KeyCoverage  []KeyCoverage
	// Coverage is delivered or browser-reported events of those that the owner
	// expects; nil where nothing is expected.
	Coverage      *float64
	EventCoverage []EventCoverage
	// Recognisable is the share of events reported by browser and server that
	// carry an id by which the provider can count them once.
	Recognisable *float64
	// DuplicateShare is the share of eligible events that Sluice saw a second
	// time and held back.
	DuplicateShare *float64

	P50, P95  *int64 // ms from the event's append to its delivery
	WithinSLA *float64
	// BudgetLeft is what is left of the error budget, 1 to below 0: late,
	// dead-lettered and expired events use it up.
	BudgetLeft *float64

	Parked, Retrying, Queued, Held Waiting
}

// KeyCoverage is the share of delivered events with one kind of identifier.
type KeyCoverage struct {
	Kind  decision.Kind
	Share float64
}

// EventCoverage is one source event that the owner expects.
type EventCoverage struct {
	Event    string
	Expected float64 // in this span of time
	Got      int     // delivered, or reported by a browser
}

// Share is the share of the expected events, never above 1.
func (e *EventCoverage) Share() float64 { return min(1, float64(e.Got)/e.Expected) }

// NewReport joins what is known about a destination. span is the length of time
// that counts are of; counts and waiting may be nil.
func NewReport(d *resource.Destination, counts *Counts, span time.Duration, waits map[decision.Status]Waiting, worst map[string]Status) Report {
	if counts == nil {
		counts = &Counts{}
	}
	r := Report{
		Destination: d.ID, Customer: d.Customer, Provider: d.Provider, Owner: d.Owner, Runbook: d.Runbook,
		State: StateOf(d, worst), Status: worst[d.ID], Counts: counts,
		Parked: waits[decision.Parked], Retrying: waits[decision.Retrying], Queued: waits[decision.Queued], Held: waits[decision.Held],
	}
	if q, ok := counts.MatchQuality(); ok {
		r.MatchQuality = &q
	}
	for k, n := range counts.Kinds {
		if n > 0 {
			r.KeyCoverage = append(r.KeyCoverage, KeyCoverage{decision.Kind(k), float64(n) / float64(counts.Delivered)})
		}
	}
	r.coverage(d, span)
	r.Recognisable = share(counts.Recognisable, counts.Both)
	r.DuplicateShare = share(counts.Duplicates, counts.Eligible+counts.Duplicates)
	r.freshness(d)
	return r
}

func (r *Report) coverage(d *resource.Destination, span time.Duration) {
	var expected, got float64
	for event, perDay := range d.Objectives.ExpectedPerDay {
		if perDay <= 0 {
			continue
		}
		e := EventCoverage{Event: event, Expected: float64(perDay) * span.Hours() / 24, Got: r.Counts.Events[event]}
		r.EventCoverage = append(r.EventCoverage, e)
		expected += e.Expected
		got += min(float64(e.Got), e.Expected) // one event's surplus hides no other's lack
	}
	slices.SortFunc(r.EventCoverage, func(a, b EventCoverage) int { return cmp.Compare(a.Event, b.Event) })
	if expected > 0 {
		all := got / expected
		r.Coverage = &all
	}
}

func (r *Report) freshness(d *resource.Destination) {
	c := r.Counts
	if p50, ok := c.Latency.Quantile(0.5); ok {
		r.P50 = &p50
	}
	if p95, ok := c.Latency.Quantile(0.95); ok {
		r.P95 = &p95
	}
	if d.Objectives.SLAMS > 0 {
		r.WithinSLA = share(c.Latency.Within(d.Objectives.SLAMS), c.Latency.n)
	}
	if late, failed, all := c.spent(d.Objectives.SLAMS); all > 0 {
		left := 1 - float64(late+failed)/float64(all)/Budget
		r.BudgetLeft = &left
	}
}

func share(part, whole int) *float64 {
	if whole == 0 {
		return nil
	}
	s := float64(part) / float64(whole)
	return &s
}
