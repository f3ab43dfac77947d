// Package consent decides whether somebody's choices allow an event to leave.
//
// It works in three pure steps, each with a type of its own:
//
//	Input ── Normalise ──► Statement ── Merge ──► Effective ── Judge ──► Outcome
//
// An [Input] is one raw statement as it was read: the snapshot that an event
// carries, or the record that the subject has in the consent topic. [Normalise]
// interprets it once, with no knowledge of place or destination, so that a
// [Statement] can be kept in a table, travel with a delivery, and be compared.
// [Merge] puts snapshot and record together for one place. [Judge] holds the
// result against a [Rule] of the customer's [Policy] and what a destination
// [Needs], and names every [Cause] that stands against sending.
//
// Everything fails closed. The zero [Purpose] is NotGiven and never passes
// opt_in; the zero [Regime] is OptIn; the zero [Rule] honours every signal.
//
// The tables that translate TCF and GPP (translation.go) and the embedded
// default policy are a starting point for the customer's counsel, not legal
// advice.
package consent
