// Package reader is the one way in which Sluice reads a topic by time or to its
// end, outside of consumer groups: the monitor, tail, trace, health, history,
// replays, the rebuild of claims, and the demo's accounting.
//
// A log changes while it is read. What each change means here:
//
//   - Retention or DeleteRecords overtakes the reader (OFFSET_OUT_OF_RANGE): it
//     goes on at the log's start and reports [Lost].
//   - A leader that did not have the newest records takes over, and the log is
//     shorter than what was read: the reader goes on where the logs part and
//     reports [Truncated]. Records around that place may come twice.
//   - A topic is deleted and made anew: a reader by time reads the new one from
//     the same time on, a reader of [Ranges] is through with it. Both report
//     [Recreated].
//   - A transaction is aborted: its records never come, and the position passes
//     them.
//   - A transaction is open: a reader to [Written] waits until it is decided,
//     one to [Stable] does not look behind it.
//   - A leader moves, a broker restarts, a request fails: the client tries
//     again. What it reports meanwhile comes as [Failing], at most once in
//     [reportEvery] per partition and cause, and ends nothing. A reader to an
//     end gives up after [patience] without progress.
//
// What no repetition heals ends the reading with an error: missing rights, a
// batch in a form that the client cannot read.
//
// [Starts], [StableEnds], [WrittenEnds], [AtTime] and [Committed] ask for
// offsets and repeat what a moving leader refuses. A group that does not exist
// has committed nothing, which is no error.
package reader
