// Package ledger is the sandbox's own, independent record of the events that a
// stand-in accepted or refused. It keeps 16-byte hashes and counters, never
// bodies, so that hundreds of thousands of events fit into a few dozen MB.
package ledger

import (
	"crypto/sha256"
	"sync"
)

// Event names one event as the provider can: by what stands in the request.
type Event struct {
	Destination string // dataset; operating account
	Target      string // event name; conversion action
	ID          string // event id; transaction id; else a hash of the content
	// Version tells adjustments from repeats: for Google the event time, value
	// and currency; empty for a provider that knows no adjustments.
	Version string
}

// Count is what is known about one (destination, target, id).
type Count struct {
	Accepted    int `json:"accepted"`    // times accepted, repeats and adjustments included
	Refused     int `json:"refused"`     // times named as the invalid event of a refused request
	Adjustments int `json:"adjustments"` // acceptances with a version not seen before, after the first
}

// Totals are sums over all ids. Accepted and Rejected count distinct ids; an id
// that was refused and later accepted counts as accepted.
type Totals struct {
	Accepted       int            `json:"accepted"`
	Rejected       int            `json:"rejected"`
	Acceptances    int            `json:"acceptances"` // accepted records, repeats included
	Duplicates     int            `json:"duplicates"`  // ids seen more than once, adjustments aside
	Repeats        int            `json:"repeats"`     // acceptances beyond the first that were no adjustment
	Adjustments    int            `json:"adjustments"`
	ByDestination  map[string]int `json:"by_destination"` // distinct accepted ids by destination/target
	RefusalReasons map[string]int `json:"refusal_reasons"`
}

type key [16]byte

type state struct {
	accepted, refused, adjustments uint32
	repeats                        uint32
}

// maxGroups bounds the table of destinations and targets of an open sandbox.
const maxGroups = 10_000

// Ledger counts the events of one provider. It is safe for concurrent use.
type Ledger struct {
	mu       sync.Mutex
	ids      map[key]state
	versions map[key]struct{}
	groups   map[string]int
	reasons  map[string]int
}

// New gives an empty ledger.
func New() *Ledger {
	l := &Ledger{}
	l.Reset()
	return l
}

// Reset forgets everything.
func (l *Ledger) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ids, l.versions = map[key]state{}, map[key]struct{}{}
	l.groups, l.reasons = map[string]int{}, map[string]int{}
}

// Outcome tells how an accepted event relates to the earlier ones of its id.
type Outcome uint8

// The outcomes of Accept.
const (
	First Outcome = iota
	Repeat
	Adjustment
)

// Accept records one accepted event.
func (l *Ledger) Accept(e Event) Outcome {
	id, version := e.keys()
	l.mu.Lock()
	defer l.mu.Unlock()
	st := l.ids[id]
	_, seen := l.versions[version]
	if e.Version != "" && !seen {
		l.versions[version] = struct{}{}
	}
	outcome := First
	switch {
	case st.accepted == 0:
		l.group(e)
	case e.Version != "" && !seen:
		outcome = Adjustment
		st.adjustments++
	default:
		outcome = Repeat
		st.repeats++
	}
	st.accepted++
	l.ids[id] = st
	return outcome
}

// Refuse records that the event was the invalid one of a refused request, and
// the reason in the provider's own code.
func (l *Ledger) Refuse(e Event, reason string) {
	id, _ := e.keys()
	l.mu.Lock()
	defer l.mu.Unlock()
	st := l.ids[id]
	st.refused++
	l.ids[id] = st
	l.reasons[reason]++
}

// Count gives what is known about one id.
func (l *Ledger) Count(e Event) Count {
	id, _ := e.keys()
	l.mu.Lock()
	defer l.mu.Unlock()
	st := l.ids[id]
	return Count{Accepted: int(st.accepted), Refused: int(st.refused), Adjustments: int(st.adjustments)}
}

// Totals sums the ledger up.
func (l *Ledger) Totals() Totals {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := Totals{ByDestination: map[string]int{}, RefusalReasons: map[string]int{}}
	for _, st := range l.ids {
		switch {
		case st.accepted > 0:
			t.Accepted++
		case st.refused > 0:
			t.Rejected++
		}
		if st.repeats > 0 {
			t.Duplicates++
		}
		t.Acceptances += int(st.accepted)
		t.Repeats += int(st.repeats)
		t.Adjustments += int(st.adjustments)
	}
	for k, v := range l.groups {
		t.ByDestination[k] = v
	}
	for k, v := range l.reasons {
		t.RefusalReasons[k] = v
	}
	return t
}

func (l *Ledger) group(e Event) {
	name := e.Destination + "/" + e.Target
	if _, ok := l.groups[name]; !ok && len(l.groups) >= maxGroups {
		name = "others"
	}
	l.groups[name]++
}

func (e Event) keys() (id, version key) {
	base := e.Destination + "\x00" + e.Target + "\x00" + e.ID
	sum := sha256.Sum256([]byte(base))
	copy(id[:], sum[:])
	if e.Version != "" {
		sum = sha256.Sum256([]byte(base + "\x00" + e.Version))
		copy(version[:], sum[:])
	}
	return id, version
}
