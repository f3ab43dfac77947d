// Package sender hands deliveries to one provider. It reads the provider's
// delivery lanes and waiting places as one consumer group and, for each
// delivery, either sends it, moves it to a waiting place, or ends it.
//
// Four owners share the work, and this package joins them:
//
//   - package window (kafka/window): which offsets are finished, bytes, pause
//   - package batcher (pure): which deliveries share a request
//   - package flow (pure): how fast a destination is sent to, if at all
//   - package settle: the only one that writes copies, marks and diagnostics
//
// Reading guide, by task:
//
//	what is read, and when a record is due     reader.go, intake.go, place.go
//	when a request starts                      dispatch.go, destination.go
//	what is checked before a request           attempt.go, check.go
//	what an answer means                       answer.go, isolate.go
//	who a destination is to its provider       credentials.go
//	blocked destinations and how they heal     health.go
//
// # One goroutine owns all state
//
// The loop (loop.go) owns every batcher, flow, limiter, count and queue and
// takes no lock. It selects on polled records, finished work and one timer.
// Requests and settlements run in goroutines of their own that are given what
// they need and answer over one channel; Run waits for all of them.
//
// # Non-obvious
//
//   - Polls and the loop meet in a rendezvous while rebalances are blocked
//     (reader.go): a record of a partition that is not ours any more can
//     therefore never enter a window.
//   - A View is taken after all waiting and never kept: what the tables said
//     when a delivery entered the batcher does not matter.
//   - Nothing is decided from one request about another: an answer that came
//     under an old token does not block a destination whose secret was read
//     again meanwhile.
//   - An offset is finished only by what settle returned, so a crash at any
//     point leaves the record, its copy, or its mark, never none of them.
package sender
