package replay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
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
	reader  *kgo.Client
	writer  *kgo.Client // nil in a dry run
	began   time.Time
	at      map[place]int // where a partition stands in state.Places
}

type place struct {
	topic     string
	partition int32
}

// Run works from where the state says to its end. When ctx ends it finishes the
// batch in hand and comes back with the phase Interrupted and no error. With an
// error the state is what was committed before: running again goes on there.
func Run(ctx context.Context, cfg Config, run RunConfig, deps Deps, state State) (State, error) {
	r := &runner{cfg: run, session: newSession(cfg, deps), state: state.clone(), began: deps.Now(), at: map[place]int{}}
	for i, p := range r.state.Places {
		r.at[place{p.Topic, p.Partition}] = i
	}
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
	opts, err := kafka.Options(r.cfg.Kafka)
	if err != nil {
		return err
	}
	from := map[string]map[int32]kgo.Offset{}
	for _, p := range r.state.Places {
		if p.Position < p.End {
			if from[p.Topic] == nil {
				from[p.Topic] = map[int32]kgo.Offset{}
			}
			from[p.Topic][p.Partition] = kgo.NewOffset().At(p.Position)
		}
	}
	if len(from) > 0 {
		// Control records are kept: the last offset before an end is often one.
		reading := append(append(opts[:len(opts):len(opts)], kafka.ReaderOptions(kafka.Earliest())...), kgo.KeepControlRecords(), kgo.ConsumePartitions(from))
		if r.reader, err = kgo.NewClient(reading...); err != nil {
			return fmt.Errorf("making a client to read: %w", err)
		}
	}
	if r.session.cfg.DryRun {
		return nil
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

func (r *runner) close() {
	if r.reader != nil {
		r.reader.Close()
	}
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
		records, err := r.poll(ctx)
		if ctx.Err() != nil {
			return r.finish(ctx, Interrupted)
		}
		if err != nil {
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

// poll gives the next records before their ends, and moves the positions of
// what holds none: control records, and what retention has deleted.
func (r *runner) poll(ctx context.Context) ([]*kgo.Record, error) {
	polling, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	fetches := r.reader.PollRecords(polling, r.batchSize())
	for _, failed := range fetches.Errors() {
		if errors.Is(failed.Err, context.DeadlineExceeded) {
			return nil, r.skipDeleted(ctx)
		}
		if loss := (*kgo.ErrDataLoss)(nil); errors.As(failed.Err, &loss) {
			continue // retention has overtaken the replay; the client goes on at the log's start
		}
		return nil, fmt.Errorf("reading %s/%d: %w", failed.Topic, failed.Partition, failed.Err)
	}
	var records []*kgo.Record
	for it := fetches.RecordIter(); !it.Done(); {
		records = append(records, it.Next())
	}
	return records, nil
}

// handle decides and commits records, together with the new positions. It gives
// how many events it has queued.
func (r *runner) handle(ctx context.Context, records []*kgo.Record) (int, error) {
	next := r.state.clone()
	var wanted []*kgo.Record
	d := &r.session.cfg.Definition
	for _, record := range records {
		p := &next.Places[r.at[place{record.Topic, record.Partition}]]
		if record.Offset >= p.End || record.Offset < p.Position {
			p.Position = max(p.Position, min(record.Offset+1, p.End))
			continue
		}
		p.Position = record.Offset + 1
		late := !d.Until.IsZero() && !record.Timestamp.Before(d.Until)
		if !record.Attrs.IsControl() && !late && !record.Timestamp.Before(d.Since) {
			wanted = append(wanted, record)
		}
	}
	r.pause(&next)
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

// pause stops fetching what lies behind the ends.
func (r *runner) pause(next *State) {
	for i, p := range next.Places {
		if p.Position >= p.End && r.state.Places[i].Position < p.End {
			r.reader.PauseFetchPartitions(map[string][]int32{p.Topic: {p.Partition}})
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
