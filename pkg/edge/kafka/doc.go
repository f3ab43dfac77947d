// Package kafka is the one place where Kafka client options are chosen. Every
// option stands in options.go with the reason for it in one line; the other
// packages take the sets and add nothing of their own.
//
// The sets are: [Options] (every client), [ReaderOptions] (everything that
// reads), [GroupOptions] (members of a consumer group), [ProducerOptions]
// (everything that writes) and [TransactOptions] (consume, produce and commit
// in one transaction; used by package transact only).
package kafka
