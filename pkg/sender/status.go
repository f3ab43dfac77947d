package sender

import (
	"sort"
	"sync"
	"time"

	"github.com/sluicehq/sluice/pkg/sender/flow"
)

// Status is a sender's state, for /statusz and tests.
type Status struct {
	Provider   string `json:"provider"`
	Partitions int    `json:"partitions"`
	Paused     int    `json:"paused"`
	// Held are deliveries in memory: Batched in open batches, Waiting in
	// waiting places for their time, the others on their way.
	Held    int `json:"held"`
	Batched int `json:"batched"`
	Waiting int `json:"waiting"`
	Bytes   int `json:"bytes"`
	// Parked are those of Waiting that wait for their destination, and the
	// age of the oldest.
	Parked       int           `json:"parked"`
	ParkedBytes  int           `json:"parked_bytes"`
	ParkedOldest time.Duration `json:"parked_oldest_ns"`
	// InFlight requests, and Working jobs and settlements.
	InFlight int `json:"in_flight"`
	Working  int `json:"working"`
	// Uncommitted: finished offsets are not committed yet.
	Uncommitted bool `json:"uncommitted"`
	// Holding: nothing starts, because tables or claims are unavailable.
	Holding      bool                `json:"holding"`
	Destinations []DestinationStatus `json:"destinations"`
	Stopped      bool                `json:"stopped"`
}

// DestinationStatus is one destination's.
type DestinationStatus struct {
	ID       string  `json:"id"`
	Mode     string  `json:"mode"`
	Reason   string  `json:"reason,omitempty"`
	Message  string  `json:"message,omitempty"`
	Until    int64   `json:"until,omitempty"`
	Rate     float64 `json:"rate,omitempty"`
	InFlight int     `json:"in_flight,omitempty"`
	Parked   int64   `json:"parked,omitempty"`
}

// Idle says that nothing is in memory, on its way or to be committed. Deliveries in
// waiting places that are not due do not count.
func (s Status) Idle() bool {
	return s.Partitions > 0 && s.Held == s.Waiting && s.Working == 0 && !s.Uncommitted
}

// board is where the loop publishes its status for others to read.
type board struct {
	mu      sync.Mutex
	current Status
	readied chan struct{}
	once    sync.Once
}

func newBoard(provider string) *board {
	return &board{current: Status{Provider: provider}, readied: make(chan struct{})}
}

func (b *board) ready() { b.once.Do(func() { close(b.readied) }) }

func (b *board) get() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.current
}

func (b *board) set(s Status) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.current = s
}

func (b *board) stopped() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.current = Status{Provider: b.current.Provider, Stopped: true}
}

// publishEveryMS bounds how often the whole status is put together; a change
// between idle and busy is told at once.
const publishEveryMS = 100

// publish tells the board.
func (l *loop) publish(now time.Time) {
	s := Status{
		Provider: l.deps.Provider.Name(), Partitions: len(l.partitions), Held: l.held, InFlight: l.inFlight, Working: l.active,
		Holding: l.holding,
	}
	for _, p := range l.partitions {
		s.Waiting += len(p.queue)
		s.Uncommitted = s.Uncommitted || p.commit >= 0
	}
	clock := now.UnixMilli()
	if s.Idle() == l.wasIdle && clock < l.nextPublish {
		l.at(l.nextPublish) // or the last change would never be told
		return
	}
	l.wasIdle, l.nextPublish = s.Idle(), clock+publishEveryMS
	l.detail(&s, now)
	l.status.set(s)
}

// detail fills in what takes longer to find out.
func (l *loop) detail(s *Status, now time.Time) {
	var oldest int64
	parked, parkedBytes := 0, 0
	for _, p := range l.partitions {
		state := p.window.State()
		s.Bytes += state.Bytes
		if p.paused {
			s.Paused++
		}
		if p.place.parked && len(p.queue) > 0 {
			parked += len(p.queue)
			parkedBytes += state.Bytes
			if at := p.queue[0].record.Timestamp.UnixMilli(); oldest == 0 || at < oldest {
				oldest = at
			}
		}
	}
	for _, b := range l.batchers {
		s.Batched += b.Len()
	}
	age := time.Duration(0)
	if oldest > 0 {
		age = time.Duration(now.UnixMilli()-oldest) * time.Millisecond
	}
	s.Parked, s.ParkedBytes, s.ParkedOldest = parked, parkedBytes, age
	for _, d := range l.destinations {
		s.Destinations = append(s.Destinations, d.status())
	}
	sort.Slice(s.Destinations, func(i, k int) bool { return s.Destinations[i].ID < s.Destinations[k].ID })
}

func (d *destination) status() DestinationStatus {
	s := DestinationStatus{ID: d.id, Mode: d.flow.Mode.String(), Rate: d.flow.Rate, InFlight: d.inFlight, Parked: d.parked}
	if d.flow.Mode != flow.Open {
		s.Reason, s.Message, s.Until = d.flow.Cause.String(), d.flow.Detail, d.flow.Until
	}
	return s
}
