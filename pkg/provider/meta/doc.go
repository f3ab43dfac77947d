// Package meta speaks Meta's Conversions API: it normalises and hashes
// identifiers by the rules that Meta documents and its own libraries follow,
// builds one server event per conversion, joins events to requests, and reads
// the answers.
//
// Where to look:
//
//	table.go              which identifiers are sent, in which order and form
//	normalise*.go         how each of them is brought into its form
//	click.go              fbc and fbp, the click and browser ids
//	build.go, custom.go   the event and its custom_data
//	preflight.go          what makes Meta refuse an event, checked beforehand
//	ldu.go                Limited Data Use, by state
//	destination.go        account and section of a destination
//	quality.go            the estimated match quality and its formula
//	classify.go, errors.go  what an answer means
//
// Build allocates nothing but the list of identifier kinds that it reports and
// strings that had to be computed.
package meta
