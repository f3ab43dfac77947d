//go:build race

package identity

// padsHere is false under the race detector: its instrumentation makes the
// library allocate when it marshals a state, and tests count allocations.
const padsHere = false
