package router

import (
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
	"github.com/sluicehq/sluice/pkg/edge/seal"
)

// keyWait is how long after a letter was stored its key may be on its way. Both
// commit in one transaction, but each partition shows a commit when its own marker
// has arrived. A letter without its key is no reason to stop a partition, so what
// is older than this does not wait.
const keyWait = time.Minute

// content gives what of an original is sealed, and empties the original. The
// result holds until the next call.
func (s *Session) content(o *codec.Original) []byte {
	s.plain = codec.AppendContent(s.plain[:0], o)
	o.Key, o.Value, o.Headers = nil, nil, nil
	return s.plain
}

// sealHold seals the original of the event in hand: to its subject, with a new key
// that commits with the letter, or to the installation where it has none. key is
// the letter's record key.
func (s *Session) sealHold(h *codec.Hold, key []byte) error {
	h.CustomerID, h.SourceEvent, h.EventID = s.event.CustomerID, s.event.Name, s.decision.EventID
	plain := s.content(&h.Original)
	if s.event.SubjectID.IsZero() {
		var err error
		h.Sealed, err = s.deps.Seals.ToInstallation(h.Source, plain)
		return err
	}
	sealed, own, err := s.deps.Seals.ToSubject(string(key), h.Source, plain)
	if err != nil {
		return err
	}
	h.Sealed = sealed
	k := codec.SubjectKey{InstallationKey: own.Installation, Wrapped: own.Bytes[:], CreatedAt: h.HeldAt}
	value := s.out.bytes(func(b []byte) []byte { return s.deps.Writer.AppendSubjectKey(b, &k) })
	s.out.add(s.cfg.Outlets.SubjectKeys, s.out.copy(own.Record), value, nil)
	return nil
}

// openHeld opens the letter in hand. stored is when the broker stored it (epoch
// ms). False: it stays closed, and that is decided.
func (s *Session) openHeld(p *pass, record *kgo.Record, stored int64) (bool, error) {
	held := &s.held
	subject, _ := seal.SubjectOf(record.Key, held.CustomerID)
	_, own := seal.Subject(held.Sealed)
	s.event.Reset()
	s.event.CustomerID, s.event.Name, s.event.Origin = held.CustomerID, held.SourceEvent, held.Source
	if own {
		s.event.SubjectID = subject
		// Before it is opened: of whoever was erased, nothing is.
		if said, ok := p.view.Consent(held.CustomerID, subject); ok && said.Erased {
			s.destroyKey(record, held.Sealed)
			return false, s.closeHeld(p, record, decision.ConsentErased, "")
		}
	}
	plain, err := s.unseal(record)
	if err == nil {
		err = codec.DecodeContent(&held.Original, plain)
	}
	if err == nil {
		return true, nil
	}
	// Keys reach one process after the other, too.
	_, missing := errors.AsType[*seal.NoKeyError](err)
	if (missing || s.deps.Seals == nil) && p.now-stored < keyWait.Milliseconds() {
		return false, fmt.Errorf("%w: %w", transact.ErrWait, wrap(record, err))
	}
	return false, s.closeHeld(p, record, decision.EventSealed, err.Error())
}

func (s *Session) unseal(record *kgo.Record) ([]byte, error) {
	if s.deps.Seals == nil {
		return nil, errors.New("erase.keys is empty")
	}
	return s.deps.Seals.Open(s.held.Sealed, string(record.Key), s.held.Source, s.deps.SubjectKeys)
}

// closeHeld ends every mapping that waited for an event that stays sealed. What
// somebody may still open is kept as one dead letter between them.
func (s *Session) closeHeld(p *pass, record *kgo.Record, reason decision.Reason, detail string) error {
	s.prepared = gate.Prepared{Event: &s.event, ID: s.held.EventID}
	original := originalRecord(&s.held)
	for i, key := range s.held.Mappings {
		destination, mapping := splitMappingKey(key)
		s.decision = s.deps.Recorder.Held(&s.prepared, destination, mapping, reason, detail, p.now)
		it := s.add(original)
		if i == 0 && s.decision.Status == decision.DeadLettered {
			if err := s.heldLetter(p, record, it); err != nil {
				return err
			}
		}
		s.describe(it)
	}
	return nil
}

// heldLetter writes the dead letter of the held record in hand, as s.decision says.
// One that is sealed to a subject stays so, and its key stays with it.
func (s *Session) heldLetter(p *pass, record *kgo.Record, it *item) error {
	held, d := &s.held, &s.decision
	if held.Sealed == nil {
		return s.deadLetter(p, it)
	}
	letter := codec.DeadEvent(codec.Original{Source: held.Source}, d.Reason, d.Message, p.now)
	letter.Sealed, letter.CustomerID, letter.SourceEvent = held.Sealed, held.CustomerID, held.SourceEvent
	value := s.out.bytes(func(b []byte) []byte { return s.deps.Writer.AppendDeadLetter(b, &letter) })
	it.other = s.out.add(s.cfg.Outlets.DeadEvents, s.out.copy(record.Key), value, s.traceOf(it))
	return nil
}

// destroyKey removes the key of a letter that is decided, in the same transaction:
// nobody opens what is left of it in the topic.
func (s *Session) destroyKey(record *kgo.Record, sealed []byte) {
	id, own := seal.Subject(sealed)
	if !own {
		return
	}
	key := s.out.bytes(func(b []byte) []byte { return seal.RecordKey(b, string(record.Key), id) })
	s.out.add(s.cfg.Outlets.SubjectKeys, key, nil, nil)
}
