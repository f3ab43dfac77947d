package sender

import (
	"context"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/role/sender/batcher"
	"github.com/sluicehq/sluice/pkg/role/sender/destinations"
	"github.com/sluicehq/sluice/pkg/role/sender/intake"
	"github.com/sluicehq/sluice/pkg/role/sender/settle"
	"github.com/sluicehq/sluice/pkg/role/sender/tasks"
)

// loop owns the sender's whole state, its own and that of the packages it
// joins. Every method runs in its goroutine unless it says otherwise.
type loop struct {
	cfg          Config
	deps         Deps
	topics       intake.Topics
	tasks        *tasks.Tasks
	intake       *intake.Intake
	destinations *destinations.Set
	updates      chan destinations.StatusUpdate
	worker       *worker
	settler      *settle.Settler
	status       *board

	batchers map[decision.Lane]*batcher.Batcher[*item]
	// retries are jobs whose deliveries were answered and must be sent again as
	// they are, by destination; the newest are sent first, so that isolating a
	// bad event goes deep before it goes wide and the breaker sees results early.
	retries map[*destinations.Destination][]*job
	moves   moves
	// adjusting holds, per transaction, the adjustment on its way: two at a
	// time could arrive in the wrong order.
	adjusting map[[16]byte]*item
	settling  settling

	active   int // jobs under way
	pause    pause
	lost     int64 // deliveries that were deleted before they were read
	draining bool
	failure  error // what Run returns
}

// pause stops every start while tables or claims are unavailable.
type pause struct {
	until int64
	ended int64 // when the last one did
	on    bool  // the last that was tried found them so
}

// lanes in the order in which they are served.
var lanes = [...]decision.Lane{decision.LaneRealtime, decision.LaneBatch, decision.LaneReplay}

// run works until ctx ends, or until everything is done after drain. It
// returns when every goroutine that it started has posted.
func (l *loop) run(ctx context.Context, drain <-chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	defer l.tasks.Join()
	looking, rest := context.WithCancel(ctx)
	defer rest()
	reader := l.intake.Reader
	for !l.finished() {
		l.step(ctx, looking)
		timer.Reset(l.tasks.Sleep())
		polls := reader.Polls
		if l.draining {
			polls = nil
		}
		select {
		case p := <-polls:
			l.intake.Take(ctx, p.Items)
			close(p.Taken)
		case m := <-reader.Rebalances:
			if l.intake.Rebalanced(m) {
				l.status.ready()
			}
		case f := <-l.tasks.Posts():
			f()
		case u := <-l.updates:
			l.destinations.OnStatus(&u)
		case err := <-reader.Fails:
			l.deps.Log.ErrorContext(ctx, "sender: the cluster refuses", "error", err)
		case lost := <-reader.Losses:
			l.onLost(ctx, lost)
		case again := <-reader.Recreated:
			l.onRecreated(ctx, again)
			rest()
		case <-timer.C:
		case <-drain:
			drain = nil
			l.startDrain()
			rest() // looking around must not hold up the end
		case <-ctx.Done():
			return
		}
	}
}

// step does everything that can be done now: what was taken is admitted,
// batched, sent and settled.
func (l *loop) step(ctx, looking context.Context) {
	now := l.deps.Now()
	ms := now.UnixMilli()
	l.tasks.Step(ms)
	if ctx.Err() != nil {
		return
	}
	l.intake.RetryUndecodable(ctx, ms)
	if l.pause.until <= ms { // else it would be put off for the same reason
		l.intake.AdmitDue(ctx, ms, l.destinations.HealthySince)
	}
	l.dispatch(ctx, now)
	if l.pause.until <= ms {
		l.moves.flush(func(d *destinations.Destination, j *job) { l.start(ctx, d, j) })
	}
	l.settle(ctx)
	l.intake.HandOver(ms)
	l.intake.Commit(ctx, ms)
	l.intake.MeasureShare(looking, l.destinations.SetShare)
	l.destinations.Watch(looking, ms, l)
	l.status.publish(l, now)
}

// onLost takes note of deliveries that nobody will ever send: the one thing
// that must never happen, so it is said in every way there is.
func (l *loop) onLost(ctx context.Context, e *intake.LostError) {
	n := e.Count()
	l.deps.Log.ErrorContext(ctx, "deliveries were deleted before they were read", "reason", decision.SourceLost.String(),
		"topic", e.Topic, "partition", e.Partition, "from", e.From, "to", e.To,
		"fix", "lengthen the topic's retention or add senders")
	l.lost += n
	l.deps.Meter.Lost(n)
}

// startDrain ends the taking of new work.
func (l *loop) startDrain() {
	l.draining = true
	l.intake.Drain()
	l.destinations.Drain()
}

// onRecreated ends the sender, since its client reads nothing of the new topic.
// What is on its way is finished; nothing is committed for the old topic, whose
// offsets would skip records of the new one.
func (l *loop) onRecreated(ctx context.Context, again *kafka.RecreatedError) {
	l.deps.Log.ErrorContext(ctx, "a delivery topic was deleted and created again",
		"topic", again.Topic, "error", again, "fix", "replay what the old topic still held: sluice replay")
	l.failure = again
	l.intake.ForgetTopic(again.Topic)
	l.startDrain()
}

// finished: everything that could be done before stopping is done. What
// waits for a destination stays where it is: its offset is not committed.
func (l *loop) finished() bool {
	if !l.draining || l.tasks.Running() || l.intake.Leaving() {
		return false
	}
	now := l.deps.Now().UnixMilli()
	takesRequests := func(d *destinations.Destination) bool { return l.pause.until == 0 && d.Ready(now) }
	for _, b := range l.batchers {
		if _, ready := b.Due(func(k batcher.Key) bool { return takesRequests(l.destinations.Get(k.Destination)) }); ready {
			return false
		}
	}
	for d := range l.retries {
		if takesRequests(d) {
			return false
		}
	}
	return !l.intake.Uncommitted() && len(l.settling.pending) == 0 && (len(l.moves.pending) == 0 || l.pause.until > 0)
}
