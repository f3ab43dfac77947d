package intake

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// commits is the state of committing offsets, one request at a time.
type commits struct {
	underWay bool
	failed   bool
	next     int64 // epoch ms
}

// Uncommitted says whether finished offsets are not committed yet.
func (in *Intake) Uncommitted() bool { return len(in.partitions.uncommitted()) > 0 }

// uncommitted are the offsets to commit.
func (ps *partitions) uncommitted() Offsets {
	list := make([]topicPartition, 0, len(ps.byAt))
	for at, p := range ps.byAt {
		if p.commit >= 0 {
			list = append(list, at)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return ps.offsetsOf(list)
}

// offsetsOf are the offsets to commit of some partitions.
func (ps *partitions) offsetsOf(list []topicPartition) Offsets {
	out := make(Offsets)
	for _, at := range list {
		p := ps.byAt[at]
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

// Commit writes finished offsets from time to time, one request at a time.
func (in *Intake) Commit(ctx context.Context, now int64) {
	c := &in.commits
	if c.underWay {
		return
	}
	if now < c.next && (!in.draining || c.failed) {
		in.deps.Tasks.At(c.next)
		return
	}
	what := in.partitions.uncommitted()
	if len(what) == 0 {
		return
	}
	c.underWay = true
	c.next = now + in.cfg.CommitEvery.Milliseconds()
	in.deps.Tasks.Spawn(func() func() {
		lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
		defer cancel()
		defer context.AfterFunc(ctx, func() { time.AfterFunc(lastCommit, cancel) })()
		err := in.Reader.commit(lasting, what)
		return func() { in.committed(ctx, what, err) }
	})
}

// lastCommit bounds the last commit of a process that was told to stop at once.
// Any other takes as long as the client tries: giving one up closes its
// connection, and the broker may apply it after the next one, which comes over
// another.
const lastCommit = 10 * time.Second

func (in *Intake) committed(ctx context.Context, what Offsets, err error) {
	in.commits.underWay, in.commits.failed = false, err != nil
	if err != nil {
		// What was not committed is committed next time.
		in.deps.Log.WarnContext(ctx, "sender: committing offsets failed, trying again", "error", err)
		return
	}
	for topic, list := range what {
		for n, o := range list {
			if p := in.partitions.byAt[topicPartition{topic, n}]; p != nil && p.commit == o.Offset {
				p.commit = -1
			}
		}
	}
}
