// Package sender hands deliveries to one provider. It reads the provider's
// delivery lanes and retry topics as one consumer group and, for each delivery,
// either sends it, republishes it to a retry topic, or ends it.
//
// The loop joins packages that each own one part of the work, and reads as a
// pipeline: take, admit, batch, send, settle.
//
//   - package intake: what is read, when a record is due, how far it is finished
//   - package destinations: how each destination is doing, and who it is
//   - package batcher (pure): which deliveries share a request
//   - package flow (pure): how fast a destination is sent to, if at all
//   - package settle: the only one that republishes, marks and writes diagnostics
//   - package tasks: work beside the loop
//
// Reading guide, by task:
//
//	what is read, and when a record is due     intake/reader.go, intake/intake.go, intake/topics.go
//	into which batch, or to which retry topic  admit.go, moves.go
//	when a request starts                      dispatch.go, destinations/set.go
//	what is checked before a request           attempt.go, check.go
//	what an answer means                       answer.go, isolate.go
//	who a destination is to its provider       destinations/credentials.go
//	blocked destinations and how they heal     destinations/health.go, destinations/watch.go
//
// # One goroutine owns all state
//
// The loop (loop.go) owns every batcher, flow, limiter, count and queue, also
// those of intake and destinations, and takes no lock. It selects on polled
// records, finished work and one timer. Requests and settlements run in
// goroutines of their own that are given what they need and answer over one
// channel; Run waits for all of them.
//
// # Non-obvious
//
//   - Polls and the loop meet in a rendezvous while rebalances are blocked
//     (intake/reader.go): a record of a partition that is not ours any more can
//     therefore never enter a window.
//   - A View is taken after all waiting and never kept: what the tables said
//     when a delivery entered the batcher does not matter.
//   - Nothing is decided from one request about another: an answer that came
//     under an old token does not block a destination whose secret was read
//     again meanwhile.
//   - An offset is finished only by what settle returned, so a crash at any
//     point leaves the record, its copy, or its mark, never none of them.
package sender
