// Package ga4 hands events to the Measurement Protocol of Google Analytics 4. What
// it needs and why Google's Data Manager (provider google) comes first is on
// docs/providers/ga4.md.
//
// Where to look:
//
//	account.go, mapping.go, names.go  what an operator may write; names that Google keeps
//	build.go, params.go, cart.go      the request of one event
//	identifiers.go, normalise.go      who it was, and in which form that leaves
//	request.go                        requests, credentials, trials
//	classify.go                       what an answer means
//
// A request is about one user, so a fragment is a whole request. The service answers
// 2xx whatever it is sent: only its debug path says what is wrong.
package ga4
