// Package destinations knows how each destination of one provider is doing:
// whether requests may start, at what rate, under which quota, what blocks it,
// and who it is to its provider.
//
//   - set.go: all destinations, the requests in flight
//   - destination.go: one of them
//   - rates.go: token buckets, quotas, throughput
//   - health.go: answers move a destination's flow
//   - watch.go: resources and secrets that changed, probes
//   - status.go, follower.go: what senders tell each other
//   - credentials.go, secret.go: authorizations, and what references stand for
//
// # Non-obvious
//
//   - A Set belongs to the loop's goroutine and takes no lock; Credentials is
//     called from many.
//   - An answer that came under old credentials does not block a destination
//     whose secret was read again meanwhile (Destination.Epoch).
package destinations
