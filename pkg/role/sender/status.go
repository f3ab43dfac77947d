package sender

import (
	"sync"
	"time"
)

// Status is a sender's state, for /statusz and tests.
type Status struct {
	Provider   string `json:"provider"`
	Partitions int    `json:"partitions"`
	Paused     int    `json:"paused"`
	// Held are deliveries in memory: Batched in open batches, Waiting in
	// retry topics for their time, the others on their way.
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
	Holding bool `json:"holding"`
	// Oldest is for how long the oldest delivery has been due that could be
	// sent now, were there time. Destinations that take nothing now do not
	// count: more senders would not help them.
	Oldest time.Duration `json:"oldest_ns"`
	// Lost deliveries were deleted before they were read, since the start.
	Lost         int64               `json:"lost"`
	Quotas       []QuotaStatus       `json:"quotas,omitempty"`
	Destinations []DestinationStatus `json:"destinations"`
	Stopped      bool                `json:"stopped"`
}

// QuotaStatus is one budget of requests that destinations share.
type QuotaStatus struct {
	Name string `json:"name"`
	Mode string `json:"mode"`
	// Requests that this process has made since it started.
	Requests int64 `json:"requests"`
	// PerMinute and PerDay are the limits, over all senders.
	PerMinute float64 `json:"per_minute"`
	PerDay    int     `json:"per_day"`
	Until     int64   `json:"until,omitempty"`
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
	// Parked by this sender since it started. ParkedHere and ParkedBytes are
	// what it has read ahead of the parked topic; more may stand behind that.
	Parked      int64 `json:"parked,omitempty"`
	ParkedHere  int   `json:"parked_here,omitempty"`
	ParkedBytes int   `json:"parked_bytes,omitempty"`
}

// Idle says that nothing is in memory, on its way or to be committed. Deliveries in
// retry topics that are not due do not count.
func (s Status) Idle() bool {
	return s.Partitions > 0 && s.Held == s.Waiting && s.Working == 0 && !s.Uncommitted
}

// board is where the loop publishes its status for others to read.
type board struct {
	mu      sync.Mutex
	current Status
	readied chan struct{}

	// The loop's, which publishes.
	wasIdle     bool
	nextPublish int64
	nextOldest  int64
	oldest      int64 // ms, of the last look
	once        sync.Once
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
func (b *board) publish(l *loop, now time.Time) {
	in := l.intake.Status()
	s := Status{
		Provider: l.deps.Provider.Name(), Partitions: in.Partitions, Held: in.Held, InFlight: l.destinations.InFlight,
		Working: l.active + l.settling.underWay, Holding: l.pause.on, Lost: l.lost, Waiting: in.Waiting, Uncommitted: in.Uncommitted,
	}
	clock := now.UnixMilli()
	if s.Idle() == b.wasIdle && clock < b.nextPublish {
		l.tasks.At(b.nextPublish) // or the last change would never be told
		return
	}
	b.wasIdle, b.nextPublish = s.Idle(), clock+publishEveryMS
	b.detail(l, &s, clock)
	b.set(s)
}
