// Package intake reads the delivery lanes and retry topics of one provider as
// one consumer group, keeps what was read in windows, and commits how far it is
// finished.
//
//   - reader.go: the group membership, a goroutine that polls
//   - intake.go: what was polled, on its way to the handler
//   - retries.go: heads of retry topics that are due
//   - undecodable.go: records that only the registry can explain yet
//   - rebalance.go, commit.go: partitions that come and go, and their offsets
//   - pressure.go: when a partition is not fetched from
//
// # Non-obvious
//
//   - Polls and the owner meet in a rendezvous while rebalances are blocked
//     (reader.go): a record of a partition that is not ours any more can
//     therefore never enter a window.
//   - Every method but Reader.Run and the Reader's callbacks runs in the owner's
//     goroutine, and no lock is taken.
//   - An offset is finished only by Finish, whose items settle has dealt with.
package intake
