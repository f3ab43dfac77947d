package intake

// leaving is a rebalance that waits for work to be finished, and for the commit
// that is on its way.
type leaving struct {
	rebalance Rebalance
	deadline  int64
}

// Rebalanced takes note of partitions that came or went, and says which.
func (in *Intake) Rebalanced(m Rebalance) (assigned bool) {
	in.share.stale = true
	if !m.revoked {
		for _, at := range m.partitions {
			in.partitions.assign(at, in.cfg.Topics.byName[at.topic], len(m.partitions))
		}
		m.done <- nil
		return true
	}
	if m.lost {
		in.revoke(m.partitions) // nothing of theirs may be begun any more, and nothing is left to commit
	}
	in.leaving = append(in.leaving, &leaving{rebalance: m, deadline: in.deps.Now().Add(in.cfg.RevokeTimeout).UnixMilli()})
	return false
}

// Leaving says whether partitions are about to be handed over.
func (in *Intake) Leaving() bool { return len(in.leaving) > 0 }

// HandOver hands partitions over once their work is finished or the time is up.
// Batches that hold their deliveries are sent at once meanwhile.
//
// A commit that was begun before, and has perhaps been waiting for the end of
// the rebalance, ends first in any case: it would be sent after the last one,
// with lower offsets, under whatever generation the member then has, and the
// committed offsets would go back, also those of the next owner.
func (in *Intake) HandOver(now int64) {
	kept := in.leaving[:0]
	for _, g := range in.leaving {
		busy := now < g.deadline && in.busy(g.rebalance.partitions)
		if busy {
			in.deps.Tasks.At(g.deadline)
		}
		if busy || in.commits.underWay {
			kept = append(kept, g)
			continue
		}
		last := in.partitions.offsetsOf(g.rebalance.partitions)
		in.revoke(g.rebalance.partitions)
		g.rebalance.done <- last
	}
	clear(in.leaving[len(kept):])
	in.leaving = kept
}

// busy says whether anything of these partitions can still be finished soon:
// what is on its way, not what waits for its time or its destination.
func (in *Intake) busy(list []topicPartition) bool {
	if !in.handler.Busy() {
		return false // everything that may start has been started
	}
	for _, at := range list {
		if p := in.partitions.byAt[at]; p != nil && p.window.State().Unfinished > len(p.queue) {
			return true
		}
	}
	return false
}

// isLeaving says whether a partition is about to be handed over.
func (in *Intake) isLeaving(at topicPartition) bool {
	for _, g := range in.leaving {
		for _, other := range g.rebalance.partitions {
			if other == at {
				return true
			}
		}
	}
	return false
}

// ForgetTopic drops a topic: nothing of it is begun or committed any more.
func (in *Intake) ForgetTopic(topic string) {
	var list []topicPartition
	for at := range in.partitions.byAt {
		if at.topic == topic {
			list = append(list, at)
		}
	}
	in.revoke(list)
}

// revoke drops partitions and everything of theirs that has not been sent.
func (in *Intake) revoke(list []topicPartition) {
	for _, at := range list {
		p := in.partitions.byAt[at]
		if p == nil {
			continue
		}
		in.partitions.trackBytes(-p.window.State().Bytes)
		in.held -= p.window.Revoke()
		p.revoked = true
		delete(in.partitions.byAt, at)
		if p.paused {
			// The client remembers a pause beyond the assignment.
			in.partitions.fetching.ResumeFetchPartitions(map[string][]int32{at.topic: {at.partition}})
		}
	}
	in.handler.Revoked()
	in.admitted.each(func(it *Item) {
		if it.Revoked() {
			in.handler.Release(it)
		}
	})
}
