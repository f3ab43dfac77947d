// Package reddit hands conversions to Reddit's Conversions API, version 3.
//
// Where to look:
//
//	build.go, metadata.go   the event as it leaves
//	user.go, normalise.go   which identifiers leave, in which forms, and gate 6
//	request.go              requests, the probe, credentials, test events
//	classify.go             what an answer means; a request is taken whole or not
//	account.go, mapping.go  what an operator may write
package reddit
