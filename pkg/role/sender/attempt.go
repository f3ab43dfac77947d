package sender

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/httpclient"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender/destinations"
)

// worker does the I/O of one job. It has no state but the credentials' cache
// and is called from many goroutines.
type worker struct {
	cfg         Config
	deps        Deps
	spec        provider.Spec
	credentials *destinations.Credentials
	// bodies are memory of requests that are over, *[]byte: the client does not
	// look at them after Send.
	bodies sync.Pool
}

// result is what became of a job.
type result struct {
	// ended are deliveries whose end the checks decided.
	ended []ended
	// left are deliveries of which nothing is decided: they were in the
	// request, or there was none.
	left []*item
	// answer is the provider's, or what stands for it where there was none;
	// nil where nothing was asked.
	answer *answer
	// unavailable: nothing could be checked, so nothing was sent.
	unavailable error
	// noProbe: the provider can only be tried with a real event.
	noProbe bool
	// endpoint is what the destination is today.
	endpoint *resource.Endpoint
	ends     int64  // when a person has to renew the secret; zero: not known
	version  string // of the secret
}

// answer is what one request came to.
type answer struct {
	provider.Answer
	status int
	took   time.Duration
	bytes  int
	denied bool // it came from Authorize, before anything was sent
}

// work does one job: credentials, then a view, then the checks, then the
// request; nothing waits between the view and the request's first byte.
func (w *worker) work(ctx context.Context, j *job) result {
	// Newer tables may refuse a delivery that was read later still.
	for since := (time.Time{}); ; {
		r, sure := w.try(ctx, j, since)
		if sure.IsZero() {
			return r
		}
		since = sure
	}
}

// try does the job with tables that are complete as of since. A refusal by
// older tables than the router had is none: what it saw, such as consent that
// has only just come, may not have been read here yet. Nothing is done then,
// and sure is what since has to be.
func (w *worker) try(ctx context.Context, j *job, since time.Time) (r result, sure time.Time) {
	target, auth, view := w.prepare(ctx, j, since, &r)
	if r.unavailable != nil || r.answer != nil {
		r.left = j.items
		return r, time.Time{}
	}
	if j.intent == toProbe {
		w.probe(ctx, target, auth, &r)
		return r, time.Time{}
	}
	keep, refused := w.gates(view, j.items, &r)
	if refused.After(since) {
		return r, refused
	}
	keep = w.check(ctx, view, keep, &r)
	if r.unavailable != nil {
		r.left, r.ended = j.items, nil
		return r, time.Time{}
	}
	if j.intent == toMove {
		moved := j.outcome // the job's may be put off further
		for _, it := range keep {
			r.ended = append(r.ended, ended{it, &moved})
		}
		return r, time.Time{}
	}
	if keep = w.begin(ctx, view, keep, &r); r.unavailable != nil {
		r.left, r.ended = j.items, nil
		return r, time.Time{}
	}
	if r.left = keep; len(keep) > 0 {
		w.request(ctx, j, target, auth, &r)
	}
	return r, time.Time{}
}

// prepare gets credentials and a view. Authorizing may take a while, so the
// view is taken after it, and once more if the destination changed meanwhile.
func (w *worker) prepare(ctx context.Context, j *job, since time.Time, r *result) (provider.Endpoint, provider.Authorization, gate.View) {
	var target provider.Endpoint
	var auth provider.Authorization
	for authorized := ""; ; {
		view, err := w.deps.Tables.AwaitSince(ctx, since)
		if err != nil {
			r.unavailable = err
			return target, auth, nil
		}
		endpoint, ok := view.Resources().Destination(j.key.Destination)
		r.endpoint = endpoint
		if !ok || endpoint.Invalid != "" || endpoint.Destination == nil || j.intent == toMove {
			return target, auth, view // the gates say what is wrong
		}
		target = w.target(endpoint)
		if authorized == endpoint.Destination.Hash+endpoint.Destination.Secret {
			return target, auth, view
		}
		authorized = endpoint.Destination.Hash + endpoint.Destination.Secret
		got, err := w.credentials.Get(ctx, &target)
		r.version = got.Version
		if err != nil {
			r.answer = &answer{Answer: destinations.Denied(err), denied: true}
			return target, auth, view
		}
		auth, r.ends = got.Auth, got.Auth.SecretEnds
		if !got.Waited {
			return target, auth, view
		}
	}
}

func (w *worker) target(e *resource.Endpoint) provider.Endpoint {
	return provider.EndpointOf(e, &w.spec, w.cfg.BaseURL, w.cfg.TokenURL)
}

// request sends the deliveries in r.left as they are.
func (w *worker) request(ctx context.Context, j *job, target provider.Endpoint, auth provider.Authorization, r *result) {
	fragments := make([][]byte, len(r.left))
	size := envelopeBytes
	for i, it := range r.left {
		fragments[i] = it.Delivery.Payload
		size += len(fragments[i]) + separatorBytes
	}
	room := w.room(size)
	defer w.bodies.Put(room)
	request := target.Account.Assemble(*room, &provider.Batch{
		Endpoint: &target, Group: j.key.Group, Fragments: fragments, Authorization: auth, Now: w.deps.Now().UnixMilli(),
	})
	ctx, span := w.deps.Tracer.Start(ctx, "deliver "+w.spec.Name, trace.WithLinks(links(r.left)...), about(j, len(r.left)))
	defer span.End()
	r.answer = w.exchange(ctx, request, auth, len(r.left))
	w.notBegun(ctx, r.left, r.answer)
	finishSpan(span, r.answer)
	w.deps.Meter.Request(Measurement{
		Destination: j.key.Destination, Lane: j.lane, Class: r.answer.Class, Status: r.answer.status, Code: r.answer.Code,
		Unmapped: r.answer.Unmapped, Events: len(r.left), Bytes: r.answer.bytes, Took: r.answer.took,
	})
}

// room gives memory for a request's body.
func (w *worker) room(size int) *[]byte {
	room, used := w.bodies.Get().(*[]byte)
	if !used {
		room = new([]byte)
	}
	*room = slices.Grow((*room)[:0], size)
	return room
}

// exchange sends one request, a probe where it has no events, and says what came
// of it.
func (w *worker) exchange(ctx context.Context, request provider.Request, auth provider.Authorization, events int) *answer {
	began := w.deps.Now()
	response, outcome := w.deps.HTTP.Send(ctx, request, auth)
	took := w.deps.Now().Sub(began)
	a := answer{status: response.Status, took: took, bytes: len(request.Body)}
	if outcome.Kind == httpclient.Answered {
		if events == 0 {
			a.Answer = provider.ClassifyProbe(w.deps.Provider, &response)
		} else {
			a.Answer = w.deps.Provider.Classify(events, &response)
		}
		return &a
	}
	a.Answer = unanswered(outcome)
	return &a
}

// unanswered tells what certainly was not received from what may have been.
func unanswered(o httpclient.Outcome) provider.Answer {
	a := provider.Answer{Class: provider.Transient, Code: "not_sent", Message: o.Err.Error()}
	if o.Kind == httpclient.MaybeSent {
		a.Class = provider.UnknownOutcome
	}
	if errors.Is(o.Err, httpclient.ErrNotAllowed) {
		a.Class = provider.Configuration
	}
	if failed, ok := errors.AsType[*httpclient.Failure](o.Err); ok {
		a.Code = failed.Cause
	}
	return a
}

// probe asks the provider, without delivering anything, whether it would
// take deliveries again.
func (w *worker) probe(ctx context.Context, target provider.Endpoint, auth provider.Authorization, r *result) {
	if target.Destination == nil {
		r.unavailable = errNoDestination
		return
	}
	request, ok := target.Account.Probe(nil, &target)
	if !ok {
		r.noProbe = true
		return
	}
	r.answer = w.exchange(ctx, request, auth, 0)
}

var errNoDestination = errors.New("the destination is gone or invalid")
