package boot

import (
	"context"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/history"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
)

// Trace is the answer to a query, and what it took.
type Trace struct {
	Story history.Story
	// Waiting are requests whose verdict the provider still owes.
	Waiting []codec.Submission
	Looked  Searched
}

// Found says whether anything is known.
func (t *Trace) Found() bool { return len(t.Story.Records) > 0 }

// Shown gives the forms in which diagnostics may show an event or transaction
// id: as it is and, where it looks like personal data, hashed.
func (e *Env) Shown(id string) ([]string, error) {
	recorder, err := e.recorder()
	if err != nil {
		return nil, err
	}
	if identity.LookID(id) == identity.NotSuspect {
		return []string{id}, nil
	}
	return []string{id, recorder.Pseudonym.ID(id)}, nil
}

// SubjectHash gives the keyed hash under which diagnostics show a subject; ""
// without a privacy key.
func (e *Env) SubjectHash(customer string, subject identity.Raw) (string, error) {
	recorder, err := e.recorder()
	if err != nil {
		return "", err
	}
	return recorder.Pseudonym.Subject(customer, subject), nil
}

// Trace finds everything that the diagnostics say about a query, and about the
// requests in which its events were sent.
func (e *Env) Trace(ctx context.Context, q history.Query, s Search) (Trace, error) {
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
	looked, err := e.SearchDiagnostics(ctx, s, func(d *decision.Decision) error {
		if q.Wants(d) {
			found = append(found, *d)
		}
		return nil
	})
	if err != nil {
		return Trace{}, err
	}
	t := Trace{Story: history.Tell(found), Looked: looked}
	requests := t.Story.RequestIDs()
	if len(requests) == 0 {
		return t, nil
	}
	if err := e.verdictsOf(ctx, requests, func(d *decision.Decision) { found = append(found, *d) }); err != nil {
		return Trace{}, err
	}
	t.Story = history.Tell(found)
	t.Waiting, err = e.waitingFor(ctx, &t.Story, requests)
	return t, err
}

// verdictsOf finds what providers said about whole requests: such diagnostics
// name no event, so that they stand in one known partition per destination.
func (e *Env) verdictsOf(ctx context.Context, requests map[string]decision.Decision, take func(*decision.Decision)) error {
	s := Search{}
	for id, d := range requests {
		s.Keys = append(s.Keys, d.DestinationID+":")
		s.Contains = append(s.Contains, []byte(id))
		s.Since = first(s.Since, time.UnixMilli(d.Time))
	}
	_, err := e.SearchDiagnostics(ctx, s, func(d *decision.Decision) error {
		if _, ours := requests[d.ProviderRequestID]; ours && d.Stage == decision.StageVerdict && d.EventID == "" {
			take(d)
		}
		return nil
	})
	return err
}

// waitingFor finds the requests that a provider still has to judge. A
// submission is written again with each question, so that the newest counts.
func (e *Env) waitingFor(ctx context.Context, story *history.Story, requests map[string]decision.Decision) ([]codec.Submission, error) {
	judged := story.Judged()
	searches := map[string]Search{}
	known := e.Providers()
	for id, d := range requests {
		if p, ok := known[d.Provider]; !judged[id] && ok && p.Spec().Asynchronous {
			s := searches[d.Provider]
			s.Keys = append(s.Keys, id)
			s.Contains = append(s.Contains, []byte(id))
			s.Since = first(s.Since, time.UnixMilli(d.Time))
			searches[d.Provider] = s
		}
	}
	newest := map[string]codec.Submission{}
	for provider, s := range searches {
		if err := e.submissions(ctx, provider, s, newest); err != nil {
			return nil, err
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

func (e *Env) submissions(ctx context.Context, provider string, s Search, newest map[string]codec.Submission) error {
	registry, err := e.Registry()
	if err != nil {
		return err
	}
	decoder, err := codec.Submissions(registry)
	if err != nil {
		return err
	}
	_, err = e.SearchTopic(ctx, e.Names.Submissions(provider), s, func(value []byte) (bool, error) {
		var sub codec.Submission
		if err := decoder.Decode(ctx, append([]byte(nil), value...), &sub); err != nil {
			return false, nil //nolint:nilerr // counted as unreadable; the trace goes on without it
		}
		newest[sub.RequestID] = sub
		return true, nil
	})
	return err
}

// first is the earlier of two times, where the zero time is none.
func first(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// RouterRead is up to where the router has committed a partition of the
// analytics topic.
func (e *Env) RouterRead(ctx context.Context, partition int32) (int64, error) {
	read, err := e.committed(ctx, e.Config.Router.Group)
	return read[reader.Partition{Topic: e.Config.Topics.Input, Number: partition}], err
}
