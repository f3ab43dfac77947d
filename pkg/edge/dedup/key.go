package dedup

import (
	"encoding/binary"

	"github.com/sluicehq/sluice/pkg/core/identity"
)

// Key names an event for a target of a destination: the first 16 bytes of a
// SHA-256. It does not lead back to what it was made of.
type Key [16]byte

// space keeps keys for different purposes apart. The numbers stand in Redis
// for as long as keys live: add, never change.
type space byte

const (
	spaceLive       space = 1
	spaceShadow     space = 2
	spaceAdjustment space = 3

	spaceTransaction       space = 4
	spaceShadowTransaction space = 5

	spaceBegun space = 6
)

// NewKey is the claim key of an event: id is the event id, or for Google the
// transaction id. Shadow mode has keys of its own, so that what was only tried
// does not stop what is sent.
func NewKey(shadow bool, customer, destination, target, id string) Key {
	s := spaceLive
	if shadow {
		s = spaceShadow
	}
	return digest(s, customer, destination, target, id, "")
}

// TransactionKey is the second claim key of an event at a destination that also
// deduplicates by transaction (dedup.also_by). It is apart from [NewKey]:
// an order number that happens to be another event's id means nothing.
func TransactionKey(shadow bool, customer, destination, target, transaction string) Key {
	s := spaceTransaction
	if shadow {
		s = spaceShadowTransaction
	}
	return digest(s, customer, destination, target, transaction, "")
}

// AdjustmentKey is where the event time of the newest adjustment sent for a
// transaction stands; see [Store.Newest].
func AdjustmentKey(customer, destination, target, transaction string) Key {
	return digest(spaceAdjustment, customer, destination, target, transaction, "")
}

// BegunKey is where it stands that a delivery, of a provider that does not
// recognise a second copy, has been handed to it once: claim is the delivery's,
// record the input record and replay the replay that it is of.
func BegunKey(claim Key, record, replay string) Key {
	return digest(spaceBegun, string(claim[:]), record, replay)
}

// digest hashes the parts behind their lengths, so that no two lists of parts
// share their bytes.
func digest(s space, parts ...string) Key {
	var stack [256]byte
	b := append(stack[:0], byte(s))
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	sum := identity.Sum256(b)
	return Key(sum[:16])
}
