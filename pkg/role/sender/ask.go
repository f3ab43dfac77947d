package sender

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/httpclient"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender/destinations"
	"github.com/sluicehq/sluice/pkg/role/sender/verdict"
)

// ErrStopped says that the sender has ended, or is about to, and asks nothing more.
var ErrStopped = errors.New("the sender has stopped")

// Ask makes a request about a destination that delivers nothing, with the
// destination's credentials and out of the same budget of requests as its
// deliveries: it waits its turn, up to Config.LongWait. It may be called from
// any goroutine while Run runs, and waits for Run where it is called earlier.
//
// The answer is that of q.Read, or what stands for it where the provider was
// not asked: credentials that are refused, a destination that is blocked, a
// wait that would be too long. Errors are verdict.ErrGone, ErrStopped, the
// context's, and those of the tables.
func (s *Sender) Ask(ctx context.Context, q verdict.Question) (provider.Answer, error) {
	view, err := s.loop.deps.Tables.Await(ctx)
	if err != nil {
		return provider.Answer{}, fmt.Errorf("asking about destination %s: %w", q.Destination, err)
	}
	endpoint, ok := view.Resources().Destination(q.Destination)
	switch {
	case !ok || endpoint.Destination == nil:
		return provider.Answer{}, verdict.ErrGone
	case endpoint.Invalid != "":
		return provider.Answer{Class: provider.Configuration, Code: decision.DestinationInvalid.String(), Message: endpoint.Invalid}, nil
	case endpoint.Fingerprint != q.Account:
		return provider.Answer{}, verdict.ErrGone
	}
	refusal, err := s.admit(ctx, endpoint)
	if refusal != nil || err != nil {
		return zero(refusal), err
	}
	w := s.loop.worker
	target := w.target(endpoint)
	got, err := w.credentials.Get(ctx, &target)
	if err != nil {
		return destinations.Denied(err), ctx.Err()
	}
	response, outcome := w.deps.HTTP.Send(ctx, q.Request(&target), got.Auth)
	var answer provider.Answer
	if outcome.Kind == httpclient.Answered {
		answer = q.Read(&response)
	} else {
		answer = unanswered(outcome)
	}
	if err := ctx.Err(); err != nil {
		return provider.Answer{}, fmt.Errorf("asking about destination %s: %w", q.Destination, err)
	}
	return answer, s.asked(ctx, q.Destination, answer)
}

func zero(a *provider.Answer) provider.Answer {
	if a == nil {
		return provider.Answer{}
	}
	return *a
}

// admit waits for the turn of one request, and books it.
func (s *Sender) admit(ctx context.Context, endpoint *resource.Endpoint) (*provider.Answer, error) {
	type answered struct {
		refusal *provider.Answer
		at      int64 // zero: now, and it is booked
	}
	for {
		turns := make(chan answered, 1)
		err := s.post(ctx, func() {
			refusal, at := s.loop.destinations.Turn(endpoint, s.loop.deps.Now())
			turns <- answered{refusal, at}
		})
		if err != nil {
			return nil, err
		}
		t := <-turns
		if t.refusal != nil || t.at == 0 {
			return t.refusal, nil
		}
		timer := time.NewTimer(time.Duration(max(t.at-s.loop.deps.Now().UnixMilli(), 1)) * time.Millisecond)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, fmt.Errorf("waiting to ask about destination %s: %w", endpoint.Destination.ID, ctx.Err())
		case <-s.over:
			timer.Stop()
			return nil, ErrStopped
		}
	}
}

// post runs f in the loop's goroutine. Without an error f has run, or runs now.
func (s *Sender) post(ctx context.Context, f func()) error {
	select {
	case s.loop.tasks.Post() <- f:
		return nil
	case <-s.over:
		return ErrStopped
	case <-ctx.Done():
		return fmt.Errorf("waiting for the sender: %w", ctx.Err())
	}
}

// asked tells the loop what the answer means for the next requests.
func (s *Sender) asked(ctx context.Context, destination string, a provider.Answer) error {
	if a.Class == provider.Credentials {
		s.loop.worker.credentials.Forget(destination) // the deliveries find out whether it is the secret
	}
	if a.Class != provider.Throttled {
		return nil
	}
	// The throttle that a question met is the deliveries' too.
	err := s.post(ctx, func() {
		l := s.loop
		d, now := l.destinations.Get(destination), l.deps.Now()
		if l.destinations.Throttle(ctx, d, &a, 0, now.UnixMilli()) {
			l.parkAll(d)
		}
		l.destinations.SetRates(d, now)
	})
	if errors.Is(err, ErrStopped) {
		return nil // nobody is left to slow down
	}
	return err
}
