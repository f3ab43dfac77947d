// Package embedded runs Kafka, a schema registry and Redis inside this
// process: kfake, srfake and miniredis, which speak the real protocols. The
// demo and the tests use it; nothing else may import it.
//
// # What the stand-ins are and are not
//
// kfake supports everything Sluice asks of Kafka: topics with ids and configs
// created through the admin API, consumer groups (classic and KIP-848),
// transactions with fencing, read_committed, ListOffsets, DeleteRecords, SASL,
// ACLs and injected faults ([kfake.Cluster.Fault], ControlKey).
//
//   - It keeps every record in memory as written: batches stay compressed. 200,000
//     events of 600 bytes and their diagnostics are some 100 MiB. It is given
//     segments of 4 MiB, so that retention frees memory in small steps, and
//     retention applies only to topics that set retention.ms or
//     retention.bytes, every log.cleaner.backoff.ms.
//   - One goroutine serves every request of every broker: it is a ceiling of some
//     hundred thousand records a second, whatever the number of brokers.
//   - Deleting a topic deletes its committed offsets, as Kafka does.
//
// srfake calls every schema compatible; compatibility is checked elsewhere.
//
// miniredis does not expire keys by itself. With Virtual set it follows the
// clock at every command (testing/synctest); otherwise a ticker moves it on
// once a second, because following the clock costs a walk over all keys per
// command. It has no CONFIG, no INFO memory, and no eviction.
package embedded
