package sender_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/provider"
)

// world is the tables: what is true now.
type world struct {
	mu       sync.Mutex
	set      *resource.Set
	consents map[string]consent.Statement
	stale    error
	// unread is what the tables have yet to read; they have once somebody
	// waits for it.
	unread func()
}

func (w *world) Await(context.Context) (gate.View, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stale != nil {
		return nil, w.stale
	}
	return &view{w, w.set}, nil
}

func (w *world) AwaitSince(ctx context.Context, since time.Time) (gate.View, error) {
	w.mu.Lock()
	if w.unread != nil && !since.IsZero() {
		w.unread()
		w.unread = nil
	}
	w.mu.Unlock()
	return w.Await(ctx)
}

func (w *world) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

type view struct {
	w   *world
	set *resource.Set
}

func (v *view) Resources() *resource.Set { return v.set }
func (v *view) Err() error               { return nil }
func (v *view) Consent(customer string, subject identity.Raw) (consent.Statement, bool) {
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	s, ok := v.w.consents[customer+":"+subject.Reveal()]
	return s, ok
}

// secrets are fake credentials that a test can rotate.
type secrets struct {
	mu   sync.Mutex
	text map[string]string
}

func (s *secrets) set(reference, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text[reference] = token
}

func (s *secrets) remove(reference string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.text, reference)
}

func (s *secrets) Resolve(reference string) (provider.Secret, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, ok := s.text[reference]
	if !ok {
		return provider.Secret{}, "", errors.New("no such secret")
	}
	return identity.NewRaw(`{"access_token":"` + text + `"}`), text, nil
}

// unmarking is a claim store that stops answering when marks are set.
type unmarking struct {
	*dedup.Store
	tried chan struct{}
}

func (u *unmarking) Mark(ctx context.Context, _ []dedup.Request) error {
	u.tried <- struct{}{}
	<-ctx.Done()
	return ctx.Err()
}
