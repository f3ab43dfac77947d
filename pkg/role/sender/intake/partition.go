package intake

import "github.com/sluicehq/sluice/pkg/edge/kafka/window"

// partition is one partition between its assignment and its revocation.
type partition struct {
	at     topicPartition
	topic  *Topic
	window *window.Window
	epoch  int32 // leader epoch of the newest record
	// queue are records of a retry topic that are not due, oldest first.
	queue []*Item
	// full and idle are the two reasons why its fetching may be paused: too
	// many bytes, or a head that is not due.
	full, idle bool
	paused     bool
	// revoked: it was taken away; its new owner decides about its deliveries.
	revoked bool
	// commit is what is to be committed and is not yet; -1: nothing.
	commit int64
}

// partitions are those that are assigned, and the bytes in their windows.
type partitions struct {
	byAt map[topicPartition]*partition
	// windowBytes bounds the bytes of all.
	windowBytes int
	bytes       int
	// overLimit: a partition that is over its share is not fetched from.
	overLimit bool
	fetching  fetching
}

// fetching is how a client is kept from fetching; *kgo.Client is one.
type fetching interface {
	PauseFetchPartitions(partitions map[string][]int32) map[string][]int32
	ResumeFetchPartitions(partitions map[string][]int32)
}

func (ps *partitions) assign(at topicPartition, topic *Topic, coming int) {
	ps.byAt[at] = &partition{at: at, topic: topic, commit: -1, window: ps.newWindow(coming)}
}
