// Package linkedin hands conversions to LinkedIn's Conversions API
// (rest/conversionEvents). What it needs and what an answer means is on
// docs/providers/linkedin.md.
//
// Where to look:
//
//	account.go, mapping.go   what an operator may write; the rule of each event
//	build.go                 the event as it leaves
//	identifiers.go, info.go  which identifiers leave, and gate 6
//	normalise.go             how each value is brought into its form
//	request.go, token.go     requests, credentials, the question about a rule
//	classify.go, errors.go   what an answer means
//	versions.go              versions, which end after a year
//
// The name of an event is never sent: each event names a conversion rule, which
// somebody made in Campaign Manager for that kind of event.
package linkedin
