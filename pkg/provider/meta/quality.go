package meta

import "github.com/sluicehq/sluice/pkg/core/decision"

// Match quality is an estimate from 0 to 10 of how likely Meta recognises the
// person: the sum of the weights of the keys that an event carries, at most 10.
// An IP address and a user agent weigh 1 each, and half a point less where one
// stands without the other, because Meta uses them together. Meta publishes no
// formula; the order follows its published priorities (e-mail and click id
// high; phone, external id, browser id, login id, date of birth and country in
// the middle; names and places low), and the numbers are ours. They stand in
// the table in table.go.

// Key describes one key of user_data, for the documentation.
type Key struct {
	Name string
	// Kind is the kind that a destination's identifiers list names; Business
	// tells that it is no personal identifier but the business' own.
	Kind     decision.Kind
	Business bool
	// Hashed keys are sent as SHA-256, List keys take several values.
	Hashed, List bool
	// Weight is what the key adds to the estimated match quality.
	Weight float64
	// Contextual keys never suffice by themselves.
	Contextual bool
}

// Keys lists the keys of user_data in output order.
func Keys() []Key {
	keys := make([]Key, 0, len(rows))
	for _, r := range rows {
		hashed := r.enc == hashList || r.enc == externalIDs
		keys = append(keys, Key{
			Name: r.key, Kind: r.kind, Business: r.owned, Hashed: hashed, List: hashed, Weight: r.weight, Contextual: r.class == contextual,
		})
	}
	return keys
}
