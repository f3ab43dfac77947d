package boot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/schemas"
)

// Subject is whom consent is recorded for.
type Subject struct {
	Customer string
	ID       identity.Raw
}

func (s Subject) key() string { return string(event.Key(nil, s.Customer, s.ID.Reveal(), "")) }

// ConsentEntry is what the consent topic says about a subject now.
type ConsentEntry struct {
	Record consent.Record
	// Erased: the subject's erasure holds, in this record or behind an earlier
	// one that no explicit grant has lifted.
	Erased bool
	// Unreadable: nobody can read the record; it denies.
	Unreadable bool
	StoredAt   time.Time
	Partition  int32
}

// Grants says whether a record itself grants what every destination needs.
// Only such a record lifts an erasure.
func Grants(r *consent.Record) bool {
	return consent.NormaliseRecord(*r, 0).Explicit.Has(consent.AdUserData)
}

// Consents reads the consent topic to its end and gives, by key, the newest
// entry of those that wanted says; nil: of all.
func (e *Env) Consents(ctx context.Context, wanted func(key string) bool) (map[string]*ConsentEntry, error) {
	topic := e.Names.Consent()
	if err := e.Cluster.RequireTopics(ctx, topic); err != nil {
		return nil, err
	}
	registry, err := e.Registry.Codec()
	if err != nil {
		return nil, err
	}
	decoder, err := codec.NewConsentRecords(registry)
	if err != nil {
		return nil, err
	}
	all := map[string]*ConsentEntry{}
	err = e.Cluster.EachRecord(ctx, topic, time.UnixMilli(0), func(r *kgo.Record) error {
		key := string(r.Key)
		if wanted != nil && !wanted(key) {
			return nil
		}
		if r.Value == nil {
			delete(all, key)
			return nil
		}
		// The record's strings alias its value, which must not keep a whole fetch.
		value := bytes.Clone(r.Value)
		next := &ConsentEntry{StoredAt: r.Timestamp, Partition: r.Partition}
		err := decoder.Decode(ctx, value, &next.Record)
		if _, bad := errors.AsType[*codec.DecodeError](err); bad {
			next.Unreadable = true
		} else if err != nil {
			return e.Registry.Undecoded(r, err)
		}
		next.Record.Offset = r.Offset
		before := all[key]
		next.Erased = next.Record.Erased || before != nil && before.Erased && !Grants(&next.Record)
		all[key] = next
		return nil
	})
	return all, err
}

// Consent gives the entry of one subject; nil where there is none.
func (e *Env) Consent(ctx context.Context, s Subject) (*ConsentEntry, error) {
	key := s.key()
	all, err := e.Consents(ctx, func(other string) bool { return other == key })
	return all[key], err
}

// ConsentAuthor says who changes consent and how; it stands in the headers of
// every record, where "sluice consent history" finds it.
type ConsentAuthor struct {
	Name   string // a person or an account; empty: not known
	Method string // such as "sluice consent set"
}

func (by ConsentAuthor) headers(version string) []kgo.RecordHeader {
	headers := []kgo.RecordHeader{{Key: codec.HeaderMethod, Value: []byte(by.Method)}, {Key: codec.HeaderAppVersion, Value: []byte(version)}}
	if by.Name != "" {
		headers = append(headers, kgo.RecordHeader{Key: codec.HeaderAuthor, Value: []byte(by.Name)})
	}
	return headers
}

// ConsentWriter writes to the consent topic, as the customer's consent service
// does.
type ConsentWriter struct {
	by       ConsentAuthor
	env      *Env
	producer *kafka.Producer
	id       codec.SchemaID
}

// ConsentWriter makes a ConsentWriter, which writes in somebody's name.
func (e *Env) ConsentWriter(ctx context.Context, by ConsentAuthor) (*ConsentWriter, error) {
	topic := e.Names.Consent()
	if err := e.Cluster.RequireTopics(ctx, topic); err != nil {
		return nil, err
	}
	ids, err := e.Registry.IDs(ctx, codec.Topics{schemas.ConsentRecord: {topic}})
	if err != nil {
		return nil, err
	}
	producer, err := e.newProducer()
	if err != nil {
		return nil, err
	}
	return &ConsentWriter{by: by, env: e, producer: producer, id: ids[schemas.ConsentRecord]}, nil
}

// Write writes the records of subjects, and returns when they stand.
func (w *ConsentWriter) Write(ctx context.Context, records ...codec.SubjectRecord) error {
	out := make([]*kgo.Record, len(records))
	headers := w.by.headers(w.env.Version)
	for i := range records {
		s := Subject{records[i].CustomerID, records[i].SubjectID}
		out[i] = &kgo.Record{Topic: w.env.Names.Consent(), Key: []byte(s.key()), Headers: headers, Value: codec.AppendConsentRecord(nil, w.id, &records[i].Record)}
	}
	return w.produce(ctx, out)
}

func (w *ConsentWriter) produce(ctx context.Context, records []*kgo.Record) error {
	const chunk = 5000
	for len(records) > 0 {
		n := min(chunk, len(records))
		if err := w.producer.Produce(ctx, records[:n]...); err != nil {
			return fmt.Errorf("writing consent: %w", err)
		}
		records = records[n:]
	}
	return nil
}
