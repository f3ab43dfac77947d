// Package dedup keeps, in Redis, which source record owns an event for a
// target, and whether the provider has taken it.
//
// # Claims carry their owner
//
// A claim is one key with one integer: the coordinates of the input record
// ([Owner]). Taking it is
//
//	SET key owner NX GET PX ttl
//
// which answers nothing when the claim is ours now, our own coordinates when
// this record is being read again, and other coordinates when it is a
// duplicate. A negative value is a mark: the provider has answered. Because
// the value says whose it is, the command can be repeated after a crash or a
// lost reply without losing an event; a plain SETNX would call the record a
// duplicate of itself. Claims that mostly stand are read and renewed in one
// command, GETEX key PX ttl, and only those that are gone are taken as above.
//
// For the same reason it would be safe to let the client library repeat a
// pipeline whose reply was lost. [Options] turns that off all the same: a
// repetition may reach another server (a failover, a restart without data), and
// only a batch that fails as a whole can be judged by the sentinel below.
//
// # The sentinel
//
// Redis may lose everything at any time. One key, without a time to live, says
// whether what it holds is complete: "ready:<number>", or
// "rebuilding:<instance>" under a lease. It is read as the last command of
// every pipeline, and again ([Store.Check]) before the caller commits. If it is
// not the ready number under which the batch began, the batch's new claims are
// deleted (only where they still are ours) and the caller gets
// [ErrUnavailable]; its policy decides whether to wait or to go on without.
// [Store.Rebuild] makes an emptied Redis complete again.
//
// A replica that is promoted brings the sentinel along, and perhaps not the
// newest claims. So the sentinel also names the replication id of the server
// that it was written to, and every pipeline asks the server for its own: another
// one is [ErrFailedOver], which is an emptied Redis to everybody.
//
// The instance must be dedicated and must not evict keys that have no time to
// live: volatile-ttl or noeviction ([Store.CheckServer]).
package dedup
