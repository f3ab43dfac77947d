// Package bench measures what Sluice costs, beside what the bare Kafka client
// costs for the same events on the same broker in the same run. Rates on a
// shared machine are noise and processor time hardly is; ratios of processor
// times, taken in turns and compared by their median, are what is worth
// keeping.
//
// # Who runs what
//
// This program starts itself again for everything whose processor time is
// told: one process each for Kafka with the registry, for Redis and for the
// provider (services.go), and one for every client that is measured
// (worker.go). Sluice's own roles run in them exactly as `sluice router` and
// `sluice sender` do, with tables, metrics and the hold loop. The first
// process makes events and counts what came out; its own time is in no figure.
//
// # How one figure comes about
//
// The events of a slice are written in one transaction, so that they appear all
// at once in front of a client that is at rest, and its user and system time is
// read before that and after everything is committed. Slices of the measured
// client and of the baselines take turns (turns.go). After every slice what came
// out is read and counted (count.go): a benchmark that skipped work would fail
// instead of being fast.
package bench
