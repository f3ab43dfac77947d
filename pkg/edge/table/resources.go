package table

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/topology"
)

// Decoders read values of the tables' topics. An error that is not a
// *codec.DecodeError means that the value has to be read again.
type Decoders struct {
	Destination func(ctx context.Context, value []byte, dst *resource.Destination) error
	Mapping     func(ctx context.Context, value []byte, dst *resource.Mapping) error
	Policy      func(ctx context.Context, value []byte, dst *consent.Policy) error
	// Consent may let strings of dst alias value.
	Consent func(ctx context.Context, value []byte, dst *consent.Record) error
	// SubjectKey is needed where Config.SubjectKeys is set.
	SubjectKey func(ctx context.Context, value []byte, dst *codec.SubjectKey) error
}

// ResourceTable follows the three resource topics and publishes one compiled
// set. It is a Sink for one Follower of all three, so that a set is built from
// the same moment of each.
type ResourceTable struct {
	topics topology.Names
	in     resource.Installation
	decode Decoders
	log    *slog.Logger

	builder *resource.Builder
	dirty   bool
	current atomic.Pointer[compiledSet]
}

type compiledSet struct {
	set       *resource.Set
	resources *resource.Resources
	problems  []resource.Problem
}

// NewResourceTable makes a ResourceTable.
func NewResourceTable(topics topology.Names, in resource.Installation, decode Decoders, log *slog.Logger) *ResourceTable {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	t := &ResourceTable{topics: topics, in: in, decode: decode, log: log}
	t.Reset()
	return t
}

// Topics are what a Follower of this sink has to follow.
func (t *ResourceTable) Topics() []string {
	return []string{t.topics.Destinations(), t.topics.Mappings(), t.topics.Policies()}
}

// Reset implements Sink. The last published set stays until the next one.
func (t *ResourceTable) Reset() {
	t.builder, t.dirty = resource.NewBuilder(t.in), true
}

// Apply implements Sink.
func (t *ResourceTable) Apply(ctx context.Context, r *kgo.Record) error {
	key := string(r.Key)
	kind := t.kind(r.Topic)
	if r.Value == nil {
		t.builder.Delete(kind, key)
		t.dirty = true
		return nil
	}
	err := t.put(ctx, kind, key, r)
	if err == nil || isBad(err) {
		t.dirty = true
	}
	if err != nil && isBad(err) {
		t.builder.Reject(kind, key, r.Offset, err)
		return fmt.Errorf("decoding %s record: %w", kind, err)
	}
	return err
}

func (t *ResourceTable) kind(topic string) string {
	switch topic {
	case t.topics.Destinations():
		return resource.KindDestination
	case t.topics.Mappings():
		return resource.KindMapping
	default:
		return resource.KindPolicy
	}
}

func (t *ResourceTable) put(ctx context.Context, kind, key string, r *kgo.Record) error {
	switch kind {
	case resource.KindDestination:
		d := new(resource.Destination)
		if err := t.decode.Destination(ctx, r.Value, d); err != nil {
			return err
		}
		d.Stored = r.Timestamp.UnixMilli()
		t.builder.PutDestination(key, d, r.Offset)
	case resource.KindMapping:
		m := new(resource.Mapping)
		if err := t.decode.Mapping(ctx, r.Value, m); err != nil {
			return err
		}
		t.builder.PutMapping(key, m, r.Offset)
	default:
		p := new(consent.Policy)
		if err := t.decode.Policy(ctx, r.Value, p); err != nil {
			return err
		}
		t.builder.PutPolicy(key, p, r.Offset)
	}
	return nil
}

// Publish implements Sink: it compiles what changed and swaps it in whole.
func (t *ResourceTable) Publish() {
	if !t.dirty {
		return
	}
	t.dirty = false
	set, problems := t.builder.Build()
	t.current.Store(&compiledSet{set: set, resources: t.builder.Resources(), problems: problems})
	t.log.Info("published resources", "version", set.Version(),
		"destinations", len(set.Destinations()), "mappings", len(set.Routes()), "problems", len(problems))
	for _, p := range problems {
		t.log.Warn("resource has a problem", "resource", p.Resource, "path", p.Path, "rule", p.Rule, "fix", p.Fix)
	}
}

// Set is the newest compiled set, nil before the first.
func (t *ResourceTable) Set() *resource.Set {
	if c := t.current.Load(); c != nil {
		return c.set
	}
	return nil
}

// Current gives the newest records and what is wrong with them, for diff,
// export and doctor; nil before the first set.
func (t *ResourceTable) Current() (*resource.Resources, []resource.Problem) {
	if c := t.current.Load(); c != nil {
		return c.resources, c.problems
	}
	return nil, nil
}
