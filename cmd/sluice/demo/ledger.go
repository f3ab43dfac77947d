package demo

import (
	"sync"

	"github.com/sluicehq/sluice/pkg/decision"
)

// pair is one (input record, mapping), the unit of accounting.
type pair struct {
	partition int32
	offset    int64
	mapping   string
	replay    string
}

// handover is what must be unique in the delivery topics.
type handover struct {
	destination, target, event, replay string
}

// fate is what the topics say about one pair.
type fate struct {
	status decision.Status // of router or hold
	reason decision.Reason
	end    decision.Status // of the sender; StatusNone while pending
}

// Ledger folds diagnostics and deliveries into an accounting. It reads topics
// as any consumer would and shares no state with the roles, so that their
// mistakes cannot cancel out.
type Ledger struct {
	mu        sync.Mutex
	fates     map[pair]*fate
	seen      map[string]struct{} // decision ids, to drop repeats
	handovers map[handover]int
	records   map[[2]int64]struct{} // input records that any decision names
	queued    map[string]int
	unmapped  int // published ones
	open      int // queued, without an end
	held      int // held, not yet decided
}

// NewLedger makes an empty one.
func NewLedger() *Ledger {
	return &Ledger{
		fates: map[pair]*fate{}, seen: map[string]struct{}{}, handovers: map[handover]int{},
		records: map[[2]int64]struct{}{}, queued: map[string]int{},
	}
}

// Decision takes one diagnostic.
func (l *Ledger) Decision(d *decision.Decision) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, twice := l.seen[d.ID]; twice {
		return
	}
	l.seen[d.ID] = struct{}{}
	p := pair{d.Source.Partition, d.Source.Offset, d.Mapping, d.ReplayID}
	switch d.Stage {
	case decision.StageRouter, decision.StageHold, decision.StageReplay:
		l.routed(p, d)
	case decision.StageSender:
		if d.Status != decision.Retrying {
			l.ended(l.fate(p), d.Status)
		}
	case decision.StageVerdict:
	}
}

func (l *Ledger) routed(p pair, d *decision.Decision) {
	l.records[[2]int64{int64(d.Source.Partition), d.Source.Offset}] = struct{}{}
	f := l.fate(p)
	switch {
	case f.status == decision.Held && d.Status != decision.Held:
		l.held--
	case f.status == decision.StatusNone && d.Status == decision.Held:
		l.held++
	case f.status != decision.StatusNone:
		return // a hold's own decision is final; the router's may arrive later
	}
	f.status, f.reason = d.Status, d.Reason
	if d.Reason == decision.MappingNone && d.Mapping == "" {
		l.unmapped++
	}
	if d.Status == decision.Queued && f.end == decision.StatusNone {
		l.open++
	}
}

// ended notes a sender's decision, which may be read before the router's: the
// two are written by different processes.
func (l *Ledger) ended(f *fate, end decision.Status) {
	if f.status == decision.Queued && f.end == decision.StatusNone {
		l.open--
	}
	f.end = end
}

func (l *Ledger) fate(p pair) *fate {
	f := l.fates[p]
	if f == nil {
		f = &fate{}
		l.fates[p] = f
	}
	return f
}

// Delivery takes one record of a delivery topic.
func (l *Ledger) Delivery(d *decision.Delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queued[d.Provider]++
	l.handovers[handover{d.Facts.DestinationID, d.Target, d.EventID, d.ReplayID}]++
}

// Settled reports whether everything that was read has reached its end.
func (l *Ledger) Settled() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open == 0 && l.held == 0
}

// Pending tells how many deliveries and held events have not.
func (l *Ledger) Pending() (open, held int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open, l.held
}

// Counts is what the topics say.
type Counts struct {
	Decisions  int
	ByStatus   map[string]int
	ByReason   map[string]int
	Queued     map[string]int // deliveries committed, by provider
	Ends       map[string]int // what senders made of them
	Lost       int
	Duplicates int
}

// Count sums up for a run that wrote total input records.
func (l *Ledger) Count(total int) Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := Counts{ByStatus: map[string]int{}, ByReason: map[string]int{}, Queued: map[string]int{}, Ends: map[string]int{}}
	for _, f := range l.fates {
		if f.status == decision.StatusNone {
			continue
		}
		c.Decisions++
		c.ByStatus[f.status.String()]++
		c.ByReason[f.reason.String()]++
		if f.status == decision.Queued {
			if f.end == decision.StatusNone {
				c.Lost++
			} else {
				c.Ends[f.end.String()]++
			}
		}
	}
	// Unmapped events are counted, not published: they are the input records
	// that no decision names.
	if silent := total - len(l.records); silent > 0 {
		c.Decisions += silent
		c.ByStatus[decision.Skipped.String()] += silent
		c.ByReason[decision.MappingNone.String()] += silent
	}
	for provider, n := range l.queued {
		c.Queued[provider] = n
	}
	for _, n := range l.handovers {
		if n > 1 {
			c.Duplicates += n - 1
		}
	}
	return c
}
