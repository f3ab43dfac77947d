// Package table keeps compacted topics in memory: read to the end before the
// first use, followed afterwards, and never used while it is not known that the
// end was reached lately.
//
// A [Follower] reads topics into a [Sink] and knows how fresh it is. Sinks are
// the compact [ConsentTable], the [ResourceTable], which compiles three topics to
// one resource.Set, and the [SubjectKeyTable]. [Tables] puts those that
// gates need behind one View; its Await is the only way to one.
//
// # Fresh
//
// A sink is fresh as of the moment at which a query for the topics' ends was
// sent, once everything below those ends has been applied. Ends are asked for
// with read_committed, and positions count control records too: waiting for
// "offset of the last record + 1 = end" would hang behind every transaction
// marker. Where an aborted transaction lies behind one that is still open, its
// records are not delivered and its marker is not readable yet, so freshness
// waits until the open one ends: never a stale answer, at worst a late one.
package table
