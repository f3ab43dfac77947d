package transact

import (
	"encoding/hex"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// TopicID is Kafka's id of a topic; a topic that is created again under the
// same name has another one.
type TopicID [16]byte

// String is the id in hexadecimal.
func (id TopicID) String() string { return hex.EncodeToString(id[:]) }

// Assignment is the set of partitions that a loop reads, by topic, ascending.
type Assignment map[string][]int32

// Has says whether the partition is in the set.
func (a Assignment) Has(topic string, partition int32) bool {
	for _, p := range a[topic] {
		if p == partition {
			return true
		}
	}
	return false
}

// Batch is what one call of Work is about. Within a partition, records are in
// offset order without repetition.
type Batch struct {
	// Records in the order in which they were polled.
	Records []*kgo.Record
	// Bytes of all keys and values.
	Bytes int
	// Attempt counts from 1; above 1 the batch before this one was given up
	// or aborted, and these are (at least in part) the same records.
	Attempt int
	// Assignment is what this loop reads at present.
	Assignment Assignment
	// Assigned counts how often partitions were assigned to this loop. While
	// it stands still, nobody else has read the partitions of the Assignment.
	Assigned int

	ids map[string]TopicID
}

// TopicID is the id of a topic in Records; false where the cluster is too
// old (before 3.1) to have ids.
func (b Batch) TopicID(topic string) (TopicID, bool) {
	id, ok := b.ids[topic]
	return id, ok && id != TopicID{}
}

// span is the smallest and the largest record timestamp; zero for an empty batch.
func (b Batch) span() (oldest, youngest time.Time) {
	for _, r := range b.Records {
		if oldest.IsZero() || r.Timestamp.Before(oldest) {
			oldest = r.Timestamp
		}
		if r.Timestamp.After(youngest) {
			youngest = r.Timestamp
		}
	}
	return oldest, youngest
}
