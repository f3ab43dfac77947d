package destinations

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/httpclient"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Secrets resolves references to secrets. Version changes whenever the secret
// does, and reveals nothing about it. Errors never contain the secret.
type Secrets interface {
	Resolve(reference string) (secret provider.Secret, version string, err error)
}

// authorizer asks the provider for an authorization.
type authorizer interface {
	Authorize(ctx context.Context, doer provider.Doer, endpoint *provider.Endpoint, secret provider.Secret) (provider.Authorization, error)
}

// CredentialsDeps of Credentials.
type CredentialsDeps struct {
	Provider authorizer
	HTTP     provider.Doer
	Secrets  Secrets
	Now      func() time.Time
	Log      *slog.Logger
}

// Credentials caches what Authorize returned, per destination, and asks once
// however many requests wait for it. It is safe for concurrent use.
type Credentials struct {
	deps CredentialsDeps

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

// NewCredentials makes an empty cache.
func NewCredentials(deps CredentialsDeps) *Credentials {
	return &Credentials{deps: deps, entries: make(map[string]*credential)}
}

// Granted is what Get gives.
type Granted struct {
	Auth    provider.Authorization
	Version string // of the secret, also where Authorize failed
	Waited  bool   // the provider was asked, which takes a while
}

// Get gives the authorization of a target, from the cache while its secret is
// the same. Errors never hold a secret.
func (c *Credentials) Get(ctx context.Context, t *provider.Endpoint) (Granted, error) {
	e := c.entry(t.Destination.ID)
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return Granted{}, ctx.Err()
	}
	secret, version, err := c.deps.Secrets.Resolve(t.Destination.Secret)
	if err != nil {
		return Granted{}, &secretError{err}
	}
	now := c.deps.Now()
	fresh := e.auth.Expires == 0 || now.Add(renewBefore).UnixMilli() < e.auth.Expires
	if e.valid && !e.stale.Load() && fresh && e.version == version && e.hash == t.Destination.Hash {
		return Granted{Auth: e.auth, Version: version}, nil
	}
	e.valid = false
	e.stale.Store(false)
	auth, err := c.deps.Provider.Authorize(ctx, c.deps.HTTP, t, secret)
	if err != nil {
		return Granted{Version: version, Waited: true}, fmt.Errorf("authorizing destination %s: %w", t.Destination.ID, err)
	}
	if !auth.Renewed.IsZero() {
		c.keep(ctx, t, &auth)
	}
	e.auth, e.valid, e.version, e.hash = auth, true, version, t.Destination.Hash
	return Granted{Auth: auth, Version: version, Waited: true}, nil
}

// keeper is a store of secrets that can write.
type keeper interface {
	// Keep replaces what a reference stands for.
	Keep(ctx context.Context, reference string, secret provider.Secret) error
}

// keep stores a secret that the provider has renewed. Where nothing can be
// written, the old one is used again, and a person is told in time that it may
// be refused from the end of this authorization on, unless it stays good.
func (c *Credentials) keep(ctx context.Context, t *provider.Endpoint, auth *provider.Authorization) {
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
	if !auth.OldStays && (auth.SecretEnds == 0 || auth.SecretEnds > auth.Expires) {
		auth.SecretEnds = auth.Expires
	}
}

// Forget makes the next request authorize again, without waiting for one that
// is doing so now.
func (c *Credentials) Forget(destination string) { c.entry(destination).stale.Store(true) }

func (c *Credentials) entry(destination string) *credential {
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

// Denied is the answer that stands for a request that could not be
// authorized.
func Denied(err error) provider.Answer {
	a := provider.Answer{Class: provider.Credentials, Code: "authorize", Message: err.Error()}
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
