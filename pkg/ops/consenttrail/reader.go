package consenttrail

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/codec"
)

// topics are the cluster's.
type topics interface {
	RequireTopics(ctx context.Context, names ...string) error
	EachRecord(ctx context.Context, topic string, since time.Time, take func(*kgo.Record) error) error
	VersionsKept(ctx context.Context, topics ...string) (time.Duration, error)
}

// registry is the Schema Registry.
type registry interface {
	Codec() (*codec.Registry, error)
	Undecoded(record *kgo.Record, err error) error
}

// Deps of a Reader; all are needed.
type Deps struct {
	Topics   topics
	Registry registry
	// Topic is the consent topic.
	Topic string
	Now   func() time.Time
}

// Reader holds nothing open and is safe for concurrent use.
type Reader struct{ deps Deps }

// New makes a Reader.
func New(deps Deps) *Reader { return &Reader{deps} }

// Request names a subject; without a customer, that of every customer who has
// one of this id.
type Request struct {
	Customer string
	Subject  identity.Raw
}

// Trail tells who changed a subject's consent, newest first.
func (t *Reader) Trail(ctx context.Context, q Request) (Answer, error) {
	topic := t.deps.Topic
	if err := t.deps.Topics.RequireTopics(ctx, topic); err != nil {
		return Answer{}, err
	}
	kept, err := t.deps.Topics.VersionsKept(ctx, topic)
	if err != nil {
		return Answer{}, err
	}
	versions, err := t.versions(ctx, &q)
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{Changes: []Change{}, KeptSeconds: int64(kept.Seconds())}
	for _, list := range versions {
		answer.Changes = append(answer.Changes, Tell(list, t.deps.Now().Add(-kept))...)
	}
	slices.SortStableFunc(answer.Changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(b.StoredAt, a.StoredAt), cmp.Compare(a.Customer, b.Customer), cmp.Compare(b.Offset, a.Offset))
	})
	return answer, nil
}

// versions reads what the topic holds of a subject, by customer, oldest
// first.
func (t *Reader) versions(ctx context.Context, q *Request) (map[string][]Version, error) {
	registry, err := t.deps.Registry.Codec()
	if err != nil {
		return nil, err
	}
	decoder, err := codec.NewConsentRecords(registry)
	if err != nil {
		return nil, err
	}
	all := map[string][]Version{}
	err = t.deps.Topics.EachRecord(ctx, t.deps.Topic, time.UnixMilli(0), func(r *kgo.Record) error {
		customer, id, _ := strings.Cut(string(r.Key), ":")
		if id != q.Subject.Reveal() || q.Customer != "" && customer != q.Customer {
			return nil
		}
		v := Version{Customer: customer, Removed: r.Value == nil, StoredAt: r.Timestamp, Partition: r.Partition, Offset: r.Offset}
		for _, h := range r.Headers {
			switch h.Key {
			case codec.HeaderAuthor:
				v.Author = string(h.Value)
			case codec.HeaderMethod:
				v.Method = string(h.Value)
			}
		}
		if !v.Removed {
			// The record's strings alias its value, which must not keep a whole fetch.
			err := decoder.Decode(ctx, bytes.Clone(r.Value), &v.Record)
			if _, bad := errors.AsType[*codec.DecodeError](err); bad {
				v.Unreadable = true
			} else if err != nil {
				return t.deps.Registry.Undecoded(r, err)
			}
		}
		all[customer] = append(all[customer], v)
		return nil
	})
	return all, err
}
