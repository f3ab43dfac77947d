// Package x hands conversions to X's Conversion API for web events
// (measurement/conversions). What it needs and what an answer means is on
// docs/providers/x.md.
//
// Where to look:
//
//	account.go, mapping.go    what an operator may write; the X event of each event
//	build.go, cart.go         the conversion as it leaves
//	identifiers.go            which identifiers leave, and gate 6
//	normalise.go              how each value is brought into its form
//	request.go                requests and credentials
//	classify.go, errors.go    what an answer means
//
// The name of an event is never sent: event_id names an event that somebody made in
// the Events Manager, and conversion_id tells repeats apart.
package x
