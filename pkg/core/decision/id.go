package decision

import (
	"encoding/binary"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// NewID derives a decision's id from what makes it unique: the input record,
// the mapping record (names are unique within a destination only), stage,
// status and replay id, and the attempt where the status is not terminal. A
// copy that a crash leaves behind therefore publishes the same id, and
// consumers drop repeats by it. The result is 32 hex digits.
func NewID(c event.Coordinates, destination, mapping string, stage Stage, status Status, replayID string, attempt int32) string {
	var buf [256]byte
	b := append(buf[:0], c.TopicID[:]...)
	if c.TopicID == (event.TopicID{}) {
		b = appendPrefixed(b, c.Topic)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(c.Partition))
	b = binary.BigEndian.AppendUint64(b, uint64(c.Offset))
	b = appendPrefixed(b, destination)
	b = appendPrefixed(b, mapping)
	b = append(b, byte(stage), byte(status))
	b = appendPrefixed(b, replayID)
	if status.Pending() {
		b = binary.BigEndian.AppendUint32(b, uint32(attempt))
	}
	sum := identity.Sum256(b)
	var text [32]byte
	return string(identity.AppendHex(text[:0], sum[:16]))
}

func appendPrefixed(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
	return append(b, s...)
}

// NewVerdictID derives the id of what a provider said later about a request:
// about one event of it, or, with zero coordinates and no mapping, about the
// request as a whole. reason is the provider's own where it gave one. Asking
// twice, and two processes asking, publish the same id.
func NewVerdictID(requestID, reason string, c event.Coordinates, mapping string) string {
	var buf [256]byte
	b := append(buf[:0], c.TopicID[:]...)
	if c.TopicID == (event.TopicID{}) {
		b = appendPrefixed(b, c.Topic)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(c.Partition))
	b = binary.BigEndian.AppendUint64(b, uint64(c.Offset))
	b = appendPrefixed(b, mapping)
	b = append(b, byte(StageVerdict))
	b = appendPrefixed(b, requestID)
	b = appendPrefixed(b, reason)
	sum := identity.Sum256(b)
	var text [32]byte
	return string(identity.AppendHex(text[:0], sum[:16]))
}
