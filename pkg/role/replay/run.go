package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
)

// RunConfig is how a replay runs.
type RunConfig struct {
	Kafka kafka.Config
	// TransactionalID fences a process that was given up for dead.
	TransactionalID string
	// Rate is how many events a second are queued at most; 0: as many as the
	// topics take. The replay lane has its own share of each destination's rate
	// in any case.
	Rate float64
	// Progress is told after each batch. Optional.
	Progress func(Progress)
	// Notice is told what happens to the topics meanwhile. Optional.
	Notice func(reader.Notice)
}

// Progress of a replay.
type Progress struct {
	Read, All int64 // offsets
	Report    Report
	Elapsed   time.Duration
}

// maxBatch bounds what one transaction holds.
const maxBatch = 1000

// runner is one replay at work.
type runner struct {
	cfg     RunConfig
	session *session
	state   State
	reader  *reader.Reader
	writer  *kgo.Client // nil in a dry run
	began   time.Time
}

// Run works from where the state says to its end. When ctx ends it finishes the
// batch in hand and comes back with the phase Interrupted and no error. With an
// error the state is what was committed before: running again goes on there.
func Run(ctx context.Context, cfg Config, run RunConfig, deps Deps, state State) (State, error) {
	r := &runner{cfg: run, session: newSession(cfg, deps), state: state.clone(), began: deps.Now()}
	if err := r.open(ctx); err != nil {
		return r.state, err
	}
	defer r.close()
	err := r.loop(ctx)
	if err != nil {
		return r.state, fmt.Errorf("replaying %s: %w", cfg.ID, err)
	}
	return r.state, nil
}

func (r *runner) open(ctx context.Context) error {
	left := reader.Ranges{}
	for _, p := range r.state.Places {
		left[partitionOf(p)] = reader.Range{From: p.Position, To: p.End}
	}
	var err error
	if r.reader, err = reader.Open(ctx, reader.Config{Kafka: r.cfg.Kafka, Ranges: left, Notice: r.cfg.Notice}); err != nil {
		return err
	}
	if r.session.cfg.DryRun {
		return nil
	}
	opts, err := kafka.Options(r.cfg.Kafka)
	if err != nil {
		r.close()
		return err
	}
	writing := append(append(opts[:len(opts):len(opts)], kafka.ProducerOptions(r.cfg.Kafka)...), kafka.TransactOptions(kafka.Transact{ID: r.cfg.TransactionalID})...)
	if r.writer, err = kgo.NewClient(writing...); err != nil {
		r.close()
		return fmt.Errorf("making a client to write: %w", err)
	}
	// Ends what a killed predecessor has left open.
	if _, _, err := r.writer.ProducerID(ctx); err != nil {
		r.close()
		return fmt.Errorf("taking the right to write: %w", err)
	}
	return nil
}

func partitionOf(p codec.StatePlace) reader.Partition {
	return reader.Partition{Topic: p.Topic, Number: p.Partition}
}

func (r *runner) close() {
	r.reader.Close()
	if r.writer != nil {
		r.writer.Close()
	}
}

// loop reads, decides and writes until everything is read or ctx ends.
func (r *runner) loop(ctx context.Context) error {
	r.state.Phase = Running
	for {
		left, _ := r.state.left()
		if left == 0 {
			return r.finish(ctx, Complete)
		}
		records, err := r.reader.Poll(ctx, r.batchSize())
		switch {
		case ctx.Err() != nil:
			return r.finish(ctx, Interrupted)
		case errors.Is(err, io.EOF):
			r.endReached()
			continue
		case err != nil:
			return err
		}
		queued, err := r.handle(ctx, records)
		if ctx.Err() != nil && errors.Is(err, errAgain) {
			return r.finish(ctx, Interrupted)
		}
		if err != nil {
			return err
		}
		r.tell()
		if r.cfg.Rate > 0 {
			wait(ctx, time.Duration(float64(queued)/r.cfg.Rate*float64(time.Second)))
		}
	}
}

// batchSize keeps a slow replay's steps about a second long.
func (r *runner) batchSize() int {
	if r.cfg.Rate > 0 {
		return min(maxBatch, max(1, int(r.cfg.Rate)))
	}
	return maxBatch
}

// endReached is through with what the reader is through with, although it did
// not read it: topics that were made anew.
func (r *runner) endReached() {
	for i := range r.state.Places {
		r.state.Places[i].Position = max(r.state.Places[i].Position, r.state.Places[i].End)
	}
}

// handle decides and commits records, together with the new positions. It gives
// how many events it has queued.
func (r *runner) handle(ctx context.Context, records []*kgo.Record) (int, error) {
	next := r.state.clone()
	for i := range next.Places {
		p := &next.Places[i]
		p.Position = max(p.Position, min(r.reader.Position(partitionOf(*p)), p.End))
	}
	var wanted []*kgo.Record
	d := &r.session.cfg.Definition
	for _, record := range records {
		late := !d.Until.IsZero() && !record.Timestamp.Before(d.Until)
		if !late && !record.Timestamp.Before(d.Since) {
			wanted = append(wanted, record)
		}
	}
	if len(wanted) == 0 {
		r.state = next
		return 0, nil
	}
	// A batch in hand is finished even when ctx ends.
	lasting, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	for backoff := 100 * time.Millisecond; ; backoff = min(2*backoff, 5*time.Second) {
		b, err := r.session.work(lasting, wanted)
		if err == nil {
			err = r.commit(lasting, b, &next)
		}
		switch {
		case err == nil:
			return len(b.queued), nil
		case !errors.Is(err, errAgain):
			return 0, err
		case lasting.Err() != nil:
			return 0, fmt.Errorf("waiting for tables and claims: %w", err)
		}
		if wait(ctx, backoff); ctx.Err() != nil {
			return 0, err
		}
	}
}

// commit writes a batch and the state that it leads to in one transaction.
func (r *runner) commit(ctx context.Context, b *batch, next *State) error {
	report := r.state.Report
	next.Report = Report{}
	next.Report.add(&report)
	next.Report.add(&b.report)
	if r.writer == nil || len(b.records) == 0 {
		r.session.done(b)
		r.state = *next
		return nil
	}
	if err := r.write(ctx, next, b.records, func() error { return r.session.check(ctx, b) }); err != nil {
		if unknown := (*unknownError)(nil); errors.As(err, &unknown) {
			return err // it may have been committed, and then the claims are needed
		}
		return r.session.giveUp(ctx, b, err)
	}
	r.session.done(b)
	r.state = *next
	return nil
}

// finish stores how the replay ended.
func (r *runner) finish(ctx context.Context, phase Phase) error {
	r.state.Phase = phase
	r.tell()
	if r.writer == nil {
		return nil
	}
	lasting, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	next := r.state.clone()
	return r.write(lasting, &next, nil, func() error { return nil })
}

// unknownError: nobody knows whether the transaction was committed.
type unknownError struct{ cause error }

func (e *unknownError) Error() string { return e.cause.Error() }
func (e *unknownError) Unwrap() error { return e.cause }

func (r *runner) write(ctx context.Context, state *State, records []*kgo.Record, check func() error) error {
	cfg := &r.session.cfg
	state.UpdatedAt = r.session.deps.Now().UnixMilli()
	stored := state.record()
	records = append(records[:len(records):len(records)], &kgo.Record{
		Topic: cfg.Topics.State(), Key: []byte(Kind + "/" + state.ID), Value: r.session.deps.Writer.AppendState(nil, &stored),
	})
	if err := r.writer.BeginTransaction(); err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	err := r.writer.ProduceSync(ctx, records...).FirstErr()
	if err == nil {
		err = check()
	}
	if err != nil {
		return errors.Join(err, r.writer.EndTransaction(context.WithoutCancel(ctx), kgo.TryAbort))
	}
	if err := r.writer.EndTransaction(ctx, kgo.TryCommit); err != nil {
		return &unknownError{fmt.Errorf("committing a transaction: %w", err)}
	}
	return nil
}

func (r *runner) tell() {
	if r.cfg.Progress == nil {
		return
	}
	left, all := r.state.left()
	r.cfg.Progress(Progress{Read: all - left, All: all, Report: r.state.Report, Elapsed: r.session.deps.Now().Sub(r.began)})
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
