// Package registry is an installation's Schema Registry as operations and roles
// ask it, with errors that say what to do.
package registry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/lazy"
	"github.com/sluicehq/sluice/pkg/edge/unready"
)

// Config of a Registry; all of it is needed.
type Config struct {
	// URL is where it is, for messages.
	URL string
	// Connect makes the client.
	Connect func() (*sr.Client, error)
	// Timeout is how long one request of that client may take.
	Timeout time.Duration
	Now     func() time.Time
}

// Registry is safe for concurrent use.
type Registry struct {
	cfg    Config
	client lazy.Value[*sr.Client]
	codec  lazy.Value[*codec.Registry]
}

// New makes a Registry. Nothing is connected to yet.
func New(cfg Config) *Registry { return &Registry{cfg: cfg} }

// URL is where the registry is.
func (r *Registry) URL() string { return r.cfg.URL }

// Client is the registry's own client.
func (r *Registry) Client() (*sr.Client, error) { return r.client.Get(r.cfg.Connect) }

// Codec gives the schemas of what is read and written.
func (r *Registry) Codec() (*codec.Registry, error) {
	return r.codec.Get(func() (*codec.Registry, error) {
		client, err := r.Client()
		if err != nil {
			return nil, err
		}
		return codec.NewRegistry(codec.RegistryConfig{}, codec.RegistryDeps{Client: client, Now: r.cfg.Now}), nil
	})
}

// IDs registers schemas where they are missing, and gives their ids. Unlike a
// role, which waits for a registry that is down, it gives up after three times
// registry.timeout. A registry that is there and slow is asked again until then:
// one request has registry.timeout, which a busy machine exceeds, and what is
// registered stays.
func (r *Registry) IDs(ctx context.Context, topics codec.Topics) (codec.IDs, error) {
	known, err := r.Codec()
	if err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, 3*r.cfg.Timeout)
	defer cancel()
	ids, err := known.Resolve(bounded, topics, false)
	for err != nil && slow(err) && bounded.Err() == nil {
		ids, err = known.Resolve(bounded, topics, false)
	}
	if err != nil {
		return nil, &unready.Error{What: "the Schema Registry does not register our schemas", Err: err, Fix: r.Fix(err)}
	}
	return ids, nil
}

// slow tells a request that was not answered in time from one that was refused.
func slow(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// Undecoded is the error of a record that cannot be read: the registry's, or
// the record's own.
func (r *Registry) Undecoded(record *kgo.Record, err error) error {
	if errors.Is(err, codec.ErrSchemaPending) {
		return &unready.Error{What: "the Schema Registry does not give the schema of " + record.Topic, Err: err, Fix: r.Fix(err)}
	}
	return fmt.Errorf("reading %s/%d@%d: %w", record.Topic, record.Partition, record.Offset, err)
}

// Fix says what to do about a registry, by what it answered.
func (r *Registry) Fix(err error) string {
	at := r.cfg.URL
	answer, answered := errors.AsType[*sr.ResponseError](err)
	if !answered {
		return "start the registry at " + at + ", or correct registry.url (--registry)"
	}
	switch answer.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "correct registry.username and registry.password, or let this user do that at " + at
	case http.StatusConflict, http.StatusUnprocessableEntity:
		return "ask `sluice schemas check` which subject another program has registered differently at " + at
	}
	if _, young := Young(err); young {
		return "the registry at " + at + " runs: wait until it has a primary that takes writes. If that lasts, its own log says why, " +
			"and so does " + at + "/_health where it is Karapace; most often it does not reach its Kafka"
	}
	return "correct registry.url (--registry): what answers at " + at + " is no Schema Registry, or not under this path"
}
