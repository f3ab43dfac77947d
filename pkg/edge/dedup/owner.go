package dedup

import (
	"fmt"
	"strconv"
)

// The ranges of an Owner's parts, in bits; with the sign they fill an int64.
const (
	topicBits     = 11
	partitionBits = 14
	offsetBits    = 38
)

// MaxPartition and MaxOffset are the largest coordinates that an Owner holds.
// 2^38 offsets are 275 billion records in one partition.
const (
	MaxPartition = 1<<partitionBits - 1
	MaxOffset    = 1<<offsetBits - 1
)

// Owner is the input record that owns an event: 11 bits of its topic's id, 14
// bits partition, 38 bits offset. A negative Owner is a mark, see [Owner.Mark].
type Owner int64

// RangeError says that a coordinate does not fit into an Owner.
type RangeError struct {
	Field      string
	Value, Max int64
}

// Error names the field, its value and its range.
func (e *RangeError) Error() string {
	return fmt.Sprintf("claim owner: %s %d is not between 0 and %d", e.Field, e.Value, e.Max)
}

// NewOwner packs the coordinates of an input record. The topic's id keeps the
// offsets of a topic that was created again apart from those of the first. The
// error is a *RangeError.
func NewOwner(topicID [16]byte, partition int32, offset int64) (Owner, error) {
	if partition < 0 || partition > MaxPartition {
		return 0, &RangeError{"partition", int64(partition), MaxPartition}
	}
	if offset < 0 || offset > MaxOffset {
		return 0, &RangeError{"offset", offset, MaxOffset}
	}
	return Owner(TopicHash(topicID))<<(partitionBits+offsetBits) | Owner(partition)<<offsetBits | Owner(offset), nil
}

// TopicHash is 11 bits of FNV-1a over a topic's id. It stands in Redis for as
// long as claims live, so it must never change.
func TopicHash(id [16]byte) uint16 {
	h := uint64(14695981039346656037)
	for _, b := range id {
		h = (h ^ uint64(b)) * 1099511628211
	}
	h ^= h >> 32
	h ^= h >> 16
	return uint16(h & (1<<topicBits - 1))
}

// Delivered says whether o is a mark.
func (o Owner) Delivered() bool { return o < 0 }

// Mark is what a claim becomes once the provider has taken the event: the
// complement, which is negative even for the owner 0. Of a mark it is the mark.
func (o Owner) Mark() Owner {
	if o < 0 {
		return o
	}
	return ^o
}

// Claim is the owner itself, of a claim and of a mark.
func (o Owner) Claim() Owner {
	if o < 0 {
		return ^o
	}
	return o
}

// Same says whether both are about the same input record, delivered or not.
func (o Owner) Same(other Owner) bool { return o.Claim() == other.Claim() }

// TopicHash is the hash of the topic's id.
func (o Owner) TopicHash() uint16 { return uint16(o.Claim() >> (partitionBits + offsetBits)) }

// Partition of the input record.
func (o Owner) Partition() int32 { return int32(o.Claim() >> offsetBits & MaxPartition) }

// Offset of the input record.
func (o Owner) Offset() int64 { return int64(o.Claim() & MaxOffset) }

// String is partition@offset, with "delivered" for a mark.
func (o Owner) String() string {
	s := strconv.Itoa(int(o.Partition())) + "@" + strconv.FormatInt(o.Offset(), 10)
	if o.Delivered() {
		return s + " delivered"
	}
	return s
}
