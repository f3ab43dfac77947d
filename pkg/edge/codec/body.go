package codec

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"

	"github.com/hamba/avro/v2"

	"github.com/sluicehq/sluice/schemas"
)

// bodies turns framed values into bodies in one of our schemas.
type bodies struct {
	registry *Registry
	kind     schemas.Name
	ours     avro.Schema
	// writers is replaced, never changed: the hot path reads it without a lock
	// and without boxing the id.
	writers atomic.Pointer[map[SchemaID]*writerSchema]
}

// writerSchema is what is to be done with one writer's values.
type writerSchema struct {
	plan *plan // nil: nothing
	head bool  // the head has the shape of ours
	err  error // the schema cannot be read as ours: a *DecodeError
}

func newBodies(r *Registry, name schemas.Name) (*bodies, error) {
	parse, ok := ownSchemas[name]
	if !ok {
		return nil, fmt.Errorf("there is no schema %q", name)
	}
	ours, err := parse()
	if err != nil {
		return nil, err
	}
	return &bodies{registry: r, kind: name, ours: ours}, nil
}

// ownSchemas parse ours, each at most once: they are constants of the binary,
// and a large one takes milliseconds.
var ownSchemas = parsers()

func parsers() map[schemas.Name]func() (avro.Schema, error) {
	all := map[schemas.Name]func() (avro.Schema, error){}
	for _, name := range schemas.Names() {
		all[name] = sync.OnceValues(func() (avro.Schema, error) { return parseOwn(name) })
	}
	return all
}

// ownParser gives the parser of a text that is a schema of ours, as nearly
// every writer's is; nil: it is none.
func ownParser(text string) func() (avro.Schema, error) {
	for _, name := range schemas.Names() {
		if own, err := schemas.Text(name); err == nil && own == text {
			return ownSchemas[name]
		}
	}
	return nil
}

func parseOwn(name schemas.Name) (avro.Schema, error) {
	text, err := schemas.Text(name)
	if err != nil {
		return nil, err
	}
	ours, err := avro.ParseWithCache(text, "", &avro.SchemaCache{})
	if err != nil {
		return nil, fmt.Errorf("parsing schema %s: %w", name, err)
	}
	return ours, nil
}

// writer gives the plan for a schema id, compiling it the first time.
func (b *bodies) writer(ctx context.Context, id SchemaID) (*writerSchema, error) {
	if known := b.writers.Load(); known != nil {
		if w, ok := (*known)[id]; ok {
			return w, nil
		}
	}
	theirs, err := b.registry.schema(ctx, id)
	if err != nil {
		return nil, err
	}
	w := &writerSchema{head: headMatches(theirs, b.ours)}
	if w.plan, err = compilePlan(b.kind, theirs, b.ours); err != nil {
		w.err = undecodable("the writer's schema %d cannot be read as ours: %v", id, err)
	}
	b.remember(id, w)
	return w, nil
}

func (b *bodies) remember(id SchemaID, w *writerSchema) {
	for {
		old := b.writers.Load()
		next := map[SchemaID]*writerSchema{}
		if old != nil {
			next = maps.Clone(*old)
		}
		next[id] = w
		if b.writers.CompareAndSwap(old, &next) {
			return
		}
	}
}

// body unframes a value and rewrites it into our schema where it has to.
func (b *bodies) body(ctx context.Context, value []byte) (resolved, error) {
	id, body, err := Unframe(value)
	if err != nil {
		return resolved{}, err
	}
	w, err := b.writer(ctx, id)
	if err != nil {
		return resolved{}, err
	}
	return w.resolve(body)
}

func (w *writerSchema) resolve(body []byte) (resolved, error) {
	switch {
	case w.err != nil:
		return resolved{}, w.err
	case w.plan == nil:
		return resolved{body: body}, nil
	default:
		return w.plan.run(body)
	}
}

// Decoder reads framed values of one kind, whoever wrote them. It is safe for
// concurrent use.
type Decoder[T any] struct {
	bodies *bodies
	decode func(dst *T, body []byte) error
}

func newDecoder[T any](r *Registry, name schemas.Name, decode func(*T, []byte) error) (*Decoder[T], error) {
	b, err := newBodies(r, name)
	if err != nil {
		return nil, err
	}
	return &Decoder[T]{bodies: b, decode: decode}, nil
}

// Decode reads a value into dst, whose memory is reused where its kind allows
// it. Strings alias the value. Errors: a *PendingError (wait and read again) or
// a *DecodeError.
func (d *Decoder[T]) Decode(ctx context.Context, value []byte, dst *T) error {
	r, err := d.bodies.body(ctx, value)
	if err != nil {
		return err
	}
	return d.decode(dst, r.body)
}
