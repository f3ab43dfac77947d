// Package deadletter lists, counts and gives up dead letters: deliveries that a
// provider refused for good, and records of the analytics topic that are no
// events.
package deadletter

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/history"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
	"github.com/sluicehq/sluice/pkg/edge/states"
	"github.com/sluicehq/sluice/pkg/edge/topology"
)

// Letter is one record of a dead-letter topic, without what may be personal in
// it. Its JSON is that of `sluice dlq peek --output json`.
type Letter struct {
	Topic       string `json:"topic"`
	Partition   int32  `json:"partition"`
	Offset      int64  `json:"offset"`
	Time        string `json:"time"` // RFC 3339
	State       State  `json:"state"`
	Customer    string `json:"customer_id"`
	Destination string `json:"destination_id"` // empty: the router's, before any destination
	SourceEvent string `json:"source_event"`
	EventID     string `json:"event_id"`
	Reason      string `json:"reason"`
	Detail      string `json:"detail,omitempty"` // of the router's
	// Class, Code and HTTPStatus are of the provider's last answer.
	Class      string `json:"class,omitempty"`
	Code       string `json:"provider_code,omitempty"`
	HTTPStatus int32  `json:"http_status,omitempty"`
	// Message is what the provider said, as the decision to give up quotes it.
	Message  string `json:"provider_message,omitempty"`
	Attempts int32  `json:"attempts"`
	Source   string `json:"source"` // the input record, topic/partition@offset
	// Payload is what would be sent again, where it was asked for; never the
	// router's, whose originals hold personal data in clear.
	Payload json.RawMessage `json:"payload,omitempty"`

	// At is Time for telling it to people.
	At time.Time `json:"-"`
}

// Filter narrows listings. Empty lists let everything pass; a reason that ends
// in a dot stands for all that begin with it.
type Filter struct {
	Since, Until                                       time.Time
	Customers, Destinations, Events, EventIDs, Reasons []string
}

// Empty says whether the filter lets everything pass.
func (f *Filter) Empty() bool {
	return f.Since.IsZero() && f.Until.IsZero() && len(f.Customers)+len(f.Destinations)+len(f.Events)+len(f.EventIDs)+len(f.Reasons) == 0
}

func (f *Filter) wants(l *Letter) bool {
	in := func(list []string, word string) bool { return len(list) == 0 || slices.Contains(list, word) }
	return !l.At.Before(f.Since) && (f.Until.IsZero() || l.At.Before(f.Until)) &&
		in(f.Customers, l.Customer) && in(f.Destinations, l.Destination) && in(f.Events, l.SourceEvent) && in(f.EventIDs, l.EventID) &&
		(len(f.Reasons) == 0 || slices.ContainsFunc(f.Reasons, func(word string) bool {
			return word == l.Reason || strings.HasSuffix(word, ".") && strings.HasPrefix(l.Reason, word)
		}))
}

// topics are the cluster's.
type topics interface {
	RequireTopics(ctx context.Context, names ...string) error
	EachRecord(ctx context.Context, topic string, since time.Time, take func(*kgo.Record) error) error
	Starts(ctx context.Context, topics ...string) (reader.Offsets, error)
}

// registry is the Schema Registry.
type registry interface {
	Codec() (*codec.Registry, error)
	Undecoded(record *kgo.Record, err error) error
}

// diagnostics is the topic of decisions.
type diagnostics interface {
	Each(ctx context.Context, since time.Time, take func(*decision.Decision)) (unreadable int, err error)
}

// Deps of a Desk; all are needed.
type Deps struct {
	Topics      topics
	Registry    registry
	Diagnostics diagnostics
	States      *states.Store
	Names       topology.Names
	// Providers are those whose senders have dead letters.
	Providers []string
	Recorder  gate.Recorder
	Now       func() time.Time
}

// Topics are the dead-letter topics of the router and of every provider's
// sender.
func Topics(n topology.Names, providers []string) []string {
	topics := []string{n.DeadEvents()}
	for _, p := range providers {
		topics = append(topics, n.DeadDeliveries(p))
	}
	return topics
}

// Desk answers requests. It holds nothing open between them and is safe for
// concurrent use.
type Desk struct{ deps Deps }

// New makes a Desk.
func New(deps Deps) *Desk { return &Desk{deps} }

// Request says which letters are wanted.
type Request struct {
	Filter
	// Payload adds what was built for the provider, which may hold IP addresses
	// and click ids.
	Payload bool
}

// Each gives the dead letters that match, as they stand now, and says how many
// records are none. A letter is the taker's to keep.
func (d *Desk) Each(ctx context.Context, q Request, take func(Letter)) (unreadable int, err error) {
	names := Topics(d.deps.Names, d.deps.Providers)
	if err := d.deps.Topics.RequireTopics(ctx, append([]string{d.deps.Names.Diagnostics()}, names...)...); err != nil {
		return 0, err
	}
	by, err := d.letters(ctx, &q)
	if err != nil {
		return 0, err
	}
	since := q.Since
	if since.IsZero() {
		since = time.UnixMilli(0)
	}
	for _, topic := range names {
		err := d.deps.Topics.EachRecord(ctx, topic, since, func(r *kgo.Record) error {
			l, err := by.read(ctx, r, topic == d.deps.Names.DeadEvents())
			if _, bad := errors.AsType[*codec.DecodeError](err); bad {
				unreadable++
				return nil
			}
			if err != nil {
				return d.deps.Registry.Undecoded(r, err)
			}
			if q.wants(&l) {
				take(l)
			}
			return nil
		})
		if err != nil {
			return unreadable, err
		}
	}
	return unreadable, nil
}

// letters reads dead letters.
type letters struct {
	deliveries *codec.Decoder[decision.Delivery]
	events     *codec.Decoder[codec.DeadLetter]
	recorder   *gate.Recorder
	since      since
	discarded  func(topic string, partition int32, offset int64) bool
	payload    bool
}

func (d *Desk) letters(ctx context.Context, q *Request) (*letters, error) {
	known, err := d.deps.Registry.Codec()
	if err != nil {
		return nil, err
	}
	l := &letters{recorder: &d.deps.Recorder, payload: q.Payload}
	if l.deliveries, err = codec.Deliveries(known); err != nil {
		return nil, err
	}
	if l.events, err = codec.DeadLetters(known); err != nil {
		return nil, err
	}
	if l.discarded, err = GivenUp(ctx, d.deps.States); err != nil {
		return nil, err
	}
	_, err = d.deps.Diagnostics.Each(ctx, dedup.HistoryBefore(q.Since), l.since.add)
	return l, err
}

func (by *letters) read(ctx context.Context, r *kgo.Record, router bool) (Letter, error) {
	l := Letter{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Time: r.Timestamp.UTC().Format(time.RFC3339), At: r.Timestamp, State: Open}
	var err error
	if router {
		err = by.original(ctx, r, &l)
	} else {
		err = by.delivery(ctx, r, &l)
	}
	if by.discarded(r.Topic, r.Partition, r.Offset) {
		l.State = Discarded
	}
	return l, err
}

func (by *letters) original(ctx context.Context, r *kgo.Record, l *Letter) error {
	var d codec.DeadLetter
	if err := by.events.Decode(ctx, r.Value, &d); err != nil {
		return err
	}
	l.Customer, l.SourceEvent, l.Detail, l.Reason, l.Source = d.CustomerID, d.SourceEvent, d.Detail, d.Reason.String(), d.Source.String()
	l.State = by.since.original(d.Source)
	return nil
}

func (by *letters) delivery(ctx context.Context, r *kgo.Record, l *Letter) error {
	var q decision.Delivery
	if err := by.deliveries.Decode(ctx, r.Value, &q); err != nil {
		return err
	}
	hop, err := codec.ParseHop(r.Headers)
	if err != nil {
		return &codec.DecodeError{Reason: decision.EventUndecodable, Detail: err.Error()}
	}
	shown := by.recorder.Sent(&q, decision.StageReplay, decision.Queued, decision.Eligible, "", 0, 0)
	l.Customer, l.Destination, l.SourceEvent, l.EventID = q.Facts.Customer, q.Facts.DestinationID, q.SourceEvent, shown.EventID
	l.Reason, l.Class, l.Code, l.HTTPStatus, l.Attempts = hop.Cause.String(), hop.Class, hop.ProviderCode, hop.HTTPStatus, hop.Attempt
	l.Source = q.Source.String()
	if by.payload && json.Valid(q.Payload) {
		l.Payload = q.Payload
	}
	key := history.KeyOf(shown.DestinationID, shown.Mapping, shown.EventID)
	l.State, l.Message = by.since.delivery(key), by.since.messages[key]
	return nil
}
