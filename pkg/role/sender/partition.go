package sender

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/kafka/window"
)

// partition is one partition between its assignment and its revocation.
type partition struct {
	at     spot
	place  *place
	window *window.Window
	epoch  int32 // leader epoch of the newest record
	// queue are records of a waiting place that are not due, oldest first.
	queue []*item
	// full and idle are the two reasons why its fetching may be paused: too
	// many bytes, or a head that is not due.
	full, idle bool
	paused     bool
	// gone: it was taken away; somebody else decides about its deliveries.
	gone bool
	// commit is what is to be committed and is not yet; -1: nothing.
	commit int64
}

// leaving is a rebalance that waits for work to be finished, and for the commit
// that is on its way.
type leaving struct {
	moved    moved
	deadline int64
}

// moved takes note of a rebalance.
func (l *loop) moved(m moved) {
	l.moving = true
	if !m.gone {
		for _, at := range m.spots {
			l.partitions[at] = &partition{at: at, place: l.places.byTopic[at.topic], commit: -1, window: l.window(len(m.spots))}
		}
		m.done <- nil
		l.status.ready()
		return
	}
	if m.lost {
		l.forget(m.spots) // nothing of theirs may be begun any more, and nothing is left to commit
	}
	l.leaving = append(l.leaving, &leaving{moved: m, deadline: l.deps.Now().Add(l.cfg.RevokeTimeout).UnixMilli()})
}

// leave hands partitions over once their work is finished or the time is up.
// Batches that hold their deliveries are sent at once meanwhile (dispatch).
//
// A commit that was begun before, and has perhaps been waiting for the end of
// the rebalance, ends first in any case: it would be sent after the last one,
// with lower offsets, under whatever generation the member then has, and the
// committed offsets would go back, also those of the next owner.
func (l *loop) leave(now int64) {
	kept := l.leaving[:0]
	for _, g := range l.leaving {
		busy := now < g.deadline && l.busy(g.moved.spots)
		if busy {
			l.at(g.deadline)
		}
		if busy || l.committing {
			kept = append(kept, g)
			continue
		}
		last := l.collect(g.moved.spots)
		l.forget(g.moved.spots)
		g.moved.done <- last
	}
	clear(l.leaving[len(kept):])
	l.leaving = kept
}

// busy says whether anything of these partitions can still be finished soon:
// what is on its way, not what waits for its time or its destination.
func (l *loop) busy(spots []spot) bool {
	if l.active == 0 && len(l.settling) == 0 {
		return false // dispatch has started everything that may start
	}
	for _, at := range spots {
		if p := l.partitions[at]; p != nil && p.window.State().Unfinished > len(p.queue) {
			return true
		}
	}
	return false
}

// isLeaving says whether a partition is about to be handed over.
func (l *loop) isLeaving(at spot) bool {
	for _, g := range l.leaving {
		for _, s := range g.moved.spots {
			if s == at {
				return true
			}
		}
	}
	return false
}

// forget drops partitions and everything of theirs that has not been sent.
func (l *loop) forget(spots []spot) {
	for _, at := range spots {
		p := l.partitions[at]
		if p == nil {
			continue
		}
		l.press(-p.window.State().Bytes)
		l.held -= p.window.Revoke()
		p.gone = true
		delete(l.partitions, at)
		if p.paused {
			// The client remembers a pause beyond the assignment.
			l.reader.client.ResumeFetchPartitions(map[string][]int32{at.topic: {at.partition}})
		}
	}
	for _, b := range l.batchers {
		b.Drain(func(_ batcherKey, i batcherItem) bool { return i.Value.partition.gone })
	}
	l.copies.each(func(it *item) {
		if it.partition.gone {
			l.release(it)
		}
	})
}

// release forgets which delivery this process is in charge of.
func (l *loop) release(it *item) {
	l.copies.remove(it)
	if key := it.delivery.NewestKey; it.delivery.Adjust && l.adjusting[key] == it {
		delete(l.adjusting, key)
	}
}

// finish ends deliveries whose settlement is acknowledged.
func (l *loop) finish(batch []ended) {
	touched := make(map[*partition]struct{})
	var last *partition // they come in runs of one partition
	for _, e := range batch {
		it := e.item
		p := it.partition
		if p != last {
			touched[p], last = struct{}{}, p
		}
		if p.window.Finish(it.record.Offset) { // not where the partition was taken away meanwhile
			l.held--
			l.press(-it.bytes)
		}
	}
	for p := range touched {
		if next, moved := p.window.Committable(); moved {
			p.commit = next
		}
		l.fetching(p)
	}
}

// uncommitted are the offsets to commit.
func (l *loop) uncommitted() offsets {
	spots := make([]spot, 0, len(l.partitions))
	for at, p := range l.partitions {
		if p.commit >= 0 {
			spots = append(spots, at)
		}
	}
	if len(spots) == 0 {
		return nil
	}
	return l.collect(spots)
}

func (l *loop) collect(spots []spot) offsets {
	out := make(offsets)
	for _, at := range spots {
		p := l.partitions[at]
		if p == nil || p.commit < 0 {
			continue
		}
		if out[at.topic] == nil {
			out[at.topic] = make(map[int32]kgo.EpochOffset)
		}
		out[at.topic][at.partition] = kgo.EpochOffset{Epoch: p.epoch, Offset: p.commit}
	}
	return out
}

// commit writes finished offsets from time to time, one request at a time.
func (l *loop) commit(ctx context.Context, now int64) {
	if l.committing {
		return
	}
	if now < l.nextCommit && (!l.draining || l.commitFailed) {
		l.at(l.nextCommit)
		return
	}
	what := l.uncommitted()
	if len(what) == 0 {
		return
	}
	l.committing = true
	l.nextCommit = now + ms(l.cfg.CommitEvery)
	l.spawn(func() func() {
		lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
		defer cancel()
		defer context.AfterFunc(ctx, func() { time.AfterFunc(lastCommit, cancel) })()
		err := l.reader.commit(lasting, what)
		return func() { l.committed(ctx, what, err) }
	})
}

// lastCommit bounds the last commit of a process that was told to stop at once.
// Any other takes as long as the client tries: giving one up closes its
// connection, and the broker may apply it after the next one, which comes over
// another.
const lastCommit = 10 * time.Second

func (l *loop) committed(ctx context.Context, what offsets, err error) {
	l.committing, l.commitFailed = false, err != nil
	if err != nil {
		// What was not committed is committed next time.
		l.deps.Log.WarnContext(ctx, "sender: committing offsets failed, trying again", "error", err)
		return
	}
	for topic, list := range what {
		for n, o := range list {
			if p := l.partitions[spot{topic, n}]; p != nil && p.commit == o.Offset {
				p.commit = -1
			}
		}
	}
}
