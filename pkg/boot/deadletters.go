package boot

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/history"
	"github.com/sluicehq/sluice/pkg/edge/codec"
)

// DeadLetter is one record of a dead-letter topic, without what may be
// personal in it.
type DeadLetter struct {
	Topic       string
	Partition   int32
	Offset      int64
	Time        time.Time
	Customer    string
	Destination string // empty: the router's, before any destination
	SourceEvent string
	EventID     string
	Reason      decision.Reason
	Detail      string // of the router's
	Class, Code string // of the provider's last answer
	HTTPStatus  int32
	Attempts    int32
	Source      string // the input record, topic/partition@offset
	State       LetterState
	// Payload is what would be sent again; nil for the router's, whose originals
	// hold personal data in clear.
	Payload []byte
}

// LetterState is what has become of a dead letter since.
type LetterState string

// The states.
const (
	LetterOpen      LetterState = "open"
	LetterPending   LetterState = "pending"   // on its way again
	LetterDelivered LetterState = "delivered" // sent again with success
	LetterDiscarded LetterState = "discarded"
)

// LetterFilter narrows listings. Empty lists let everything pass; a reason that
// ends in a dot stands for all that begin with it.
type LetterFilter struct {
	Since, Until                                       time.Time
	Customers, Destinations, Events, EventIDs, Reasons []string
}

// Empty says whether the filter lets everything pass.
func (f *LetterFilter) Empty() bool {
	return f.Since.IsZero() && f.Until.IsZero() && len(f.Customers)+len(f.Destinations)+len(f.Events)+len(f.EventIDs)+len(f.Reasons) == 0
}

func (f *LetterFilter) wants(l *DeadLetter) bool {
	in := func(list []string, word string) bool { return len(list) == 0 || slices.Contains(list, word) }
	code := l.Reason.String()
	return !l.Time.Before(f.Since) && (f.Until.IsZero() || l.Time.Before(f.Until)) &&
		in(f.Customers, l.Customer) && in(f.Destinations, l.Destination) && in(f.Events, l.SourceEvent) && in(f.EventIDs, l.EventID) &&
		(len(f.Reasons) == 0 || slices.ContainsFunc(f.Reasons, func(word string) bool {
			return word == code || strings.HasSuffix(word, ".") && strings.HasPrefix(code, word)
		}))
}

// letters reads dead letters.
type letters struct {
	deliveries *codec.Decoder[decision.Delivery]
	events     *codec.Decoder[codec.DeadLetter]
	recorder   gate.Recorder
	history    *history.Fold
	discarded  func(topic string, partition int32, offset int64) bool
}

// EachDeadLetter gives the dead letters that match, as they stand now, and says
// how many records are none. A letter is the taker's to keep.
func (e *Env) EachDeadLetter(ctx context.Context, f LetterFilter, take func(DeadLetter)) (unreadable int, err error) {
	if err := e.Cluster.RequireTopics(ctx, e.deadLetterTopics()...); err != nil {
		return 0, err
	}
	by, err := e.letters(ctx, f.Since)
	if err != nil {
		return 0, err
	}
	since := f.Since
	if since.IsZero() {
		since = time.UnixMilli(0)
	}
	for _, topic := range e.deadLetterTopics() {
		err := e.Cluster.EachRecord(ctx, topic, since, func(r *kgo.Record) error {
			l, err := by.read(ctx, r, topic == e.Names.DeadEvents())
			if _, bad := errors.AsType[*codec.DecodeError](err); bad {
				unreadable++
				return nil
			}
			if err != nil {
				return e.Registry.Undecoded(r, err)
			}
			if f.wants(&l) {
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

func (e *Env) letters(ctx context.Context, since time.Time) (*letters, error) {
	registry, err := e.Registry.Codec()
	if err != nil {
		return nil, err
	}
	l := &letters{}
	if l.deliveries, err = codec.Deliveries(registry); err != nil {
		return nil, err
	}
	if l.events, err = codec.DeadLetters(registry); err != nil {
		return nil, err
	}
	if l.recorder, err = e.recorder(); err != nil {
		return nil, err
	}
	if l.discarded, err = e.Discarded(ctx); err != nil {
		return nil, err
	}
	l.history, err = e.History(ctx, historyBefore(since))
	return l, err
}

func (by *letters) read(ctx context.Context, r *kgo.Record, router bool) (DeadLetter, error) {
	l := DeadLetter{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Time: r.Timestamp, State: LetterOpen}
	var err error
	if router {
		err = by.original(ctx, r, &l)
	} else {
		err = by.delivery(ctx, r, &l)
	}
	if by.discarded(r.Topic, r.Partition, r.Offset) {
		l.State = LetterDiscarded
	}
	return l, err
}

func (by *letters) original(ctx context.Context, r *kgo.Record, l *DeadLetter) error {
	var d codec.DeadLetter
	if err := by.events.Decode(ctx, r.Value, &d); err != nil {
		return err
	}
	l.Customer, l.SourceEvent, l.Detail, l.Reason, l.Source = d.CustomerID, d.SourceEvent, d.Detail, d.Reason, d.Source.String()
	return nil
}

func (by *letters) delivery(ctx context.Context, r *kgo.Record, l *DeadLetter) error {
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
	l.Reason, l.Class, l.Code, l.HTTPStatus, l.Attempts = hop.Cause, hop.Class, hop.ProviderCode, hop.HTTPStatus, hop.Attempt
	l.Source, l.Payload = q.Source.String(), q.Payload
	switch by.history.Of(history.KeyOf(shown.DestinationID, shown.Mapping, shown.EventID)).State {
	case history.Delivered:
		l.State = LetterDelivered
	case history.Pending:
		l.State = LetterPending
	case history.Never, history.Failed:
	}
	return nil
}
