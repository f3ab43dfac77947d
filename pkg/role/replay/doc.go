// Package replay sends again what was not delivered, and only that.
//
// A replay reads one kind of source up to where it ended when the replay began:
// the input topic (every gate runs again, with today's mappings and consent), or
// the topics of dead letters or deliveries (the payload as it was, after the
// recheckable gates). The fold over the diagnostics (package history) says which
// events are delivered or pending already; claims in Redis say it once more for
// every event that is queued. What is queued goes to the replay lane of its
// provider, which has a share of the destination's rate.
//
// # Why not the transactional loop of the roles
//
// A replay ends, and a loop does not. It knows its partitions and ends
// beforehand, has no group to share them with, and keeps its position in the
// state topic: deliveries, diagnostics and the new position commit in one
// transaction, so the same id goes on exactly where it stopped, however it
// stopped. Any failure ends the command; running it again resumes.
package replay
