package health

import (
	"encoding/binary"
	"hash/maphash"
	"maps"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
)

// Config of an Observer. Zero values mean the defaults.
type Config struct {
	// Span is the grain of time in which counts are kept; 5 minutes by default.
	Span time.Duration
	// Keep is how far back from the newest decision counts are kept; zero:
	// for ever.
	Keep time.Duration
	// Repeats is for how long repeats of a decision are recognised; zero: for
	// ever. A crash leaves them behind within minutes.
	Repeats time.Duration
}

// Observer counts decisions per destination. It is not safe for concurrent
// use.
type Observer struct {
	cfg  Config
	seed maphash.Seed

	newest int64
	spans  map[int64]*span
	// waiting are events that are queued, held, retried or parked.
	waiting map[uint64]waiting
	// failed are events whose failure a replay takes back.
	failed map[uint64]failure
}

// span is one grain of time.
type span struct {
	counts map[string]*Counts
	seen   map[uint64]struct{} // decision ids; nil once they are forgotten
}

// failure is where an event was counted that was given up.
type failure struct {
	span        int64
	destination string
	status      decision.Status
	reason      decision.Reason
	// reported is the source event that a browser reported too; else empty.
	reported string
}

type waiting struct {
	destination string
	status      decision.Status
	since       int64
}

// NewObserver makes an Observer.
func NewObserver(cfg Config) *Observer {
	if cfg.Span <= 0 {
		cfg.Span = 5 * time.Minute
	}
	return &Observer{cfg: cfg, seed: maphash.MakeSeed(), spans: map[int64]*span{}, waiting: map[uint64]waiting{}, failed: map[uint64]failure{}}
}

// Add counts a decision. Decisions about one event have to come in the order of
// the topic; others may come in any order. Nothing of d is kept.
func (o *Observer) Add(d *decision.Decision) {
	if d.DestinationID == "" {
		return // no mapping names it, or it is no event
	}
	if d.Time > o.newest {
		o.advance(d.Time)
	}
	if o.cfg.Keep > 0 && d.Time < o.newest-o.cfg.Keep.Milliseconds() {
		return
	}
	s := o.span(d.Time)
	if s.seen != nil {
		id := maphash.String(o.seed, d.ID)
		if _, repeat := s.seen[id]; repeat {
			return
		}
		s.seen[id] = struct{}{}
	}
	counts := s.counts[d.DestinationID]
	if counts == nil {
		counts = &Counts{}
		s.counts[strings.Clone(d.DestinationID)] = counts
	}
	key, known := o.key(d)
	if known && d.Stage == decision.StageReplay {
		o.replayed(key, d, counts)
	} else {
		counts.add(d)
	}
	if known {
		o.follow(key, d)
	}
}

// replayed counts a replay's decision about an event that was counted when it
// was decided first. One that had been given up is on its way again, or ends
// otherwise than it did; every other keeps what it was counted as.
func (o *Observer) replayed(key uint64, d *decision.Decision, counts *Counts) {
	if d.Status == decision.Duplicate {
		return // another copy, or the provider has it: the event ended as it did
	}
	known, ok := o.failed[key]
	if !ok {
		return
	}
	delete(o.failed, key)
	if s := o.spans[known.span]; s != nil {
		s.counts[known.destination].takeBack(&known)
	}
	if d.Status != decision.Queued {
		counts.add(d)
	}
}

func (o *Observer) span(at int64) *span {
	start := at / o.cfg.Span.Milliseconds()
	s := o.spans[start]
	if s == nil {
		s = &span{counts: map[string]*Counts{}, seen: map[uint64]struct{}{}}
		o.spans[start] = s
	}
	return s
}

// advance forgets what is too old for the new newest time.
func (o *Observer) advance(now int64) {
	length := o.cfg.Span.Milliseconds()
	crossed := now/length != o.newest/length
	o.newest = now
	if !crossed {
		return
	}
	for start, s := range o.spans {
		end := (start + 1) * length
		if o.cfg.Keep > 0 && end < now-o.cfg.Keep.Milliseconds() {
			delete(o.spans, start)
			maps.DeleteFunc(o.failed, func(_ uint64, f failure) bool { return f.span == start })
		} else if o.cfg.Repeats > 0 && end < now-o.cfg.Repeats.Milliseconds() {
			s.seen = nil
		}
	}
}

// key names an event at a mapping by its input record; false where a decision
// is about none.
func (o *Observer) key(d *decision.Decision) (uint64, bool) {
	if d.Mapping == "" || d.EventID == "" {
		return 0, false
	}
	var h maphash.Hash
	h.SetSeed(o.seed)
	for _, part := range [...]string{d.DestinationID, d.Mapping, d.EventID} {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		_, _ = h.Write(n[:]) // never fails (hash.Hash)
		_, _ = h.WriteString(part)
	}
	var at [12]byte
	binary.BigEndian.PutUint32(at[:], uint32(d.Source.Partition))
	binary.BigEndian.PutUint64(at[4:], uint64(d.Source.Offset))
	_, _ = h.Write(at[:])
	return h.Sum64(), true
}

// follow keeps in mind what waits and what was given up.
func (o *Observer) follow(key uint64, d *decision.Decision) {
	switch d.Status {
	case decision.DeadLettered, decision.Expired, decision.Revoked:
		f := failure{span: d.Time / o.cfg.Span.Milliseconds(), destination: strings.Clone(d.DestinationID), status: d.Status, reason: d.Reason}
		if d.BrowserReported.Set && d.BrowserReported.Value {
			f.reported = strings.Clone(d.SourceEvent)
		}
		o.failed[key] = f
	}
	if !d.Status.Pending() {
		delete(o.waiting, key)
		return
	}
	since := d.Time
	if known, ok := o.waiting[key]; ok && known.status == d.Status {
		since = known.since // moved again, and waiting since the first time
	}
	o.waiting[key] = waiting{destination: strings.Clone(d.DestinationID), status: d.Status, since: since}
}

// Counts sums what happened at each destination from one time to before
// another, by whole spans.
func (o *Observer) Counts(from, to int64) map[string]*Counts {
	length := o.cfg.Span.Milliseconds()
	all := map[string]*Counts{}
	for start, s := range o.spans {
		if at := start * length; at+length <= from || at >= to {
			continue
		}
		for id, c := range s.counts {
			if all[id] == nil {
				all[id] = &Counts{}
			}
			all[id].merge(c)
		}
	}
	return all
}

// Waiting is what waits at one destination in one status, and since when the
// oldest does, epoch ms.
type Waiting struct {
	Events int
	Oldest int64
}

// Waiting gives what waits, by destination and status.
func (o *Observer) Waiting() map[string]map[decision.Status]Waiting {
	all := map[string]map[decision.Status]Waiting{}
	for _, w := range o.waiting {
		if all[w.destination] == nil {
			all[w.destination] = map[decision.Status]Waiting{}
		}
		sum := all[w.destination][w.status]
		sum.Events++
		if sum.Oldest == 0 || w.since < sum.Oldest {
			sum.Oldest = w.since
		}
		all[w.destination][w.status] = sum
	}
	return all
}
