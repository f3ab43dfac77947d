package event

import (
	"encoding/binary"
	"strconv"

	"github.com/sluicehq/sluice/pkg/core/identity"
)

// IDSource says where an event id came from.
type IDSource uint8

// The sources of an event id. A derived id is never presented as a token that
// a browser shares; decisions count it as a deduplication risk.
const (
	IDExplicit IDSource = iota
	IDDerived
)

// String gives the word used in diagnostics.
func (s IDSource) String() string {
	if s == IDDerived {
		return "derived"
	}
	return "explicit"
}

// The values of the source field: where the action happened, not who
// reported it.
const (
	SourceWeb     = "web"
	SourceApp     = "app"
	SourceInStore = "in_store"
	SourcePhone   = "phone"
	SourceEmail   = "email"
	SourceChat    = "chat"
	SourceSystem  = "system"
	SourceOther   = "other"
)

// EffectiveSource is the source field or, where it is absent, web for an event
// with a page URL. It is empty when neither tells.
func (e *Event) EffectiveSource() string {
	if e.Source == "" && e.Page.URL != "" {
		return SourceWeb
	}
	return e.Source
}

// EffectiveTraffic is the traffic field or, where it is absent, live.
func (e *Event) EffectiveTraffic() string {
	if e.Traffic == "" {
		return "live"
	}
	return e.Traffic
}

// EffectiveID returns the explicit event id or, where it is missing or stands for
// no value (undefined, {{id}}), a stable derived one, so that a retry or a second read of the same record carries the
// same id. It is derived from customer, event name and transaction id, else
// from the record's topic id, partition and offset, hashed with length
// prefixes (so that no two field splits collide) to 32 hex digits.
func (e *Event) EffectiveID() (string, IDSource) {
	if e.ID != "" && !identity.Placeholder(identity.AnyField, e.ID) {
		return e.ID, IDExplicit
	}
	transaction := e.Commerce.TransactionID
	if identity.Placeholder(identity.AnyField, transaction) {
		transaction = ""
	}
	return e.derive(transaction), IDDerived
}

// RecordID is the id derived from the record's coordinates alone. Adjustments
// use it where several events share one transaction id.
func (e *Event) RecordID() string { return e.derive("") }

func (e *Event) derive(transaction string) string {
	var stack [512]byte
	b := appendPart(stack[:0], e.CustomerID)
	b = appendPart(b, e.Name)
	if transaction != "" {
		b = appendPart(b, "transaction")
		b = appendPart(b, transaction)
	} else {
		b = appendPart(b, "record")
		b = appendPart(b, string(e.Origin.TopicID[:]))
		var digits [20]byte
		b = appendPart(b, string(strconv.AppendInt(digits[:0], int64(e.Origin.Partition), 10)))
		b = appendPart(b, string(strconv.AppendInt(digits[:0], e.Origin.Offset, 10)))
	}
	sum := identity.Sum256(b)
	var text [32]byte
	return string(identity.AppendHex(text[:0], sum[:16]))
}

// appendPart puts the length before s.
func appendPart(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint64(b, uint64(len(s))), s...)
}

// Key returns the record key of everything that Sluice writes for a subject:
// "customer:subject", or "customer:" and the event id where there is no
// subject. Equal keys stand in equal partitions of every keyed topic.
func Key(dst []byte, customer, subject, eventID string) []byte {
	dst = append(dst, customer...)
	dst = append(dst, ':')
	if subject == "" {
		return append(dst, eventID...)
	}
	return append(dst, subject...)
}
