package history

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
)

// Orders follows the decisions about a set of orders, by transaction id. The
// zero Orders follows nothing; it is not safe for concurrent use.
type Orders struct {
	fold Fold
	rows map[orderKey]*OrderOutcome
	// byOrder lists the rows of an order.
	byOrder map[OrderID][]*OrderOutcome
}

// OrderID names an order: the transaction id as diagnostics show it, and the
// customer where known.
type OrderID struct{ Customer, Transaction string }

// OrderOutcome is what became of one order at one destination, for one kind of
// source event. Where several events or mappings spoke of it, the best counts.
type OrderOutcome struct {
	Destination, SourceEvent string
	Outcome
	// Value and Currency as they were handed over; absent where nothing was.
	Value    event.Opt[float64]
	Currency string

	events map[Key]orderValue
}

type orderValue struct {
	value    event.Opt[float64]
	currency string
}

type orderKey struct {
	order                    OrderID
	destination, sourceEvent string
}

// NewOrders follows these orders. An id without customer means the transaction
// of any customer.
func NewOrders(ids []OrderID) *Orders {
	o := &Orders{rows: map[orderKey]*OrderOutcome{}, byOrder: make(map[OrderID][]*OrderOutcome, len(ids))}
	for _, id := range ids {
		o.byOrder[id] = nil
	}
	return o
}

// Add takes the next diagnostic, in the order of the topic.
func (o *Orders) Add(d *decision.Decision) {
	if d.TransactionID == "" || d.DestinationID == "" || d.Mapping == "" {
		return
	}
	followed := false
	for _, id := range [...]OrderID{{d.CustomerID, d.TransactionID}, {"", d.TransactionID}} {
		if _, wanted := o.byOrder[id]; wanted {
			o.note(id, d)
			followed = true
		}
	}
	if followed {
		o.fold.Add(d)
	}
}

func (o *Orders) note(id OrderID, d *decision.Decision) {
	k := orderKey{id, d.DestinationID, d.SourceEvent}
	row := o.rows[k]
	if row == nil {
		row = &OrderOutcome{
			Destination: strings.Clone(d.DestinationID), SourceEvent: strings.Clone(d.SourceEvent), events: map[Key]orderValue{},
		}
		id = OrderID{strings.Clone(id.Customer), strings.Clone(id.Transaction)}
		o.rows[orderKey{id, row.Destination, row.SourceEvent}] = row
		o.byOrder[id] = append(o.byOrder[id], row)
	}
	key := KeyOf(d.DestinationID, d.Mapping, d.EventID)
	row.events[key] = orderValue{d.Value, strings.Clone(d.Currency)}
}

// Of gives what became of an order, by destination and source event; nothing
// where no decision speaks of it.
func (o *Orders) Of(id OrderID) []OrderOutcome {
	var all []OrderOutcome
	for _, row := range o.byOrder[id] {
		out := *row
		out.events = nil
		for key, value := range row.events {
			fate := o.fold.Of(key)
			if better(fate, out.Outcome) {
				out.Outcome, out.Value, out.Currency = fate, value.value, value.currency
			}
		}
		all = append(all, out)
	}
	slices.SortFunc(all, func(a, b OrderOutcome) int {
		return cmp.Or(cmp.Compare(a.Destination, b.Destination), cmp.Compare(a.SourceEvent, b.SourceEvent))
	})
	return all
}

// rank orders the states: what a provider has, then what may still come, then
// what failed.
var rank = [...]int{Never: 0, Failed: 1, Pending: 2, Delivered: 3}

// better decides ties by the newer decision.
func better(a, b Outcome) bool {
	if rank[a.State] != rank[b.State] {
		return rank[a.State] > rank[b.State]
	}
	return a.Time > b.Time
}
