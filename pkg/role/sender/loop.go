package sender

import (
	"context"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/role/sender/batcher"
	"github.com/sluicehq/sluice/pkg/role/sender/settle"
)

// loop owns the sender's whole state. Every method runs in its goroutine
// unless it says otherwise.
type loop struct {
	cfg    Config
	deps   Deps
	reader *reader
	worker *worker
	settle *settle.Settler
	places places

	partitions   map[spot]*partition
	batchers     map[decision.Lane]*batcher.Batcher[*item]
	destinations map[string]*destination
	quotas       map[string]*quota
	// again lists the destinations that have jobs to repeat.
	again  map[*destination]struct{}
	copies copies
	// adjusting holds, per transaction, the adjustment on its way: two at a
	// time could arrive in the wrong order.
	adjusting map[[16]byte]*item

	// moves are deliveries on their way to waiting places.
	moves map[move]*job
	// settling are ends that are not handed to settle yet, and settleBy is when
	// they are at the latest, epoch ms. settlements are under way.
	settling    []ended
	settleBy    int64
	settlements int

	inFlight int   // requests
	working  int   // goroutines that will post
	active   int   // those of them that work for deliveries
	held     int   // deliveries in windows
	bytes    int   // of them
	crowded  bool  // see press
	gone     int64 // deliveries that were deleted before they were read
	posts    chan func()
	heard    chan heard
	// hold stops every start until then: tables or claims are unavailable.
	hold    int64
	resumed int64 // when the last such pause ended
	holding bool  // the last that was tried found them so
	// lastSuccess is when any destination was last sent to, epoch ms.
	lastSuccess int64
	// healthySince is when a destination last became healthy.
	healthySince int64
	resources    string // version that the destinations were described by
	watching     bool
	committing   bool
	commitFailed bool
	nextCommit   int64
	nextWatch    int64
	// wake is the earliest time at which something that waits now may go on.
	wake int64

	// puzzles are records that the registry could not explain yet.
	puzzles    []*item
	puzzling   bool
	nextPuzzle int64

	// share is this process's part of the installation's rates; total counts
	// the lanes' partitions.
	share             float64
	total             int
	moving, measuring bool

	draining bool
	leaving  []*leaving
	status   *board

	wasIdle     bool
	nextPublish int64
	nextOldest  int64
	oldest      int64 // ms, of the last look
}

// lanes in the order in which they are served.
var lanes = [...]decision.Lane{decision.LaneRealtime, decision.LaneBatch, decision.LaneReplay}

// run works until ctx ends, or until everything is done after drain. It
// returns when every goroutine that it started has posted.
func (l *loop) run(ctx context.Context, drain <-chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	looking, rest := context.WithCancel(ctx)
	defer rest()
	for !l.finished() {
		l.step(ctx, looking)
		timer.Reset(l.sleep())
		polls := l.reader.polls
		if l.draining {
			polls = nil
		}
		select {
		case p := <-polls:
			l.take(ctx, p.items)
			close(p.taken)
		case m := <-l.reader.moves:
			l.moved(m)
		case f := <-l.posts:
			f()
		case h := <-l.heard:
			l.hear(h)
		case err := <-l.reader.fails:
			l.deps.Log.ErrorContext(ctx, "sender: the cluster refuses", "error", err)
		case lost := <-l.reader.losses:
			l.lost(ctx, lost)
		case <-timer.C:
		case <-drain:
			drain, l.draining = nil, true
			rest() // looking around must not hold up the end
		case <-ctx.Done():
			l.join()
			return
		}
	}
	l.join()
}

// lost takes note of deliveries that nobody will ever send: the one thing that
// must never happen, so it is said in every way there is.
func (l *loop) lost(ctx context.Context, e *LostError) {
	n := e.Count()
	l.deps.Log.ErrorContext(ctx, "deliveries were deleted before they were read", "reason", decision.SourceLost.String(),
		"topic", e.Topic, "partition", e.Partition, "from", e.From, "to", e.To,
		"fix", "lengthen the topic's retention or add senders")
	l.gone += n
	l.deps.Meter.Lost(n)
}

// join waits for the goroutines that are still working and ignores what they
// want to start next.
func (l *loop) join() {
	for l.working > 0 {
		(<-l.posts)()
	}
}

// spawn runs work in a goroutine; what it returns runs in the loop.
func (l *loop) spawn(work func() func()) {
	l.working++
	go func() {
		then := work()
		l.posts <- func() {
			l.working--
			then()
		}
	}()
}

// step does everything that can be done now.
func (l *loop) step(ctx, looking context.Context) {
	now := l.deps.Now()
	ms := now.UnixMilli()
	l.wake = ms + time.Minute.Milliseconds()
	if ctx.Err() != nil {
		return
	}
	l.puzzle(ctx, ms)
	l.heads(ctx, ms)
	l.dispatch(ctx, now)
	l.carry(ctx, ms)
	l.flush(ctx)
	l.leave(ms)
	l.commit(ctx, ms)
	l.measure(looking)
	l.watch(looking, ms)
	l.publish(now)
}

// at asks for a step at a time.
func (l *loop) at(when int64) { l.wake = min(l.wake, when) }

func (l *loop) sleep() time.Duration {
	return max(0, time.Duration(l.wake-l.deps.Now().UnixMilli())*time.Millisecond)
}

// finished: everything that could be done before stopping is done. What
// waits for a destination stays where it is: its offset is not committed.
func (l *loop) finished() bool {
	if !l.draining || l.working > 0 || len(l.leaving) > 0 {
		return false
	}
	for _, b := range l.batchers {
		if _, ready := b.Due(func(k batcher.Key) bool { return l.open(k) }); ready {
			return false
		}
	}
	for d := range l.again {
		if l.open(batcherKey{Destination: d.id}) {
			return false
		}
	}
	return len(l.uncommitted()) == 0 && len(l.settling) == 0 && (len(l.moves) == 0 || l.hold > 0)
}

// open says whether a destination takes requests at all now.
func (l *loop) open(k batcher.Key) bool {
	d := l.destination(k.Destination)
	ok := d.flow.Ready(l.deps.Now().UnixMilli())
	if q := d.quota; q != nil {
		ok = ok && q.flow.Ready(l.deps.Now().UnixMilli())
	}
	return ok && l.hold == 0
}
