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
//   - It keeps every record in memory as it was sent, batches compressed: 200,000
//     events of 600 bytes took 80 MiB, and a copy of them 70 MiB more.
//     Retention applies only to topics that set retention.ms or retention.bytes,
//     every log.cleaner.backoff.ms or on [kfake.Cluster.ApplyRetention], and frees
//     whole segments; these are 4 MiB here, so that a partition with
//     retention.bytes keeps at most that and one segment. A demo that runs
//     for hours should set it on every topic that is not compacted.
//   - One goroutine serves every request of every broker: a transactional
//     copy ran at some 250,000 events a second on two cores, broker included, and
//     more brokers add no parallelism.
//   - Deleting a topic deletes its committed offsets, as Kafka does.
//   - By itself it gives two owners of one transactional id the same epoch now
//     and then; fence.go keeps them apart, as Kafka does.
//   - By itself its groups keep members for ever that were killed while they
//     waited, and throw living ones out; members.go has them wait and die as on
//     Kafka. Clusters with SASL or TLS are left as they are.
//
// srfake calls every schema compatible; compatibility is checked elsewhere.
//
// miniredis does not expire keys by itself. With Virtual set it follows the
// clock at every command (testing/synctest); otherwise a ticker moves it on
// once a second, because following the clock costs a walk over all keys per
// command. It has no CONFIG, no INFO memory, and no eviction.
package embedded
