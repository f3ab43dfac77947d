// Package webhook hands conversions to an endpoint of the customer's own:
// signed JSON by HTTPS, to a host that the operator has listed. The receiver's
// side of the contract is docs/providers/webhook.md.
//
// Where to look:
//
//	build.go, payload.go  the event as it leaves
//	identifiers.go        which identifiers leave, and gate 6
//	normalise.go          how e-mail addresses and phone numbers are hashed
//	commerce.go           amounts, items, computed fields, properties
//	sign.go               requests and their signature (Standard Webhooks)
//	classify.go           what an answer means
//	destination.go, mapping.go  what an operator may write
//
// Build allocates nothing but the list of identifier kinds that it reports,
// unless a phone number is not written as E.164.
package webhook
