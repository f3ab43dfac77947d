package verdict

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Work is the work function: submissions in, diagnostics and next submissions
// out. It returns transact.ErrWait where something of ours is not there
// (tables, claims, the registry, the sender); what the provider says or fails
// to say never holds up the others.
func (w *Worker) Work(ctx context.Context, b transact.Batch) ([]*kgo.Record, error) {
	subs, err := w.read(ctx, b.Records)
	if err != nil {
		return nil, err
	}
	found, err := w.askAll(ctx, subs)
	if err != nil {
		return nil, err
	}
	now := w.deps.Now().UnixMilli()
	t := tally{ends: make(map[end]int)}
	var out output
	var refused []dedup.Request
	for i, s := range subs {
		f := &found[i]
		f.outcome = w.patience(ctx, s, f, now)
		t.asked[f.outcome]++
		switch f.outcome {
		case Settled:
			for _, r := range judge(s, &f.status, w.deps.Verdicts) {
				refused = append(refused, r.claims(s)...)
				if r.count > 0 {
					t.ends[end{r.status(), r.verdict.Reason}] += r.count
				}
				w.publish(&out, s, &r, now)
			}
		case Processing, Failed:
			w.again(&out, s, now)
		case Unknown, outcomes: // counted, and in the log
		}
	}
	if err := w.forget(ctx, refused); err != nil {
		return nil, err
	}
	w.tally = t
	return out.records, nil
}

// read decodes a batch. A record that is no submission is reported and left
// out; a second copy of one that is in the batch already (its first writing was
// not acknowledged) need not be asked about.
func (w *Worker) read(ctx context.Context, records []*kgo.Record) ([]*codec.Submission, error) {
	subs := make([]*codec.Submission, 0, len(records))
	seen := make(map[string]bool, len(records))
	for _, r := range records {
		s := &codec.Submission{}
		err := w.deps.Submissions.Decode(ctx, r.Value, s)
		if _, pending := errors.AsType[*codec.PendingError](err); pending || ctx.Err() != nil {
			return nil, fmt.Errorf("%w: reading submission %s/%d@%d: %w", transact.ErrWait, r.Topic, r.Partition, r.Offset, err)
		}
		if err != nil {
			w.deps.Log.ErrorContext(ctx, "verdicts: a submission cannot be read and is left out",
				"topic", r.Topic, "partition", r.Partition, "offset", r.Offset, "error", err)
			continue
		}
		if !seen[s.RequestID] {
			seen[s.RequestID] = true
			subs = append(subs, s)
		}
	}
	return subs, nil
}

// finding is what one question came to.
type finding struct {
	status  provider.RequestStatus
	answer  provider.Answer
	err     error
	outcome Outcome
}

// askAll asks about every submission, a few at a time.
func (w *Worker) askAll(ctx context.Context, subs []*codec.Submission) ([]finding, error) {
	found := make([]finding, len(subs))
	turns := make(chan struct{}, w.cfg.Parallel)
	var asking sync.WaitGroup
	for i, s := range subs {
		turns <- struct{}{}
		asking.Go(func() {
			defer func() { <-turns }()
			w.ask(ctx, s, &found[i])
		})
	}
	asking.Wait()
	for i := range found {
		if err := found[i].err; err != nil && !errors.Is(err, ErrGone) {
			return nil, fmt.Errorf("%w: asking for a verdict: %w", transact.ErrWait, err)
		}
	}
	return found, nil
}

func (w *Worker) ask(ctx context.Context, s *codec.Submission, f *finding) {
	f.answer, f.err = w.deps.Asker.Ask(ctx, Question{
		Destination: s.DestinationID, Account: s.Account,
		Request: func(t *provider.Endpoint) provider.Request { return w.deps.Verdicts.StatusRequest(t, s.RequestID) },
		Read: func(r *provider.Response) (a provider.Answer) {
			f.status, a = w.deps.Verdicts.ParseStatus(r)
			return a
		},
	})
}

// patience decides what a question's answer means for the submission: whether
// it is settled, asked again, or never will be known.
func (w *Worker) patience(ctx context.Context, s *codec.Submission, f *finding, now int64) Outcome {
	outcome := Failed
	switch {
	case f.err != nil, f.answer.Class == provider.Invalid && !f.answer.Unmapped:
		outcome = Unknown // nobody can ask, or the provider does not know the request
	case f.answer.Class == provider.Accepted && f.status.State != provider.StateUnknown && f.status.State != provider.StateProcessing:
		return Settled
	case f.answer.Class == provider.Accepted:
		outcome = Processing
	}
	late := now-s.SubmittedAt >= w.cfg.For.Milliseconds()
	if outcome != Unknown && !late {
		return outcome
	}
	why := f.answer.Message
	switch {
	case f.err != nil:
		why = f.err.Error()
	case outcome == Processing:
		why = "the provider is still processing it"
	}
	w.deps.Log.WarnContext(ctx, "verdicts: what became of a request stays unknown", "destination", s.DestinationID,
		"request", s.RequestID, "records", s.Records, "asked", s.Polls+1, "class", f.answer.Class.String(), "code", f.answer.Code, "message", why)
	return Unknown
}

// again writes the submission once more, to be asked about after the delay.
func (w *Worker) again(out *output, s *codec.Submission, now int64) {
	next := *s
	next.Polls++
	next.NextPoll = now + w.cfg.Every.Milliseconds()
	out.add(w.cfg.Topics.Submissions(w.cfg.Provider), []byte(s.RequestID), w.deps.Encoder.AppendSubmission(nil, &next))
}

// forget gives back the claims of refused events.
func (w *Worker) forget(ctx context.Context, requests []dedup.Request) error {
	if len(requests) == 0 {
		return nil
	}
	err := w.deps.Claims.Forget(ctx, requests)
	switch {
	case err == nil:
	case w.cfg.Bypass:
		w.deps.Log.WarnContext(ctx, "verdicts: claims of refused events stand: Redis is unavailable and dedup.on_unavailable is bypass", "error", err)
	default:
		return fmt.Errorf("%w: giving claims back: %w", transact.ErrWait, err)
	}
	return nil
}
