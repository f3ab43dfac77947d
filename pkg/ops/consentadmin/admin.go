// Package consentadmin reads and writes consent as the customer's consent service
// does: one subject, files of records, erasures and their markers.
package consentadmin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/cluster"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
	"github.com/sluicehq/sluice/schemas"
)

// Subject is whom consent is recorded for.
type Subject struct {
	Customer string
	ID       identity.Raw
}

func (s Subject) key() string { return string(event.Key(nil, s.Customer, s.ID.Reveal(), "")) }

// Entry is what the consent topic says about a subject now.
type Entry struct {
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

// topics are the cluster's.
type topics interface {
	RequireTopics(ctx context.Context, names ...string) error
	EachRecord(ctx context.Context, topic string, since time.Time, take func(*kgo.Record) error) error
	Each(ctx context.Context, cfg reader.Config, take func(*kgo.Record) error) error
	StableEnds(ctx context.Context, topics ...string) (reader.Offsets, error)
	Retentions(ctx context.Context, topics ...string) ([]cluster.Retention, error)
}

// registry is the Schema Registry.
type registry interface {
	Codec() (*codec.Registry, error)
	IDs(ctx context.Context, topics codec.Topics) (codec.IDs, error)
	Undecoded(record *kgo.Record, err error) error
}

// Producer writes records and waits for their acknowledgement.
type Producer interface {
	Produce(ctx context.Context, records ...*kgo.Record) error
	Close(ctx context.Context) error
}

// Deps of an Admin; all are needed.
type Deps struct {
	Topics   topics
	Registry registry
	// Topic is the consent topic.
	Topic string
	// Keys is the topic of the keys that sealed letters open with.
	Keys     string
	Producer func() (Producer, error)
	// Pending are the topics from which an event of before an erasure could
	// still be decided or sent.
	Pending []string
	// Decisions reads the diagnostics from a time on.
	Decisions func(ctx context.Context, since time.Time, take func(*decision.Decision)) error
	Pseudonym identity.Pseudonym
	Version   string
	Now       func() time.Time
}

// Admin holds nothing open between requests and is safe for concurrent use.
type Admin struct{ deps Deps }

// New makes an Admin.
func New(deps Deps) *Admin { return &Admin{deps} }

// Entries reads the consent topic to its end and gives, by key, the newest
// entry of those that wanted says; nil: of all.
func (a *Admin) Entries(ctx context.Context, wanted func(key string) bool) (map[string]*Entry, error) {
	topic := a.deps.Topic
	if err := a.deps.Topics.RequireTopics(ctx, topic); err != nil {
		return nil, err
	}
	registry, err := a.deps.Registry.Codec()
	if err != nil {
		return nil, err
	}
	decoder, err := codec.NewConsentRecords(registry)
	if err != nil {
		return nil, err
	}
	all := map[string]*Entry{}
	err = a.deps.Topics.EachRecord(ctx, topic, time.UnixMilli(0), func(r *kgo.Record) error {
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
		next := &Entry{StoredAt: r.Timestamp, Partition: r.Partition}
		err := decoder.Decode(ctx, value, &next.Record)
		if _, bad := errors.AsType[*codec.DecodeError](err); bad {
			next.Unreadable = true
		} else if err != nil {
			return a.deps.Registry.Undecoded(r, err)
		}
		next.Record.Offset = r.Offset
		before := all[key]
		next.Erased = next.Record.Erased || before != nil && before.Erased && !Grants(&next.Record)
		all[key] = next
		return nil
	})
	return all, err
}

// Get gives the entry of one subject; nil where there is none.
func (a *Admin) Get(ctx context.Context, s Subject) (*Entry, error) {
	key := s.key()
	all, err := a.Entries(ctx, func(other string) bool { return other == key })
	return all[key], err
}

// ErrErased says that a record would remove an erasure and change nothing else.
var ErrErased = errors.New("the subject was erased, and this record grants no ad_user_data: writing it would remove the erasure and change nothing else")

// SetRequest says what of a subject's record changes.
type SetRequest struct {
	Subject
	Author Author
	// Change makes the record what it should be. Its error ends the request.
	Change func(*consent.Record) error
}

// Set changes what is named in a subject's record and keeps the rest. It fails
// with ErrErased where the subject was erased and the record grants nothing.
func (a *Admin) Set(ctx context.Context, q SetRequest) (Entry, error) {
	entry, err := a.Get(ctx, q.Subject)
	if err != nil {
		return Entry{}, err
	}
	var record consent.Record
	if entry != nil && !entry.Unreadable && !entry.Record.Erased {
		record = entry.Record
	}
	if err := q.Change(&record); err != nil {
		return Entry{}, err
	}
	if entry != nil && entry.Erased && !Grants(&record) {
		return Entry{}, ErrErased
	}
	record.UpdatedAt, record.Offset = a.deps.Now().UnixMilli(), 0
	if err := a.write(ctx, q.Author, codec.SubjectRecord{CustomerID: q.Customer, SubjectID: q.ID, Record: record}); err != nil {
		return Entry{}, err
	}
	return Entry{Record: record, StoredAt: a.deps.Now()}, nil
}

// Author says who changes consent and how; it stands in the headers of
// every record, where "sluice consent history" finds it.
type Author struct {
	Name   string // a person or an account; empty: not known
	Method string // such as "sluice consent set"
}

// Headers are those of every record that an author writes.
func (by Author) Headers(version string) []kgo.RecordHeader {
	headers := []kgo.RecordHeader{{Key: codec.HeaderMethod, Value: []byte(by.Method)}, {Key: codec.HeaderAppVersion, Value: []byte(version)}}
	if by.Name != "" {
		headers = append(headers, kgo.RecordHeader{Key: codec.HeaderAuthor, Value: []byte(by.Name)})
	}
	return headers
}

// write writes the records of subjects, and returns when they stand.
func (a *Admin) write(ctx context.Context, by Author, records ...codec.SubjectRecord) error {
	w, err := a.writer(ctx, by)
	if err != nil {
		return err
	}
	return errors.Join(w.write(ctx, records...), w.close(ctx))
}

// writer writes to the consent topic.
type writer struct {
	topic    string
	headers  []kgo.RecordHeader
	producer Producer
	id       codec.SchemaID
}

func (a *Admin) writer(ctx context.Context, by Author) (*writer, error) {
	topic := a.deps.Topic
	if err := a.deps.Topics.RequireTopics(ctx, topic); err != nil {
		return nil, err
	}
	ids, err := a.deps.Registry.IDs(ctx, codec.Topics{schemas.ConsentRecord: {topic}})
	if err != nil {
		return nil, err
	}
	producer, err := a.deps.Producer()
	if err != nil {
		return nil, err
	}
	return &writer{topic: topic, headers: by.Headers(a.deps.Version), producer: producer, id: ids[schemas.ConsentRecord]}, nil
}

// close closes the producer, also where the request was cancelled.
func (w *writer) close(ctx context.Context) error {
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return w.producer.Close(closing)
}

func (w *writer) write(ctx context.Context, records ...codec.SubjectRecord) error {
	out := make([]*kgo.Record, len(records))
	for i := range records {
		s := Subject{records[i].CustomerID, records[i].SubjectID}
		out[i] = &kgo.Record{Topic: w.topic, Key: []byte(s.key()), Headers: w.headers, Value: codec.AppendConsentRecord(nil, w.id, &records[i].Record)}
	}
	return w.produce(ctx, out)
}

func (w *writer) produce(ctx context.Context, records []*kgo.Record) error {
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
