package schema

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluicehq/sluice/pkg/edge/registry"
	"github.com/sluicehq/sluice/pkg/edge/unready"
)

// Pauses between two tries at a registry that is young.
const (
	firstPause   = 250 * time.Millisecond
	longestPause = 5 * time.Second
)

// Patience is how long a registry that is young is waited for: one that starts,
// or that answers before it has a primary and takes writes.
type Patience struct {
	// Limit is from the first try on; 0 tries once. The first try alone may
	// take 15 s more, where nothing answers at all.
	Limit time.Duration
	// Waiting is told where the registry is and why it is waited for, once for
	// each reason in a row; nil is silent.
	Waiting func(registry, why string)
}

// Register registers every schema for every topic that carries it. It
// may be repeated. A registry that is young is waited for; what waiting cannot
// mend (a wrong address, credentials, a certificate, a schema that does not
// fit) is an error at once. Errors are *unready.Error.
func (r *Registrar) Register(ctx context.Context, p Patience) error {
	patient, cancel := context.WithTimeout(ctx, p.Limit)
	defer cancel()
	topics := r.deps.Topics
	_, failed := r.deps.Registry.IDs(ctx, topics)
	said := ""
	for pause := firstPause; failed != nil; pause = min(2*pause, longestPause) {
		why, young := registry.Young(failed)
		if !young || p.Limit == 0 {
			return failed
		}
		if why != said && p.Waiting != nil {
			p.Waiting(r.deps.Registry.URL(), why)
		}
		said = why
		select {
		case <-patient.Done():
			return r.stayedYoung(ctx, p, failed)
		case <-time.After(pause):
		}
		_, err := r.deps.Registry.IDs(patient, topics)
		if err != nil && patient.Err() != nil {
			return r.stayedYoung(ctx, p, failed) // which says more than "deadline exceeded"
		}
		failed = err
	}
	return nil
}

// stayedYoung is the error of a registry that was waited for in vain.
func (r *Registrar) stayedYoung(ctx context.Context, p Patience, last error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("waiting for the Schema Registry at %s: %w", r.deps.Registry.URL(), ctx.Err())
	}
	cause := last
	if known, ok := errors.AsType[*unready.Error](last); ok {
		cause = known.Err
	}
	return &unready.Error{
		What: fmt.Sprintf("the Schema Registry registered no schema within %s", p.Limit),
		Err:  cause, Fix: r.deps.Registry.Fix(cause),
	}
}
