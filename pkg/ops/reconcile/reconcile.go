package reconcile

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/history"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// Request says which orders are compared. Empty lists let everything pass.
type Request struct {
	Orders []Order
	// Since leaves out what was decided before.
	Since                time.Time
	Destinations, Events []string
}

// Answer is what became of orders. Its JSON is that of `sluice reconcile --output
// json`.
type Answer struct {
	Read   int     `json:"orders_read"`
	Groups []Group `json:"groups"`
	Rows   []Row   `json:"orders"`
}

// Row is one order at one destination.
type Row struct {
	Order         string `json:"transaction_id"`
	Line          int    `json:"line"`
	State         string `json:"state"` // unknown: no diagnostic speaks of it
	DestinationID string `json:"destination_id,omitempty"`
	SourceEvent   string `json:"source_event,omitempty"`
	Status        string `json:"status,omitempty"`
	Reason        string `json:"reason,omitempty"`
	// ValueDiffers: it was delivered with another value or currency.
	ValueDiffers bool `json:"value_differs,omitempty"`
}

// Group counts what came to the same.
type Group struct {
	DestinationID string `json:"destination_id"`
	State         string `json:"state"`
	Reason        string `json:"reason"`
	Orders        int    `json:"orders"`
	ValueDiffers  int    `json:"value_differs"`
}

// Deps of a Reconciler; all are needed.
type Deps struct {
	// Decisions reads the diagnostics from a time on.
	Decisions func(ctx context.Context, since time.Time, take func(*decision.Decision)) error
	Pseudonym identity.Pseudonym
}

// Reconciler holds nothing open and is safe for concurrent use.
type Reconciler struct{ deps Deps }

// New makes a Reconciler.
func New(deps Deps) *Reconciler { return &Reconciler{deps} }

// Reconcile compares orders with what was decided since a time.
func (r *Reconciler) Reconcile(ctx context.Context, q Request) (Answer, error) {
	ids := make([]history.OrderID, len(q.Orders))
	for i := range q.Orders {
		ids[i] = q.Orders[i].ID
		if identity.LookID(ids[i].Transaction) != identity.NotSuspect {
			ids[i].Transaction = r.deps.Pseudonym.ID(ids[i].Transaction) // as diagnostics show it
		}
	}
	follow := history.NewOrders(ids)
	if err := r.deps.Decisions(ctx, q.Since, follow.Add); err != nil {
		return Answer{}, err
	}
	in := func(list []string, word string) bool { return len(list) == 0 || slices.Contains(list, word) }
	answer := Answer{Read: len(q.Orders), Rows: []Row{}}
	for i := range q.Orders {
		o := &q.Orders[i]
		fates := follow.Of(ids[i])
		if len(fates) == 0 {
			answer.Rows = append(answer.Rows, Row{Order: o.ID.Transaction, Line: o.Line, State: "unknown"})
		}
		for _, fate := range fates {
			if in(q.Destinations, fate.Destination) && in(q.Events, fate.SourceEvent) {
				answer.Rows = append(answer.Rows, Row{
					Order: o.ID.Transaction, Line: o.Line, State: stateWord(fate.State), DestinationID: fate.Destination, SourceEvent: fate.SourceEvent,
					Status: fate.Status.String(), Reason: fate.Reason.String(), ValueDiffers: differs(o, &fate),
				})
			}
		}
	}
	answer.Groups = groups(answer.Rows)
	return answer, nil
}

// stateWord says failed in the words of who asks about an order.
func stateWord(s history.State) string {
	if s == history.Failed {
		return "not delivered"
	}
	return s.String()
}

func groups(rows []Row) []Group {
	type key struct{ destination, state, reason string }
	by := map[key]*Group{}
	for _, row := range rows {
		k := key{row.DestinationID, row.State, row.Reason}
		if by[k] == nil {
			by[k] = &Group{DestinationID: k.destination, State: k.state, Reason: k.reason}
		}
		by[k].Orders++
		if row.ValueDiffers {
			by[k].ValueDiffers++
		}
	}
	all := []Group{}
	for _, g := range by {
		all = append(all, *g)
	}
	slices.SortFunc(all, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.DestinationID, b.DestinationID), cmp.Compare(a.State, b.State), cmp.Compare(b.Orders, a.Orders), cmp.Compare(a.Reason, b.Reason))
	})
	return all
}

// differs says whether a delivered value is another than the order's. Half a
// cent is rounding.
func differs(o *Order, f *history.OrderOutcome) bool {
	if f.State != history.Delivered {
		return false
	}
	const cent = 0.005
	value := f.Value.Value
	return o.HasValue && f.Value.Set && (value-o.Value > cent || o.Value-value > cent) || o.Currency != "" && f.Currency != "" && o.Currency != f.Currency
}
