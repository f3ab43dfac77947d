// Package window keeps, for one partition, which of the records that were read
// are finished: a pure structure with one lock around offsets, bytes, pause
// and the revoked flag, so that they cannot contradict each other.
//
// Records are added in offset order and finish in any order. What may be
// committed is the end of the contiguous finished prefix: committing past
// unfinished work would lose it in a crash. Finishing after the partition was
// taken away is ignored, because somebody else is reading it by then.
//
// Memory is bounded by bytes. A full window asks for its partition to be
// paused and, once half of it is free again, resumed; the group and the other
// partitions go on. One destination may hold at most its share of a window,
// so that a slow one cannot stop its neighbours; beyond it the caller moves
// deliveries elsewhere ([Window.Fits]).
package window

import (
	"errors"
	"fmt"
	"strings"
	"sync"
)

// Default sizes: what one partition may hold in memory, and the part of it
// that one destination may hold.
const (
	DefaultBytes = 8 << 20
	DefaultShare = 4 // a quarter
)

// ErrOrder is returned by Add for an offset that is not above the last one.
var ErrOrder = errors.New("offset is not above the one before")

// Config of a window.
type Config struct {
	// MaxBytes after which the partition should be paused. Default DefaultBytes.
	MaxBytes int
	// Share is the divisor of MaxBytes that one destination may hold. Default
	// DefaultShare.
	Share int
}

// Window is the state of one partition between its assignment and its
// revocation. Safe for concurrent use.
type Window struct {
	max, divisor int

	mu      sync.Mutex
	entries []entry // in offset order; entries[head:] are kept
	head    int
	bytes   int
	held    map[string]*share
	recent  *share // of the record that was added last
	next    int64  // what may be committed; -1: nothing yet
	told    int64  // what Committable returned last
	paused  bool
	revoked bool
}

type entry struct {
	offset int64
	bytes  int
	share  *share // nil: finished
}

// share is what one destination holds of the window.
type share struct {
	destination string
	bytes       int
}

// New makes an empty window.
func New(cfg Config) *Window {
	if cfg.MaxBytes <= 0 {
		cfg.MaxBytes = DefaultBytes
	}
	if cfg.Share <= 0 {
		cfg.Share = DefaultShare
	}
	return &Window{max: cfg.MaxBytes, divisor: cfg.Share, held: map[string]*share{}, next: -1, told: -1}
}

// Add takes a record that was read. Its destination is "" while it belongs to
// none. The error is ErrOrder. Adding to a revoked window does nothing.
func (w *Window) Add(offset int64, bytes int, destination string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.revoked {
		return nil
	}
	last := w.next - 1
	if n := len(w.entries); n > w.head {
		last = w.entries[n-1].offset
	}
	if offset <= last {
		return fmt.Errorf("adding %d after %d to the window: %w", offset, last, ErrOrder)
	}
	s := w.shareOf(destination)
	s.bytes += bytes
	w.entries = append(w.entries, entry{offset: offset, bytes: bytes, share: s})
	w.bytes += bytes
	return nil
}

// shareOf gives a destination's share, made on first sight. Records of one
// destination mostly come in a row.
func (w *Window) shareOf(destination string) *share {
	if s := w.recent; s != nil && s.destination == destination {
		return s
	}
	s := w.held[destination]
	if s == nil {
		s = &share{destination: strings.Clone(destination)} // it may be part of a record
		w.held[s.destination] = s
	}
	w.recent = s
	return s
}

// Finish says that nothing more will be done for a record. It may come in any
// order, more than once, and after Revoke; it returns whether it changed
// anything.
func (w *Window) Finish(offset int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.revoked {
		return false
	}
	i, ok := w.find(offset)
	if !ok || w.entries[i].share == nil {
		return false
	}
	e := &w.entries[i]
	w.bytes -= e.bytes
	s := e.share
	e.share = nil
	if s.bytes -= e.bytes; s.bytes <= 0 && w.held[s.destination] == s {
		delete(w.held, s.destination)
		w.recent = nil
	}
	w.advance()
	return true
}

// find is a binary search, because compaction and transaction markers leave
// holes between offsets.
func (w *Window) find(offset int64) (int, bool) {
	lo, hi := w.head, len(w.entries)
	for lo < hi {
		if m := int(uint(lo+hi) >> 1); w.entries[m].offset < offset {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo, lo < len(w.entries) && w.entries[lo].offset == offset
}

// advance moves the head over the finished prefix.
func (w *Window) advance() {
	for w.head < len(w.entries) && w.entries[w.head].share == nil {
		w.next = w.entries[w.head].offset + 1
		w.head++
	}
	if w.head == len(w.entries) {
		w.entries, w.head = w.entries[:0], 0
	} else if w.head > 1024 && w.head > len(w.entries)/2 {
		n := copy(w.entries, w.entries[w.head:])
		w.entries, w.head = w.entries[:n], 0
	}
}

// Committable returns the offset to commit (the one to read next after a
// restart) and whether it has moved since the last call. It never goes back
// and never passes an unfinished record; a revoked window has nothing new.
func (w *Window) Committable() (offset int64, moved bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.revoked || w.next == w.told {
		return w.told, false
	}
	w.told = w.next
	return w.next, true
}

// Pressure says what to do with the partition: pause when the window is full,
// resume when a quarter of it is free again: what is left keeps the sender busy
// until the next fetch is answered. Each change is said once.
func (w *Window) Pressure() (pause, resume bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.revoked:
		return false, false
	case !w.paused && w.bytes >= w.max:
		w.paused = true
		return true, false
	case w.paused && w.bytes <= w.max/4*3:
		w.paused = false
		return false, true
	default:
		return false, false
	}
}

// Fits says whether a destination is within its share of the window, counting
// what it holds already. A destination that holds one record only always fits:
// a record larger than the share could otherwise never be sent.
func (w *Window) Fits(destination string, bytes int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	held := w.held[destination]
	return held == nil || held.bytes == 0 || held.bytes+bytes <= w.max/w.divisor
}

// Holds says whether the record with this offset is in the window and not
// finished.
func (w *Window) Holds(offset int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	i, ok := w.find(offset)
	return !w.revoked && ok && w.entries[i].share != nil
}

// Revoke ends the window: late finishes are ignored and nothing more may be
// committed. It returns how many records were not finished.
func (w *Window) Revoke() (unfinished int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.revoked {
		return 0
	}
	w.revoked = true
	for _, e := range w.entries[w.head:] {
		if e.share != nil {
			unfinished++
		}
	}
	w.entries, w.head, w.bytes, w.recent = nil, 0, 0, nil
	clear(w.held)
	return unfinished
}

// State is a window's state for a status page.
type State struct {
	Unfinished int   `json:"unfinished"`
	Bytes      int   `json:"bytes"`
	Next       int64 `json:"next"` // what may be committed; -1: nothing yet
	Oldest     int64 `json:"oldest"`
	Paused     bool  `json:"paused"`
	Revoked    bool  `json:"revoked"`
}

// State of the window; Oldest is the first unfinished offset, -1 if there is none.
func (w *Window) State() State {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := State{Bytes: w.bytes, Next: w.next, Oldest: -1, Paused: w.paused, Revoked: w.revoked}
	for _, e := range w.entries[w.head:] {
		if e.share != nil {
			if s.Oldest < 0 {
				s.Oldest = e.offset
			}
			s.Unfinished++
		}
	}
	return s
}
