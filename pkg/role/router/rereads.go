package router

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
)

// rereads knows which records may have been read before by somebody who took
// claims for them and never committed: records that this session has seen
// already, and the first ones after an assignment, which a predecessor may
// have been working on when it died. Only for those a negative decision has a
// claim to give back; asking Redis for every one would cost more than routing.
type rereads struct {
	// limit is the most records that one batch can have claimed.
	limit    int
	assigned int
	windows  map[string]map[int32]*window

	// The run of records in progress: batches come partition by partition.
	topic     string
	partition int32
	run       *window
}

// window is what is known about one partition since the last assignment.
type window struct {
	next int64 // the first offset that this session has not seen
	left int   // how many unseen records a predecessor may have claimed
}

// defaultBatchRecords is transact.Config.MaxRecords where nobody sets it.
const defaultBatchRecords = 10_000

func newRereads(limit int) rereads {
	if limit <= 0 {
		limit = defaultBatchRecords
	}
	return rereads{limit: limit, windows: map[string]map[int32]*window{}}
}

// batch begins a batch. After an assignment everything is open again: even a
// partition that this session had before may have been somebody else's since.
func (r *rereads) batch(b *transact.Batch) {
	if b.Assigned != r.assigned {
		r.assigned = b.Assigned
		clear(r.windows)
	}
	r.run = nil
}

// see notes a record and tells whether a claim of its own may exist.
func (r *rereads) see(record *kgo.Record) bool {
	if r.run == nil || r.partition != record.Partition || r.topic != record.Topic {
		r.topic, r.partition, r.run = record.Topic, record.Partition, r.find(record.Topic, record.Partition)
	}
	w := r.run
	if record.Offset < w.next {
		return true
	}
	w.next = record.Offset + 1
	if w.left == 0 {
		return false
	}
	w.left--
	return true
}

func (r *rereads) find(topic string, partition int32) *window {
	partitions := r.windows[topic]
	if partitions == nil {
		partitions = map[int32]*window{}
		r.windows[topic] = partitions
	}
	w := partitions[partition]
	if w == nil {
		w = &window{left: r.limit}
		partitions[partition] = w
	}
	return w
}
