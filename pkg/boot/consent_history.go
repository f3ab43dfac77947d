package boot

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/ops/consenttrail"
)

// ConsentHistory tells who changed a subject's consent, newest first; without a
// customer in the subject, for every customer that has one of that id.
func (e *Env) ConsentHistory(ctx context.Context, s Subject) (*consenttrail.Answer, error) {
	topic := e.Names.Consent()
	if err := e.Cluster.RequireTopics(ctx, topic); err != nil {
		return nil, err
	}
	kept, err := e.Cluster.VersionsKept(ctx, topic)
	if err != nil {
		return nil, err
	}
	versions, err := e.consentVersions(ctx, topic, s)
	if err != nil {
		return nil, err
	}
	answer := &consenttrail.Answer{Changes: []consenttrail.Change{}, KeptSeconds: int64(kept.Seconds())}
	for _, list := range versions {
		answer.Changes = append(answer.Changes, consenttrail.Tell(list, e.Now().Add(-kept))...)
	}
	slices.SortStableFunc(answer.Changes, func(a, b consenttrail.Change) int {
		return cmp.Or(cmp.Compare(b.StoredAt, a.StoredAt), cmp.Compare(a.Customer, b.Customer), cmp.Compare(b.Offset, a.Offset))
	})
	return answer, nil
}

// consentVersions reads what the topic holds of a subject, by customer, oldest
// first.
func (e *Env) consentVersions(ctx context.Context, topic string, s Subject) (map[string][]consenttrail.Version, error) {
	registry, err := e.Registry.Codec()
	if err != nil {
		return nil, err
	}
	decoder, err := codec.NewConsentRecords(registry)
	if err != nil {
		return nil, err
	}
	all := map[string][]consenttrail.Version{}
	err = e.Cluster.EachRecord(ctx, topic, time.UnixMilli(0), func(r *kgo.Record) error {
		customer, id, _ := strings.Cut(string(r.Key), ":")
		if id != s.ID.Reveal() || s.Customer != "" && customer != s.Customer {
			return nil
		}
		v := consenttrail.Version{Customer: customer, Removed: r.Value == nil, StoredAt: r.Timestamp, Partition: r.Partition, Offset: r.Offset}
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
				return e.Registry.Undecoded(r, err)
			}
		}
		all[customer] = append(all[customer], v)
		return nil
	})
	return all, err
}
