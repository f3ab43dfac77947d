package transact

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// outcome of one transaction.
type outcome struct {
	committed bool
	// rebuild says that the client's state is in doubt.
	rebuild bool
	// reason and err say why it was not committed.
	reason string
	err    error
}

// round collects what became of the records of one transaction. One promise
// serves all of them.
type round struct {
	mu     sync.Mutex
	first  error
	topic  string
	failed int
	large  map[string]struct{} // topics that refused a batch as too large
}

func (r *round) done(rec *kgo.Record, err error) {
	if err == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed++
	if r.first == nil {
		r.first, r.topic = err, rec.Topic
	}
	if kafka.TooLarge(err) {
		if r.large == nil {
			r.large = map[string]struct{}{}
		}
		r.large[rec.Topic] = struct{}{}
	}
}

func (r *round) err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.first == nil {
		return nil
	}
	return fmt.Errorf("writing to %s (%d records failed): %w", r.topic, r.failed, r.first)
}

// commit writes records and the offsets of everything polled in one
// transaction, or nothing.
func (l *Loop) commit(ctx context.Context, s *session, records []*kgo.Record) outcome {
	if err := s.gts.Begin(); err != nil {
		return outcome{rebuild: true, reason: "begin", err: fmt.Errorf("beginning transaction: %w", err)}
	}
	r := &round{}
	promise := r.done
	for _, rec := range records {
		s.gts.Produce(ctx, rec, promise)
	}
	// Flush returns once every promise was kept, so r is complete.
	if err := s.cl.Flush(ctx); err != nil {
		return outcome{rebuild: true, reason: "produce", err: fmt.Errorf("flushing transaction: %w", err)}
	}
	if err := r.err(); err != nil {
		return l.abort(ctx, s, r, err)
	}
	if l.deps.BeforeCommit != nil {
		if err := l.deps.BeforeCommit(ctx); err != nil {
			_, endErr := s.gts.End(ctx, kgo.TryAbort)
			return outcome{rebuild: endErr != nil, reason: "objection", err: errors.Join(err, endErr)}
		}
	}
	committed, err := s.gts.End(kgo.PreTxnCommitFnContext(ctx, l.pos.annotate), kgo.TryCommit)
	switch {
	case err != nil:
		return outcome{rebuild: true, reason: "end", err: fmt.Errorf("ending transaction: %w", err)}
	case !committed:
		// The session saw a rebalance or an error that the next attempt may not meet.
		return outcome{reason: "rebalance"}
	}
	return outcome{committed: true}
}

// abort ends a transaction of which a record could not be written. A topic
// that takes less than was configured is remembered, and the client made anew,
// because a client never changes the size of the batches of a topic. The same
// for a topic that was deleted and created again, to which it never writes.
func (l *Loop) abort(ctx context.Context, s *session, r *round, cause error) outcome {
	_, err := s.gts.End(ctx, kgo.TryAbort)
	if len(r.large) > 0 {
		for topic := range r.large {
			limit := l.limits.learn(ctx, s.cl, topic)
			l.log.Warn("topic takes smaller messages than configured", "topic", topic, "max_bytes", limit)
		}
		return outcome{rebuild: true, reason: "oversized", err: errors.Join(cause, err)}
	}
	again := errors.Is(cause, kerr.UnknownTopicID)
	return outcome{rebuild: again || err != nil, reason: "produce", err: errors.Join(cause, err)}
}

// fenced says whether err means that somebody else has our transactional id,
// or that the broker gave up on our transaction.
func fenced(err error) bool {
	return errors.Is(err, kerr.ProducerFenced) || errors.Is(err, kerr.InvalidProducerEpoch) ||
		errors.Is(err, kerr.TransactionalIDNotFound) || errors.Is(err, kerr.FencedInstanceID)
}

// fences counts how often the transactional id was taken within a window.
type fences struct{ at []time.Time }

// maxFences within fenceWindow are too many to be pauses of this process.
const (
	maxFences   = 5
	fenceWindow = 5 * time.Minute
)

func (f *fences) add(now time.Time) (tooMany bool) {
	f.at = append(f.at, now)
	for len(f.at) > 0 && now.Sub(f.at[0]) > fenceWindow {
		f.at = f.at[1:]
	}
	return len(f.at) >= maxFences
}
