// Package trace finds everything that the diagnostics say about an event, a
// transaction, a record of the input or a subject, and what a provider still
// owes an answer about.
package trace

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/history"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/diagnostics"
)

// Request says what to look for, and where.
type Request struct {
	Query history.Query
	// Search bounds what is read. Its Contains is set here. Keys narrow it to
	// the partitions of an event at its destinations; where nothing is found so,
	// all partitions are read, because the id may be a transaction's.
	Search diagnostics.Search
}

// log is the diagnostics topic.
type log interface {
	Search(ctx context.Context, s diagnostics.Search, take func(*decision.Decision) error) (diagnostics.Searched, error)
}

// Submissions are the requests of one provider whose verdict comes later.
type Submissions interface {
	// Asynchronous tells whether a provider judges later.
	Asynchronous(provider string) bool
	// Search gives the values of a provider's submissions; see
	// diagnostics.SearchTopic.
	Search(ctx context.Context, provider string, s diagnostics.Search, take func(value []byte) (bool, error)) (diagnostics.Searched, error)
}

// Deps of a Tracer.
type Deps struct {
	Diagnostics log
	Submissions Submissions
	Registry    *codec.Registry
	// Committed is up to where the router has committed a partition of the
	// input.
	Committed func(ctx context.Context, partition int32) (int64, error)
}

// Tracer answers requests. It holds nothing open and is safe for concurrent
// use.
type Tracer struct {
	deps    Deps
	decoder *codec.Decoder[codec.Submission]
}

// New makes a Tracer.
func New(deps Deps) (*Tracer, error) {
	decoder, err := codec.Submissions(deps.Registry)
	if err != nil {
		return nil, err
	}
	return &Tracer{deps: deps, decoder: decoder}, nil
}

// Trace answers one request. An answer with Found false is no error.
func (t *Tracer) Trace(ctx context.Context, q Request) (Answer, error) {
	found, err := t.find(ctx, q.Query, q.Search)
	if err == nil && len(found.story.Records) == 0 && q.Search.Keys != nil {
		q.Search.Keys = nil
		found, err = t.find(ctx, q.Query, q.Search)
	}
	if err != nil {
		return Answer{}, err
	}
	answer := answerOf(&found)
	if source := q.Query.Source; source != nil && !answer.Found && t.deps.Committed != nil {
		// Nothing depends on it but a hint.
		if at, err := t.deps.Committed(ctx, source.Partition); err == nil && source.Offset >= at {
			answer.Unread = &Unread{Partition: source.Partition, Committed: at}
		}
	}
	return answer, nil
}

// finding is what a search came to.
type finding struct {
	story   history.Timeline
	waiting []codec.Submission
	looked  diagnostics.Searched
}

func (t *Tracer) find(ctx context.Context, q history.Query, s diagnostics.Search) (finding, error) {
	switch {
	case q.Source != nil:
		s.Contains = [][]byte{codec.SourceMark(q.Source.Partition, q.Source.Offset)}
	case q.Subject != "":
		s.Contains = [][]byte{[]byte(q.Subject)}
	default:
		for _, id := range q.IDs {
			s.Contains = append(s.Contains, []byte(id))
		}
	}
	var found []decision.Decision
	looked, err := t.deps.Diagnostics.Search(ctx, s, func(d *decision.Decision) error {
		if q.Wants(d) {
			found = append(found, *d)
		}
		return nil
	})
	if err != nil {
		return finding{}, err
	}
	f := finding{story: history.Build(found), looked: looked}
	requests := f.story.RequestIDs()
	if len(requests) == 0 {
		return f, nil
	}
	if err := t.verdictsOf(ctx, requests, func(d *decision.Decision) { found = append(found, *d) }); err != nil {
		return finding{}, err
	}
	f.story = history.Build(found)
	f.waiting, err = t.waitingFor(ctx, &f.story, requests)
	return f, err
}

// verdictsOf finds what providers said about whole requests: such diagnostics
// name no event, so that they stand in one known partition per destination.
func (t *Tracer) verdictsOf(ctx context.Context, requests map[string]decision.Decision, take func(*decision.Decision)) error {
	s := diagnostics.Search{}
	for id, d := range requests {
		s.Keys = append(s.Keys, d.DestinationID+":")
		s.Contains = append(s.Contains, []byte(id))
		s.Since = first(s.Since, time.UnixMilli(d.Time))
	}
	_, err := t.deps.Diagnostics.Search(ctx, s, func(d *decision.Decision) error {
		if _, ours := requests[d.ProviderRequestID]; ours && d.Stage == decision.StageVerdict && d.EventID == "" {
			take(d)
		}
		return nil
	})
	return err
}

// waitingFor finds the requests that a provider still has to judge. A
// submission is written again with each question, so that the newest counts.
func (t *Tracer) waitingFor(ctx context.Context, story *history.Timeline, requests map[string]decision.Decision) ([]codec.Submission, error) {
	judged := story.Judged()
	searches := map[string]diagnostics.Search{}
	for id, d := range requests {
		if !judged[id] && t.deps.Submissions.Asynchronous(d.Provider) {
			s := searches[d.Provider]
			s.Keys = append(s.Keys, id)
			s.Contains = append(s.Contains, []byte(id))
			s.Since = first(s.Since, time.UnixMilli(d.Time))
			searches[d.Provider] = s
		}
	}
	newest := map[string]codec.Submission{}
	for provider, s := range searches {
		_, err := t.deps.Submissions.Search(ctx, provider, s, func(value []byte) (bool, error) {
			var sub codec.Submission
			if err := t.decoder.Decode(ctx, bytes.Clone(value), &sub); err != nil {
				return false, nil //nolint:nilerr // counted as unreadable; the trace goes on without it
			}
			newest[sub.RequestID] = sub
			return true, nil
		})
		if err != nil {
			return nil, fmt.Errorf("finding requests that %s has not judged: %w", provider, err)
		}
	}
	var waiting []codec.Submission
	for id, s := range newest {
		if _, ours := requests[id]; ours && !judged[id] {
			waiting = append(waiting, s)
		}
	}
	return waiting, nil
}

// first is the earlier of two times, where the zero time is none.
func first(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}
