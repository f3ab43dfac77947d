// Package pinterest hands conversions to Pinterest's Conversions API, version 5.
//
// Where to look:
//
//	build.go, custom.go   the event as it leaves
//	user.go               which identifiers leave, and gate 6
//	normalise.go          the forms in which they are hashed
//	request.go            requests, the probe, credentials, test events
//	classify.go, errors.go  what an answer means; events are taken one by one
//	account.go, mapping.go  what an operator may write
package pinterest
