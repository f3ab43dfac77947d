package codec

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/hamba/avro/v2"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/sluicehq/sluice/schemas"
)

// RegistryConfig of a Registry. Zero values mean the defaults.
type RegistryConfig struct {
	// NotFoundAfter is how long the registry has to say that it does not know
	// an id before records that carry it are undecodable; 60 s by default. A
	// registry that lags behind its leader must not cost a record.
	NotFoundAfter time.Duration
	// RetryEvery is how often an id that failed is asked for again; 1 s by
	// default. In between, the last answer holds.
	RetryEvery time.Duration
}

// schemaClient is what a Registry needs of *sr.Client.
type schemaClient interface {
	SchemaByID(ctx context.Context, id int) (sr.Schema, error)
	RegisterSchema(ctx context.Context, subject string, s sr.Schema, id, version int) (int, error)
	LookupSchema(ctx context.Context, subject string, s sr.Schema) (sr.SubjectSchema, error)
}

// RegistryDeps of a Registry.
type RegistryDeps struct {
	Client schemaClient // an *sr.Client
	Now    func() time.Time
}

// Registry knows writers' schemas by id and our schemas' ids by subject. It is
// safe for concurrent use. Schemas never change under an id, so what was found
// is kept.
type Registry struct {
	cfg  RegistryConfig
	deps RegistryDeps

	found sync.Map // SchemaID -> avro.Schema

	mu      sync.Mutex
	missing map[SchemaID]*absence
}

// absence is what is known about an id that could not be had.
type absence struct {
	since time.Time // of the first "not found" in a row; zero: the registry failed
	asked time.Time
	err   error // what the registry or the network said; nil: not found
}

// maxMissing bounds the ids that are remembered as missing: anybody who may
// write to the input topic can invent them.
const maxMissing = 10_000

// forgetAfter is how long a missing id that nobody asks for is remembered where
// room is needed.
const forgetAfter = 10 * time.Minute

// NewRegistry makes a Registry. Deps must be complete.
func NewRegistry(cfg RegistryConfig, deps RegistryDeps) *Registry {
	if cfg.NotFoundAfter == 0 {
		cfg.NotFoundAfter = time.Minute
	}
	if cfg.RetryEvery == 0 {
		cfg.RetryEvery = time.Second
	}
	return &Registry{cfg: cfg, deps: deps, missing: make(map[SchemaID]*absence)}
}

// Subject is the registry's subject of a topic's values.
func Subject(topic string) string { return topic + "-value" }

// Register makes sure that the schema of that name is registered for the
// topic's values and gives its id. It may be repeated.
func (r *Registry) Register(ctx context.Context, topic string, name schemas.Name) (SchemaID, error) {
	text, err := schemas.Text(name)
	if err != nil {
		return 0, err
	}
	id, err := r.deps.Client.RegisterSchema(ctx, Subject(topic), sr.Schema{Schema: text, Type: sr.TypeAvro}, -1, -1)
	if err != nil {
		return 0, fmt.Errorf("registering schema %s as %s: %w", name, Subject(topic), err)
	}
	return SchemaID(id), nil
}

// Lookup gives the id of a schema that somebody else has registered, for
// programs that may not register.
func (r *Registry) Lookup(ctx context.Context, topic string, name schemas.Name) (SchemaID, error) {
	text, err := schemas.Text(name)
	if err != nil {
		return 0, err
	}
	found, err := r.deps.Client.LookupSchema(ctx, Subject(topic), sr.Schema{Schema: text, Type: sr.TypeAvro})
	if err != nil {
		return 0, fmt.Errorf("looking up schema %s as %s (run `sluice schemas register`): %w", name, Subject(topic), err)
	}
	return SchemaID(found.ID), nil
}

// schema gives the writer's schema of an id. Errors: a *PendingError while the
// registry cannot be asked or has not said "not found" for long enough; a
// *DecodeError when it has, or when the schema is not Avro.
func (r *Registry) schema(ctx context.Context, id SchemaID) (avro.Schema, error) {
	found, _ := r.found.Load(id)
	if s, ok := found.(avro.Schema); ok {
		return s, nil
	}
	if err := r.known(id); err != nil {
		return nil, err
	}
	text, err := r.deps.Client.SchemaByID(ctx, int(id))
	if err != nil {
		return nil, r.miss(id, err)
	}
	s, err := parseSchema(text)
	if err != nil {
		return nil, undecodable("the writer's schema %d cannot be used: %v", id, err)
	}
	r.found.Store(id, s)
	r.mu.Lock()
	delete(r.missing, id)
	r.mu.Unlock()
	return s, nil
}

func parseSchema(text sr.Schema) (avro.Schema, error) {
	if text.Type != sr.TypeAvro {
		return nil, errors.New("it is not Avro")
	}
	if len(text.References) > 0 {
		return nil, errors.New("it refers to other schemas, which is not supported")
	}
	if parse := ownParser(text.Schema); parse != nil {
		return parse()
	}
	// A cache of its own: versions of one schema share their names.
	s, err := avro.ParseWithCache(text.Schema, "", &avro.SchemaCache{})
	if err != nil {
		return nil, fmt.Errorf("parsing it: %w", err)
	}
	return s, nil
}

// known gives the last answer about a missing id while it is fresh.
func (r *Registry) known(id SchemaID) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.missing[id]
	if a == nil || r.deps.Now().Sub(a.asked) >= r.cfg.RetryEvery {
		return nil
	}
	return r.answer(id, a)
}

// miss notes that an id could not be had. The clock of "not found" runs only
// while the registry answers.
func (r *Registry) miss(id SchemaID, err error) error {
	if errors.Is(err, context.Canceled) {
		return &PendingError{ID: id, Cause: err}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.deps.Now()
	a := r.missing[id]
	if a == nil {
		if !r.makeRoom(now) && isNotFound(err) {
			return r.unknown(id)
		}
		a = &absence{}
		r.missing[id] = a
	}
	a.asked = now
	if !isNotFound(err) {
		a.since, a.err = time.Time{}, err
		return r.answer(id, a)
	}
	if a.err = nil; a.since.IsZero() {
		a.since = now
	}
	return r.answer(id, a)
}

// makeRoom reports whether one more missing id can be remembered. Clocks that
// run are kept: emptying the table would start all of them again, and the
// records that wait for them would wait for ever. Where ten thousand unknown
// ids are on their way at once, the next one gets no minute of grace. The
// caller holds mu.
func (r *Registry) makeRoom(now time.Time) bool {
	if len(r.missing) < maxMissing {
		return true
	}
	for id, a := range r.missing {
		if now.Sub(a.asked) >= forgetAfter {
			delete(r.missing, id)
		}
	}
	return len(r.missing) < maxMissing
}

func (r *Registry) unknown(id SchemaID) error {
	return undecodable("the registry does not know schema id %d", id)
}

func (r *Registry) answer(id SchemaID, a *absence) error {
	if a.err != nil || a.asked.Sub(a.since) < r.cfg.NotFoundAfter {
		return &PendingError{ID: id, Cause: a.err}
	}
	return r.unknown(id)
}

// isNotFound tells "there is no such schema" from every other failure. A 404
// that is not the registry's own (a proxy's) has no error code.
func isNotFound(err error) bool {
	var answer *sr.ResponseError
	if !errors.As(err, &answer) {
		return false
	}
	return answer.StatusCode == http.StatusNotFound &&
		(answer.ErrorCode == sr.ErrSchemaNotFound.Code || answer.ErrorCode == sr.ErrSubjectNotFound.Code)
}
