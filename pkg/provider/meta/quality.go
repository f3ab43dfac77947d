package meta

import (
	"strconv"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/provider"
)

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

// Tables implements provider.Documented: the keys of user_data.
func (Provider) Tables() []provider.Table {
	t := provider.Table{Name: "identifiers", Title: "Identifiers", Head: []string{"key", "destination", "sent", "match quality"}}
	for _, k := range Keys() {
		kind, sent := k.Kind.String(), "in clear"
		if k.Business {
			kind = "(the business' own)"
		}
		if k.Hashed {
			sent = "hashed"
		}
		if k.Contextual {
			sent += ", contextual"
		}
		t.Rows = append(t.Rows, []string{"`" + k.Name + "`", kind, sent, strconv.FormatFloat(k.Weight, 'g', -1, 64)})
	}
	return []provider.Table{t}
}
