package demo

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
)

// digest stands for something that has to be told apart and not read again.
// Strings of decoded records alias whole fetched batches: keeping one keeps
// them all.
type digest [16]byte

func digestOf(parts ...string) digest {
	h := sha256.New()
	var n [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return digest(h.Sum(nil)[:16])
}

// pair is one (input record, mapping), the unit of accounting.
func pairOf(c event.Coordinates, mapping, replay string) digest {
	return digestOf(strconv.Itoa(int(c.Partition)), strconv.FormatInt(c.Offset, 10), mapping, replay)
}

// fate is what the topics say about one pair.
type fate struct {
	status   decision.Status // of router or hold
	reason   decision.Reason
	provider string
	customer string
	dest     string
	end      decision.Status // of the sender; StatusNone while pending
	why      decision.Reason // of the end
	// deferred: the provider takes it only later than any demo lasts.
	deferred bool
}

// over tells whether nothing more is to come. A parked delivery comes back by
// itself when its destination heals, so it is over only for who gives up
// waiting.
func (f *fate) over() bool {
	return f.status != decision.Queued || f.deferred || (f.end != decision.StatusNone && f.end != decision.Parked)
}

// Ledger folds diagnostics and deliveries into an accounting. It reads topics
// as any consumer would and shares no state with the roles, so that their
// mistakes cannot cancel out.
type Ledger struct {
	mu        sync.Mutex
	fates     map[digest]*fate
	seen      map[digest]struct{}   // decision ids, to drop repeats
	handovers map[digest]uint8      // (destination, target, event id, replay id)
	records   map[[2]int64]struct{} // input records that any decision names
	unnamed   map[[2]int64]struct{} // those that must be named, and are not yet
	inputs    int                   // input records read
	queued    map[string]int
	read      reader.Offsets
	names     map[string]string // few, and kept once
	started   int64             // epoch ms
	open      int               // queued, without an end
	held      int               // held, not yet decided
}

// NewLedger makes an empty one.
func NewLedger() *Ledger {
	return &Ledger{
		fates: map[digest]*fate{}, seen: map[digest]struct{}{}, handovers: map[digest]uint8{},
		names:   map[string]string{},
		records: map[[2]int64]struct{}{}, unnamed: map[[2]int64]struct{}{}, queued: map[string]int{}, read: reader.Offsets{}, started: time.Now().UnixMilli(),
	}
}

// Input takes one record of the input topic. wanted tells that it needs a
// decision of its own: a mapping names it, or it cannot be read. Who tells must
// not be the router.
func (l *Ledger) Input(partition int32, offset int64, wanted bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inputs++
	at := [2]int64{int64(partition), offset}
	if _, named := l.records[at]; wanted && !named {
		l.unnamed[at] = struct{}{}
	}
}

// Decision takes one diagnostic.
func (l *Ledger) Decision(d *decision.Decision) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := digestOf(d.ID)
	if _, twice := l.seen[id]; twice {
		return
	}
	l.seen[id] = struct{}{}
	p := pairOf(d.Source, d.Mapping, d.ReplayID)
	switch d.Stage {
	case decision.StageRouter, decision.StageHold, decision.StageReplay:
		l.routed(p, d)
	case decision.StageSender:
		if d.Status != decision.Retrying {
			f := l.fate(p)
			before := f.over()
			f.end, f.why = d.Status, d.Reason
			l.moved(f, before)
		}
	case decision.StageVerdict:
	}
}

func (l *Ledger) routed(p digest, d *decision.Decision) {
	at := [2]int64{int64(d.Source.Partition), d.Source.Offset}
	l.records[at] = struct{}{}
	delete(l.unnamed, at)
	f := l.fate(p)
	before := f.over()
	switch {
	case f.status == decision.Held && d.Status != decision.Held:
		l.held--
	case f.status == decision.StatusNone && d.Status == decision.Held:
		l.held++
	case f.status != decision.StatusNone:
		return // the hold's decision is final, and may be read before the router's
	}
	f.status, f.reason, f.provider = d.Status, d.Reason, l.name(d.Provider)
	f.customer, f.dest = l.name(d.CustomerID), l.name(d.DestinationID)
	l.moved(f, before)
}

// name gives a copy of a name that does not alias a record.
func (l *Ledger) name(s string) string {
	if kept, ok := l.names[s]; ok {
		return kept
	}
	s = strings.Clone(s)
	l.names[s] = s
	return s
}

// moved keeps count of what is not over. Router and sender write to the same
// topic from different processes, so an end may be read before its beginning.
func (l *Ledger) moved(f *fate, before bool) {
	switch after := f.over(); {
	case before && !after:
		l.open++
	case !before && after:
		l.open--
	}
}

func (l *Ledger) fate(p digest) *fate {
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
	l.queued[l.name(d.Provider)]++
	if d.NotBefore > l.started+patience.Milliseconds() {
		f := l.fate(pairOf(d.Source, d.Facts.Mapping, d.ReplayID))
		before := f.over()
		f.deferred = true
		l.moved(f, before)
	}
	l.handovers[digestOf(d.Facts.DestinationID, d.Target, d.EventID, d.ReplayID)]++
}

// Read notes how far a partition has been read.
func (l *Ledger) Read(at reader.Partition, next int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.read[at] = next
}

// At is how far a partition has been read.
func (l *Ledger) At(p reader.Partition) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.read[p]
}

// ReadTo reports whether every partition has been read to its end.
func (l *Ledger) ReadTo(ends reader.Offsets) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for at, end := range ends {
		if l.read[at] < end {
			return false
		}
	}
	return true
}

// Decided is the number of decisions so far, silent ones aside.
func (l *Ledger) Decided() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.fates)
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
	Decisions int
	ByStatus  map[string]int
	ByReason  map[string]int
	Queued    map[string]int // deliveries committed, by provider
	// Routed are decisions that promise a delivery, by provider.
	Routed map[string]int
	// Ends is what senders made of them, by provider, then by status; pending
	// ones stand under "pending".
	Ends map[string]map[string]int
	// Table is the number of decisions by destination and outcome.
	Table map[Row]int
	// Inputs are the records of the input topic, Undecided those of them that
	// needed a decision and have none.
	Inputs, Undecided int
	Lost              int // deliveries without an end
	Duplicates        int
}

// Row is one line of the report.
type Row struct{ Customer, Destination, Status, Reason string }

// Count sums up.
func (l *Ledger) Count() Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := Counts{
		ByStatus: map[string]int{}, ByReason: map[string]int{}, Queued: map[string]int{}, Routed: map[string]int{},
		Ends: map[string]map[string]int{}, Table: map[Row]int{}, Inputs: l.inputs, Undecided: len(l.unnamed),
	}
	for _, f := range l.fates {
		if f.status == decision.StatusNone {
			continue // a delivery without a decision: the sums will not add up
		}
		c.Decisions++
		c.ByStatus[f.status.String()]++
		c.ByReason[f.reason.String()]++
		if f.status == decision.Queued {
			c.queued(f)
		} else {
			c.Table[Row{f.customer, f.dest, f.status.String(), f.reason.String()}]++
		}
	}
	if c.Undecided > 0 {
		c.Table[Row{"", "", "missing", "no decision was published"}] = c.Undecided
	}
	// Unmapped events are counted, not published: they are the input records
	// that no decision names and that need none.
	if silent := l.inputs - len(l.records) - c.Undecided; silent > 0 {
		c.Decisions += silent
		c.ByStatus[decision.Skipped.String()] += silent
		c.ByReason[decision.MappingNone.String()] += silent
		c.Table[Row{"", "", decision.Skipped.String(), decision.MappingNone.String()}] += silent
	}
	for provider, n := range l.queued {
		c.Queued[provider] = n
	}
	for _, n := range l.handovers {
		c.Duplicates += int(n) - 1
	}
	return c
}

// queued counts what became of one delivery.
func (c *Counts) queued(f *fate) {
	c.Routed[f.provider]++
	end, why := f.end.String(), f.why.String()
	switch {
	case f.end == decision.StatusNone && f.deferred:
		end, why = "pending", "waits for the provider's minimum age"
	case f.end == decision.StatusNone:
		end, why = "missing", "no end was published"
		c.Lost++
	}
	if c.Ends[f.provider] == nil {
		c.Ends[f.provider] = map[string]int{}
	}
	c.Ends[f.provider][end]++
	c.Table[Row{f.customer, f.dest, end, why}]++
}
