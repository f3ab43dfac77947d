package boot

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
)

// ChangeFilter says whose history is wanted.
type ChangeFilter struct {
	// Names of destinations, policies, mapping documents or their records; none: all.
	Names []string
	// Kind narrows to one kind; empty: every one.
	Kind string
	// Mappings adds the mappings of the destinations that are named.
	Mappings bool
}

// Applied is what one apply changed of what was asked for.
type Applied struct {
	At             time.Time
	Author, Reason string
	Version        string // of the sluice that wrote it
	Changes        []resource.Change
	// Effects say what began and ceased to be sent, as `diff` would have.
	Effects []string
	// Oldest are the resources of which this is the oldest version that is
	// held, so that what it changed is not known.
	Oldest []string
	// Unreadable are records that this build cannot decode.
	Unreadable []string
}

// Changes is the history of resources.
type Changes struct {
	// Applied is everything that is still held, newest first.
	Applied []Applied
	// Known are the names that may be asked for.
	Known []string
	// Kept is for how long every version is held, at least; zero where the
	// topics may be compacted at any time.
	Kept time.Duration
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

// Changes reads what the resource topics still hold, and tells who changed
// what, when and why.
func (e *Env) Changes(ctx context.Context, f ChangeFilter) (*Changes, error) {
	versions, err := e.versions(ctx)
	if err != nil {
		return nil, err
	}
	out := &Changes{Known: knownNames(versions)}
	for _, name := range f.Names {
		if !slices.Contains(out.Known, name) {
			return nil, &UnknownResourceError{Name: name, Known: out.Known}
		}
	}
	if out.Kept, err = e.Cluster.VersionsKept(ctx, e.resourceTopics()...); err != nil {
		return nil, err
	}
	h := historian{filter: f, seen: map[string]bool{}, sure: e.Now().Add(-out.Kept)}
	for len(versions) > 0 {
		n := 1
		for n < len(versions) && versions[n].sameApply(&versions[0]) {
			n++
		}
		if a, ok := h.apply(versions[:n]); ok {
			out.Applied = append(out.Applied, a)
		}
		versions = versions[n:]
	}
	slices.Reverse(out.Applied)
	return out, nil
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
func (e *Env) versions(ctx context.Context) ([]version, error) {
	if err := e.Cluster.RequireTopics(ctx, e.resourceTopics()...); err != nil {
		return nil, err
	}
	registry, err := e.Registry.Codec()
	if err != nil {
		return nil, err
	}
	decoders, err := TableDecoders(registry)
	if err != nil {
		return nil, err
	}
	kinds := []string{resource.KindDestination, resource.KindMapping, resource.KindPolicy}
	var all []version
	for i, topic := range e.resourceTopics() {
		var last time.Time
		err := e.Cluster.EachRecord(ctx, topic, time.UnixMilli(0), func(r *kgo.Record) error {
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
				return e.Registry.Undecoded(r, err)
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
