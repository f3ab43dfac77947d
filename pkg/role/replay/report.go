package replay

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
)

// Report counts what a replay has done, or would do.
type Report struct {
	// Scanned records of the source; Unreadable ones among them are no events or
	// deliveries.
	Scanned, Unreadable int64
	Destinations        map[string]*Counts
}

// Counts of one destination; one for each event and mapping.
type Counts struct {
	// Sent to the replay lane; Waits of them wait for a paused destination.
	Sent, Waits int64
	// Delivered and Pending were never sent again. Never were not decided
	// before, and were not asked for.
	Delivered, Pending, Never int64
	// NotSent by outcome.
	NotSent map[Outcome]int64
}

// Outcome is why something was not sent.
type Outcome struct {
	Status decision.Status
	Reason decision.Reason
}

// destination gives the counts of one; a new row where there is none.
func (r *Report) destination(id string) *Counts {
	c := r.Destinations[id]
	if c == nil {
		if r.Destinations == nil {
			r.Destinations = map[string]*Counts{}
		}
		c = &Counts{NotSent: map[Outcome]int64{}}
		r.Destinations[strings.Clone(id)] = c
	}
	return c
}

// add adds what another report counts.
func (r *Report) add(o *Report) {
	r.Scanned += o.Scanned
	r.Unreadable += o.Unreadable
	for id, c := range o.Destinations {
		own := r.destination(id)
		own.Sent += c.Sent
		own.Waits += c.Waits
		own.Delivered += c.Delivered
		own.Pending += c.Pending
		own.Never += c.Never
		for k, n := range c.NotSent {
			own.NotSent[k] += n
		}
	}
}

// Names lists the destinations in order.
func (r *Report) Names() []string { return slices.Sorted(maps.Keys(r.Destinations)) }

// Sent is how many were sent to all destinations together.
func (r *Report) Sent() int64 {
	return r.sum(func(c *Counts) int64 { return c.Sent })
}

// Matched is how many events at mappings were found at all.
func (r *Report) Matched() int64 {
	return r.sum(func(c *Counts) int64 {
		n := c.Sent + c.Delivered + c.Pending + c.Never
		for _, more := range c.NotSent {
			n += more
		}
		return n
	})
}

func (r *Report) sum(of func(*Counts) int64) int64 {
	var n int64
	for _, c := range r.Destinations {
		n += of(c)
	}
	return n
}

// Outcomes lists why things were not sent, the most frequent first.
func (c *Counts) Outcomes() []Outcome {
	return slices.SortedFunc(maps.Keys(c.NotSent), func(a, b Outcome) int {
		return cmp.Or(cmp.Compare(c.NotSent[b], c.NotSent[a]), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Status, b.Status))
	})
}

// The names of stored counts: scanned, unreadable, and sent/DESTINATION and so
// on, with status:reason for what was not sent.
const (
	countScanned    = "scanned"
	countUnreadable = "unreadable"
)

func (r *Report) counts() []codec.StateCount {
	all := []codec.StateCount{{Name: countScanned, Count: r.Scanned}, {Name: countUnreadable, Count: r.Unreadable}}
	for _, id := range r.Names() {
		c := r.Destinations[id]
		for _, row := range c.rows() {
			all = append(all, codec.StateCount{Name: row.name + "/" + id, Count: *row.n})
		}
		for _, o := range c.Outcomes() {
			all = append(all, codec.StateCount{Name: o.Status.String() + ":" + o.Reason.String() + "/" + id, Count: c.NotSent[o]})
		}
	}
	return all
}

type countRow struct {
	name string
	n    *int64
}

func (c *Counts) rows() []countRow {
	return []countRow{{"sent", &c.Sent}, {"waits", &c.Waits}, {"delivered", &c.Delivered}, {"pending", &c.Pending}, {"never", &c.Never}}
}

// reportOf reads stored counts; words that this program does not know are left
// out.
func reportOf(s *codec.State) Report {
	var r Report
	for _, count := range s.Counts {
		what, id, found := strings.Cut(count.Name, "/")
		switch {
		case what == countScanned:
			r.Scanned = count.Count
		case what == countUnreadable:
			r.Unreadable = count.Count
		case found:
			r.destination(id).set(what, count.Count)
		}
	}
	return r
}

func (c *Counts) set(what string, n int64) {
	for _, row := range c.rows() {
		if row.name == what {
			*row.n = n
			return
		}
	}
	word, code, _ := strings.Cut(what, ":")
	status, badStatus := decision.ParseStatus(word)
	reason, badReason := decision.ParseReason(code)
	if badStatus == nil && badReason == nil {
		c.NotSent[Outcome{status, reason}] = n
	}
}
