package transact

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// run is one session's loop. The contexts differ in when they end, which is
// why they are kept: ctx when the process stops, polling also when it drains or
// a topic was made anew, lasting a grace period after ctx.
type run struct {
	l                     *Loop
	s                     *session
	ctx, lasting, polling context.Context //nolint:containedctx // lives no longer than Loop.session
	drain                 <-chan struct{}
}

// once is the skeleton: poll, wait until due, work, begin, produce, end. It
// returns nil to go on, errDrained, *doubt, or an error that ends the loop.
func (r run) once() error {
	l := r.l
	if r.polling.Err() != nil {
		return r.ended()
	}
	if r.s.wasRevoked() {
		return r.rewind()
	}
	if len(l.bombs) > 0 {
		return r.skip(l.bombs[0])
	}
	l.status.state(statePolling)
	b, err := r.gather()
	if err != nil || len(b.Records) == 0 {
		return err
	}
	defer func() { // records must not stay reachable while the next poll waits
		clear(l.records)
		l.records = l.records[:0]
	}()
	due := r.due(b)
	switch {
	case r.s.wasRevoked():
		return nil // the next round rewinds
	case !due:
		// Not another round: a poll would go on behind this batch, and the next
		// commit would pass it.
		return r.ended()
	}
	l.status.state(stateWorking)
	began := time.Now()
	records, err := l.deps.Work(r.ctx, b)
	worked := time.Since(began)
	switch {
	case r.ctx.Err() != nil:
		return errDrained
	case errors.Is(err, ErrWait):
		return r.giveUp(err)
	case err != nil:
		return fmt.Errorf("working a batch of %d records: %w", len(b.Records), err)
	case r.s.wasRevoked():
		l.attempt++
		return nil
	}
	if err := l.fit(records); err != nil {
		return err
	}
	l.status.state(stateCommitting)
	began = time.Now()
	return r.settle(b, len(records), worked, began, l.commit(r.lasting, r.s, records))
}

// ended is why nothing more is polled: the loop drains or stops, or what this
// client reads is no longer there.
func (r run) ended() error {
	if again := (*doubt)(nil); errors.As(context.Cause(r.polling), &again) {
		return again
	}
	return errDrained
}

// settle tells what became of a transaction and decides what comes next.
func (r run) settle(b Batch, written int, worked time.Duration, began time.Time, o outcome) error {
	l := r.l
	if o.committed {
		oldest, _ := b.span()
		l.attempt = 1
		l.room = min(2*l.room, l.cfg.MaxRecords)
		l.backoff.reset()
		l.status.update(func(s *Snapshot) {
			s.Commits++
			s.LastCommit, s.LastError = l.now(), ""
		})
		l.observer.Committed(Commit{
			Read: len(b.Records), ReadBytes: b.Bytes, Written: written, Oldest: oldest,
			Work: worked, Transaction: time.Since(began),
		})
		return nil
	}
	l.attempt++
	if o.reason == "objection" {
		l.shrink()
	}
	l.status.update(func(s *Snapshot) { s.Aborts++ })
	l.status.failed(o.err)
	l.observer.Aborted(Abort{Reason: o.reason, Err: o.err})
	switch {
	case o.rebuild:
		return &doubt{o.err}
	case len(l.bombs) > 0:
		return &doubt{errBombAgain}
	case o.err != nil:
		l.pause(r.ctx, r.drain)
	}
	return nil
}

// giveUp rewinds a batch that Work could not finish and waits.
func (r run) giveUp(cause error) error {
	l := r.l
	l.attempt++
	l.shrink()
	l.status.update(func(s *Snapshot) { s.GivenUp++ })
	l.status.failed(cause)
	l.observer.GaveUp(cause)
	if err := r.rewind(); err != nil {
		return err
	}
	l.pause(r.ctx, r.drain)
	return nil
}

func (r run) rewind() error {
	if len(r.l.bombs) > 0 {
		return &doubt{errBombAgain}
	}
	if err := r.s.rewind(r.lasting); err != nil {
		return &doubt{err}
	}
	return nil
}

// minRoom is how small batches become that are given up again and again. A
// machine too slow for a whole batch within the time that Redis and the tables
// allow is fast enough for a part of it; without this it never commits anything.
const minRoom = 50

// shrink halves the next batch, and each one that commits doubles it again.
func (l *Loop) shrink() { l.room = max(l.room/2, min(minRoom, l.cfg.MaxRecords)) }

// pollChunk bounds how far a batch can go beyond its byte limit.
const pollChunk = 1000

// gather polls until a bound of the batch is reached. It returns an empty
// batch when the loop drains, or nothing but errors that pass came back.
func (r run) gather() (Batch, error) {
	l, cfg := r.l, &r.l.cfg
	var (
		bytes int
		full  time.Time // when MaxWait is over
	)
	for len(l.records) < l.room && bytes < cfg.MaxBytes {
		before := len(l.records)
		fetches := r.poll(min(pollChunk, l.room-before), before > 0, full)
		if err := r.judge(fetches); err != nil {
			l.records = l.records[:0]
			return Batch{}, err
		}
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			for _, rec := range p.Records {
				bytes += len(rec.Key) + len(rec.Value)
			}
			l.records = append(l.records, p.Records...)
		})
		if len(l.records) == before || len(l.bombs) > 0 {
			break
		}
		if before == 0 {
			full = time.Now().Add(cfg.MaxWait)
		}
	}
	return Batch{
		Records: l.records, Bytes: bytes, Attempt: l.attempt,
		Assignment: r.s.assignment(), Assigned: l.pos.assigned(), ids: l.pos.known(),
	}, nil
}

// poll blocks for the first records of a batch, and for more only within
// MaxWait.
func (r run) poll(n int, more bool, full time.Time) kgo.Fetches {
	if !more {
		return r.s.gts.PollRecords(r.polling, n)
	}
	wait := time.Until(full)
	if wait <= 0 {
		var now context.Context // nil: take what is there and do not block
		return r.s.gts.PollRecords(now, n)
	}
	ctx, cancel := context.WithTimeout(r.polling, wait)
	defer cancel()
	return r.s.gts.PollRecords(ctx, n)
}

// judge looks at what went wrong in a poll. An out-of-range offset and a
// recreated topic need a new client, whose first assignment finds out what
// happened and reports it; what was polled beside them is read again.
func (r run) judge(fetches kgo.Fetches) error {
	l := r.l
	var again error
	passing := false
	for _, e := range fetches.Errors() {
		var loss *kgo.ErrDataLoss
		bomb, tooLarge := r.bombOf(e.Err)
		switch {
		case tooLarge:
			l.bombs = append(l.bombs, bomb)
		case errors.Is(e.Err, context.Canceled), errors.Is(e.Err, context.DeadlineExceeded):
		case errors.As(e.Err, &loss):
			l.observer.LostRange(LostRange{Topic: loss.Topic, Partition: loss.Partition, From: loss.ConsumedTo, To: loss.ResetTo})
		case errors.Is(e.Err, kerr.OffsetOutOfRange), errors.Is(e.Err, kerr.UnknownTopicID), errors.Is(e.Err, kgo.ErrClientClosed):
			again = fmt.Errorf("reading %s/%d: %w", e.Topic, e.Partition, e.Err)
		default: // the client retries by itself; brokers and permissions come back
			passing = true
			err := fmt.Errorf("reading %s/%d: %w", e.Topic, e.Partition, e.Err)
			l.status.failed(err)
			l.log.Warn("reading", "group", l.cfg.Group, "topic", e.Topic, "partition", e.Partition, "error", e.Err)
		}
	}
	if again != nil {
		return &doubt{again}
	}
	if passing && fetches.NumRecords() == 0 {
		sleep(r.ctx, l.cfg.MinBackoff, r.drain)
	}
	return nil
}

// due waits until the youngest record of a batch may be worked: the delay after
// it was written, or after now where the clock that wrote it was ahead. False:
// the loop drains or stops, or partitions were taken away.
func (r run) due(b Batch) bool {
	if r.l.cfg.Delay == 0 {
		return true
	}
	_, youngest := b.span()
	if now := r.l.now(); youngest.After(now) {
		youngest = now
	}
	r.l.status.state(stateDelaying)
	// Taken once: a clock that goes back meanwhile must not lengthen the wait.
	return sleep(r.ctx, youngest.Add(r.l.cfg.Delay).Sub(r.l.now()), r.drain, r.s.taken())
}
