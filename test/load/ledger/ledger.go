// Package ledger decides whether Sluice kept its promises, by readers and a
// fold of its own: what was written and what must become of it (package
// traffic), what every topic says, and what the providers' stand-ins saw.
//
// It knows invariants I1 to I14 of docs/guarantees.md.
package ledger

import (
	"fmt"
	"sync"
	"time"

	"github.com/sluicehq/sluice/test/load/traffic"
	"github.com/sluicehq/sluice/test/load/world"
)

// At are the coordinates of one input record; the topic's id tells apart what
// stood in a topic that was deleted and created again.
type At struct {
	Topic     [16]byte
	Partition int32
	Offset    int64
}

// Part is one partition of one incarnation of the input topic.
type Part struct {
	Topic     [16]byte
	Partition int32
}

// pair is one input record and one mapping.
type pair struct {
	at      At
	mapping string
}

// handover is what must stand once in the delivery topics.
type handover struct{ destination, target, eventID, replayID string }

// replayed is one pair that a replay sends again.
type replayed struct {
	pair
	replay string
}

// repeats is what became of it.
type repeats struct{ queued, ended int }

// written is one input record.
type written struct {
	item *traffic.Item
	at   time.Time
}

// fate is what became of a pair.
type fate struct {
	routed   []traffic.Outcome // final decisions of router, hold or replay
	routedAt time.Time         // when the ledger read the first decision
	held     int
	heldIn   []coordinates           // where it waits for consent
	queued   int                     // records in delivery topics
	ends     map[traffic.Outcome]int // final decisions of the sender
	moved    bool                    // retrying or parked at least once
	endedAt  time.Time
	// delivered is where its deliveries stand.
	delivered []coordinates
	// again are its deliveries of replays, and againEnds what became of them.
	again     int
	againEnds map[traffic.Outcome]int
}

// coordinates are those of one record.
type coordinates struct {
	topicPartition
	offset int64
}

// final tells whether nothing more has to happen.
func (f *fate) final() bool {
	return f != nil && len(f.routed) > 0 && (f.routed[0] != traffic.Queued || len(f.ends) > 0)
}

// waits tells whether it waits where it should.
func (f *fate) waits() bool { return f != nil && (f.held > 0 && len(f.routed) == 0 || f.moved) }

// Ledger is safe for concurrent use.
type Ledger struct {
	w      *world.World
	decode *decoder

	mu        sync.Mutex
	written   map[At]written
	fates     map[pair]*fate
	open      map[pair]struct{}
	handovers map[handover]int
	replays   map[replayed]repeats
	lost      map[At]bool    // deleted before they were read, and reported
	removed   map[Part]int64 // offsets below were deleted by the tester
	consents  map[string]time.Time
	positions map[topicPartition]int64 // next offset to read
	records   int
	troubles  []string // what a reader stumbled over
	leaks     []string
	longest   time.Duration
	verdicts  map[string]int
	outages   []Outage
	marks     []Interval
	offsets   *offsets
	resources map[string]Usage
	tables    []string
}

// topicPartition is one partition.
type topicPartition struct {
	topic     string
	partition int32
}

// Outage is a time in which processes could not finish what they had begun:
// killed, stopped, or cut off.
type Outage struct {
	// Slot is the process; empty: all of them.
	Slot     string
	From, To time.Time // To is zero while it lasts
	What     string
}

// Interval is a time with a name, such as that of a fault.
type Interval struct {
	Name     string
	From, To time.Time
	// Healed is when what had waited was worked off.
	Healed time.Time
	// Quiet: nothing was broken.
	Quiet bool
	// Neighbour: only the shop's destinations were in trouble.
	Neighbour bool
}

// New makes an empty ledger.
func New(w *world.World) *Ledger {
	return &Ledger{
		w: w, decode: newDecoder(w.Registry), written: map[At]written{}, fates: map[pair]*fate{}, open: map[pair]struct{}{},
		handovers: map[handover]int{}, replays: map[replayed]repeats{}, lost: map[At]bool{}, removed: map[Part]int64{}, consents: map[string]time.Time{}, positions: map[topicPartition]int64{},
		verdicts: map[string]int{}, offsets: newOffsets(), resources: map[string]Usage{},
	}
}

// Wrote notes a record of the input topic.
func (l *Ledger) Wrote(item *traffic.Item, at At, when time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.written[at] = written{item, when}
	for mapping := range item.Expect {
		p := pair{at, mapping}
		if f := l.fates[p]; !f.final() {
			l.open[p] = struct{}{}
		}
	}
}

// Revoked notes that a subject's revocation is readable.
func (l *Ledger) Revoked(id string, when time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.consents[id]; !known {
		l.consents[id] = when
	}
}

// Removed notes that the tester deletes the records below an offset.
func (l *Ledger) Removed(part Part, below int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.removed[part] = max(l.removed[part], below)
}

// Deleted notes that records of a partition were deleted before they were read.
// Whoever says so has it from the router's own report, which holds only for
// what the tester has really deleted.
func (l *Ledger) Deleted(topic [16]byte, partition int32, from, to int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if below := l.removed[Part{topic, partition}]; to > below {
		l.troubles = append(l.troubles, fmt.Sprintf("records %d to %d of partition %d are reported as deleted, and were only up to %d", from, to, partition, below))
		to = below
	}
	for at := range l.written {
		if at.Topic == topic && at.Partition == partition && at.Offset >= from && at.Offset < to {
			l.lost[at] = true
		}
	}
	for p := range l.open {
		if l.lost[p.at] {
			delete(l.open, p)
		}
	}
}

// Out notes the beginning of an outage; the function that it returns ends it.
func (l *Ledger) Out(slot, what string) func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.outages)
	l.outages = append(l.outages, Outage{Slot: slot, From: time.Now(), What: what})
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.outages[n].To.IsZero() {
			l.outages[n].To = time.Now()
		}
	}
}

// Mark notes an interval.
func (l *Ledger) Mark(i Interval) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.marks = append(l.marks, i)
}

// Pending counts pairs written before a time that have not been worked on:
// neither decided, nor sent, nor put where they should wait.
func (l *Ledger) Pending(before time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for p := range l.open {
		if l.written[p.at].at.Before(before) && !l.fates[p].waits() {
			n++
		}
	}
	return n
}

// Undecided counts those of them that no router has decided.
func (l *Ledger) Undecided(before time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for p := range l.open {
		if f := l.fates[p]; l.written[p.at].at.Before(before) && !f.waits() && (f == nil || len(f.routed) == 0) {
			n++
		}
	}
	return n
}

// Open counts pairs, and repetitions of them, that have not reached their end.
func (l *Ledger) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.open)
	for _, a := range l.replays {
		if a.queued > 0 && a.ended == 0 {
			n++
		}
	}
	return n
}

// Oldest is the age of the oldest record that has not been worked on.
func (l *Ledger) Oldest() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	oldest := time.Duration(0)
	for p := range l.open {
		if !l.fates[p].waits() && len(l.fate(p).routed) == 0 {
			oldest = max(oldest, time.Since(l.written[p.at].at))
		}
	}
	return oldest
}

// Records counts what was read.
func (l *Ledger) Records() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.records
}

// Written counts input records.
func (l *Ledger) Written() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.written)
}
