// Package changelog says who changed destinations, mappings and policies, when
// and why, out of the versions that their topics still hold.
package changelog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/table"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/ops/apply"
)

// Request says whose history is wanted.
type Request struct {
	// Names of destinations, policies, mapping documents or their records; none: all.
	Names []string
	// Kind narrows to one kind; empty: every one.
	Kind string
	// Mappings adds the mappings of the destinations that are named.
	Mappings bool
	// Since leaves out what was applied before.
	Since time.Time
	// Limit is how many applies are told, the newest; 0: all.
	Limit int
}

// Answer is the history of resources, newest first. Its JSON is that of `sluice
// history --output json`.
type Answer struct {
	Applies []Apply `json:"changes"`
	// More is how many earlier ones the limit left out.
	More int `json:"more"`
	// KeptSeconds is for how long every version is held, at least; zero where
	// the topics may be compacted at any time.
	KeptSeconds int64 `json:"kept_seconds"`
}

// Apply is what one apply changed of what was asked for.
type Apply struct {
	AppliedAt string `json:"applied_at"` // RFC 3339
	// Author is empty where the record was not written by sluice apply.
	Author     string         `json:"author"`
	Reason     string         `json:"reason"`
	AppVersion string         `json:"app_version"` // of the sluice that wrote it
	Changes    []apply.Change `json:"changes"`
	// Effects say what began and ceased to be sent.
	Effects []string `json:"effects"`
	// Oldest are the resources of which this is the oldest version that is
	// held, so that what it changed is not known.
	Oldest []string `json:"oldest_held"`
	// Unreadable are records that this build cannot decode.
	Unreadable []string `json:"unreadable"`

	// At is AppliedAt for telling it to people.
	At time.Time `json:"-"`
}

// version is one record of a resource.
type version struct {
	kind, key, name string
	place           string
	at              time.Time
	author, reason  string
	app             string
	// stored is when, in the order of the log whatever the clocks said.
	stored   time.Time
	producer int64
	epoch    int16

	destination *resource.Destination
	mapping     *resource.Mapping
	policy      *consent.Policy
	unreadable  bool
}

func (v *version) label() string { return v.kind + " " + v.name }

// sameApply says whether two records were written together: every apply takes
// an epoch of its own.
func (v *version) sameApply(o *version) bool {
	return v.at.Equal(o.at) && v.author == o.author && v.reason == o.reason && v.producer == o.producer && v.epoch == o.epoch
}

// topics are the cluster's.
type topics interface {
	// RequireTopics fails where one of them is missing.
	RequireTopics(ctx context.Context, names ...string) error
	// EachRecord reads a topic from a time on to where it ends now.
	EachRecord(ctx context.Context, topic string, since time.Time, take func(*kgo.Record) error) error
	// VersionsKept is for how long topics hold every version at least.
	VersionsKept(ctx context.Context, topics ...string) (time.Duration, error)
}

// registry is the Schema Registry.
type registry interface {
	Codec() (*codec.Registry, error)
	// Undecoded is the error of a record that cannot be read.
	Undecoded(record *kgo.Record, err error) error
}

// Deps of a Reader; all are needed.
type Deps struct {
	Topics   topics
	Registry registry
	Names    topology.Names
	Now      func() time.Time
}

// Reader answers requests. It holds nothing open and is safe for concurrent
// use.
type Reader struct{ deps Deps }

// New makes a Reader.
func New(deps Deps) *Reader { return &Reader{deps} }

// Changes reads what the resource topics still hold, and says who changed
// what, when and why. Its error is an *UnknownResourceError where a name of the
// request is not held.
func (c *Reader) Changes(ctx context.Context, q Request) (Answer, error) {
	versions, err := c.versions(ctx)
	if err != nil {
		return Answer{}, err
	}
	known := knownNames(versions)
	for _, name := range q.Names {
		if !slices.Contains(known, name) {
			return Answer{}, &UnknownResourceError{Name: name, Known: known}
		}
	}
	kept, err := c.deps.Topics.VersionsKept(ctx, apply.Topics(c.deps.Names)...)
	if err != nil {
		return Answer{}, err
	}
	f := folder{filter: q, seen: map[string]bool{}, sure: c.deps.Now().Add(-kept)}
	var all []Apply
	for len(versions) > 0 {
		n := 1
		for n < len(versions) && versions[n].sameApply(&versions[0]) {
			n++
		}
		if a, ok := f.apply(versions[:n]); ok {
			all = append(all, a)
		}
		versions = versions[n:]
	}
	slices.Reverse(all)
	answer := Answer{Applies: []Apply{}, KeptSeconds: int64(kept.Seconds())}
	for i := range all {
		switch {
		case all[i].At.Before(q.Since):
			return answer, nil
		case q.Limit > 0 && len(answer.Applies) == q.Limit:
			answer.More++
		default:
			answer.Applies = append(answer.Applies, all[i])
		}
	}
	return answer, nil
}

// Known are the names of everything that is held.
func (c *Reader) Known(ctx context.Context) ([]string, error) {
	versions, err := c.versions(ctx)
	return knownNames(versions), err
}

// UnknownResourceError is a name of which nothing is held.
type UnknownResourceError struct {
	Name  string
	Known []string
}

// Error says what may have been meant.
func (e *UnknownResourceError) Error() string {
	text := "nothing is known of a resource called " + e.Name
	if near := document.Nearest(e.Name, e.Known); near != "" {
		return text + "; did you mean " + near + "?"
	}
	return text + ": `sluice history` without a name lists every change that is still held"
}

// versions reads every record of the resource topics in the order in which
// they were written.
func (c *Reader) versions(ctx context.Context) ([]version, error) {
	if err := c.deps.Topics.RequireTopics(ctx, apply.Topics(c.deps.Names)...); err != nil {
		return nil, err
	}
	registry, err := c.deps.Registry.Codec()
	if err != nil {
		return nil, err
	}
	decoders, err := table.NewDecoders(registry)
	if err != nil {
		return nil, err
	}
	kinds := []string{resource.KindDestination, resource.KindMapping, resource.KindPolicy}
	var all []version
	for i, topic := range apply.Topics(c.deps.Names) {
		var last time.Time
		err := c.deps.Topics.EachRecord(ctx, topic, time.UnixMilli(0), func(r *kgo.Record) error {
			v := versionOf(kinds[i], r)
			var err error
			switch {
			case r.Value == nil:
			case v.kind == resource.KindDestination:
				v.destination = new(resource.Destination)
				err = decoders.Destination(ctx, r.Value, v.destination)
			case v.kind == resource.KindMapping:
				v.mapping = new(resource.Mapping)
				err = decoders.Mapping(ctx, r.Value, v.mapping)
			default:
				v.policy = new(consent.Policy)
				err = decoders.Policy(ctx, r.Value, v.policy)
			}
			if _, bad := errors.AsType[*codec.DecodeError](err); bad {
				v.unreadable = true
			} else if err != nil {
				return c.deps.Registry.Undecoded(r, err)
			}
			if v.stored.Before(last) {
				v.stored = last
			}
			last = v.stored
			all = append(all, v)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(all, func(a, b version) int { return a.stored.Compare(b.stored) })
	return all, nil
}

// versionOf reads what stands around a value.
func versionOf(kind string, r *kgo.Record) version {
	v := version{
		kind: kind, key: string(r.Key), name: string(r.Key), stored: r.Timestamp, at: r.Timestamp,
		producer: r.ProducerID, epoch: r.ProducerEpoch,
		place: fmt.Sprintf("%s/%d@%d", r.Topic, r.Partition, r.Offset),
	}
	if kind == resource.KindMapping {
		if _, name, ok := strings.Cut(v.key, "/"); ok {
			v.name = name
		}
	}
	for _, h := range r.Headers {
		switch h.Key {
		case codec.HeaderAuthor:
			v.author = string(h.Value)
		case codec.HeaderApplyReason:
			v.reason = string(h.Value)
		case codec.HeaderAppVersion:
			v.app = string(h.Value)
		case codec.HeaderAppliedAt:
			if at, err := time.Parse(time.RFC3339, string(h.Value)); err == nil {
				v.at = at
			}
		}
	}
	return v
}

// knownNames are those of all records, and of the documents that mapping
// records came from.
func knownNames(versions []version) []string {
	var names []string
	for i := range versions {
		names = append(names, versions[i].name)
		if document, _, several := strings.Cut(versions[i].name, "/"); several {
			names = append(names, document)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
