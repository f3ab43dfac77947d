package sender

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/httpclient"
	"github.com/sluicehq/sluice/pkg/provider"
)

// credentials caches what Authorize returned, per destination, and asks once
// however many requests wait for it.
type credentials struct {
	deps Deps

	mu      sync.Mutex
	entries map[string]*credential
}

// credential is one destination's. Whoever holds turn may use it; a channel
// and not a mutex, so that waiting ends with the caller's context.
type credential struct {
	turn    chan struct{}
	stale   atomic.Bool // forgotten
	valid   bool
	version string
	hash    string // of the resource, which names the reference
	auth    provider.Authorization
}

// renewBefore is how long before its end an authorization is renewed, so that
// it does not end on its way.
const renewBefore = time.Minute

func newCredentials(deps Deps) *credentials {
	return &credentials{deps: deps, entries: make(map[string]*credential)}
}

// granted is what get gives.
type granted struct {
	auth    provider.Authorization
	version string // of the secret, also where Authorize failed
	waited  bool   // the provider was asked, which takes a while
}

// get gives the authorization of a target, from the cache while its secret is
// the same. Errors never hold a secret.
func (c *credentials) get(ctx context.Context, t *provider.Endpoint) (granted, error) {
	e := c.entry(t.Destination.ID)
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return granted{}, ctx.Err()
	}
	secret, version, err := c.deps.Secrets.Resolve(t.Destination.Secret)
	if err != nil {
		return granted{}, &secretError{err}
	}
	now := c.deps.Now()
	fresh := e.auth.Expires == 0 || now.Add(renewBefore).UnixMilli() < e.auth.Expires
	if e.valid && !e.stale.Load() && fresh && e.version == version && e.hash == t.Destination.Hash {
		return granted{auth: e.auth, version: version}, nil
	}
	e.valid = false
	e.stale.Store(false)
	auth, err := c.deps.Provider.Authorize(ctx, c.deps.HTTP, t, secret)
	if err != nil {
		return granted{version: version, waited: true}, fmt.Errorf("authorizing destination %s: %w", t.Destination.ID, err)
	}
	if !auth.Renewed.IsZero() {
		c.keep(ctx, t, &auth)
	}
	e.auth, e.valid, e.version, e.hash = auth, true, version, t.Destination.Hash
	return granted{auth: auth, version: version, waited: true}, nil
}

// keeper is a store of secrets that can write.
type keeper interface {
	// Keep replaces what a reference stands for.
	Keep(ctx context.Context, reference string, secret provider.Secret) error
}

// keep stores a secret that the provider has renewed. Where nothing can be
// written, the old one is used again, and a person is told in time that it may
// be refused from the end of this authorization on.
func (c *credentials) keep(ctx context.Context, t *provider.Endpoint, auth *provider.Authorization) {
	renewed := auth.Renewed
	auth.Renewed = provider.Secret{}
	store, can := c.deps.Secrets.(keeper)
	if can {
		err := store.Keep(ctx, t.Destination.Secret, renewed)
		if err == nil {
			return
		}
		c.deps.Log.WarnContext(ctx, "sender: a renewed secret cannot be kept", "destination", t.Destination.ID, "error", err)
	}
	if auth.SecretEnds == 0 || auth.SecretEnds > auth.Expires {
		auth.SecretEnds = auth.Expires
	}
}

// forget makes the next request authorize again, without waiting for one that
// is doing so now.
func (c *credentials) forget(destination string) { c.entry(destination).stale.Store(true) }

func (c *credentials) entry(destination string) *credential {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[destination]
	if e == nil {
		e = &credential{turn: make(chan struct{}, 1)}
		c.entries[destination] = e
	}
	return e
}

// secretError: the reference cannot be resolved. Its cause never contains the
// secret.
type secretError struct{ err error }

func (e *secretError) Error() string { return "reading the destination's secret: " + e.err.Error() }
func (e *secretError) Unwrap() error { return e.err }

// classed is an error of Authorize that knows what the provider meant.
type classed interface {
	error
	AnswerClass() provider.Class
}

// denied is the answer that stands for a request that could not be
// authorized.
func denied(err error) *answer {
	a := &answer{denied: true}
	a.Class, a.Code, a.Message = provider.Credentials, "authorize", err.Error()
	if said, ok := errors.AsType[classed](err); ok {
		a.Class = said.AnswerClass()
		return a
	}
	if _, ok := errors.AsType[*httpclient.Failure](err); ok || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		a.Class = provider.Transient
	}
	if _, ok := errors.AsType[*secretError](err); ok {
		a.Code = decision.CredentialsMissing.String()
	}
	return a
}
