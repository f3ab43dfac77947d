package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/cmd/sluice/terminal"
	"github.com/sluicehq/sluice/pkg/boot"
)

type reconcileFlags struct {
	orders, column, since string
	events, destinations  []string
	list                  bool
	output                string
}

func (r *root) reconcileCommand() *cobra.Command {
	var f reconcileFlags
	cmd := &cobra.Command{
		Use:     "reconcile --orders FILE.csv",
		GroupID: "see",
		Short:   "Compare the backend's orders with what was delivered, and say why not",
		Long: `Compare the orders of a CSV file with the decisions about them: at each destination
delivered, pending, not delivered and why, or unknown where no decision speaks of
the order at all.

The file has a header with a column transaction_id (or order_id, or the one named
by --column), and where known customer_id, value and currency. Delivered values
that differ from the file are counted. Diagnostics are kept for 30 days unless
configured otherwise; what is older is unknown.`,
		Example: `  sluice reconcile --orders orders.csv --since 7d
  sluice reconcile --orders orders.csv --destination acme-meta --list
  sluice reconcile --orders orders.csv --output json | jq '.orders[] | select(.state == "unknown")'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return r.withEnv(cmd, func(ctx context.Context, env *boot.Env) error { return r.reconcile(ctx, env, &f) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.orders, "orders", "", "CSV file with orders, - for standard input (required)")
	flags.StringVar(&f.column, "column", "", "column with the transaction id (default: transaction_id, order_id or id)")
	flags.StringVar(&f.since, "since", "", "only decisions since this long ago (90m, 2d) or this time (RFC 3339)")
	flags.StringSliceVar(&f.destinations, "destination", nil, "only these destinations")
	flags.StringSliceVar(&f.events, "event", nil, "only these source events, such as transaction.purchase")
	flags.BoolVar(&f.list, "list", false, "also list every order that was not delivered")
	require(cmd, "orders")
	completeFiles(cmd, "orders", "csv")
	outputFlag(cmd, &f.output, "table", "json")
	r.completeDestinations(cmd, "destination")
	r.connecting(cmd)
	return cmd
}

// reconciledJSON is one order at one destination.
type reconciledJSON struct {
	Order         string `json:"transaction_id"`
	Line          int    `json:"line"`
	State         string `json:"state"`
	DestinationID string `json:"destination_id,omitempty"`
	SourceEvent   string `json:"source_event,omitempty"`
	Status        string `json:"status,omitempty"`
	Reason        string `json:"reason,omitempty"`
	ValueDiffers  bool   `json:"value_differs,omitempty"`
}

// reconciledGroup counts what came to the same.
type reconciledGroup struct {
	DestinationID string `json:"destination_id"`
	State         string `json:"state"`
	Reason        string `json:"reason"`
	Orders        int    `json:"orders"`
	ValueDiffers  int    `json:"value_differs"`
}

func (r *root) reconcile(ctx context.Context, env *boot.Env, f *reconcileFlags) error {
	in, err := r.open("orders", f.orders)
	if err != nil {
		return err
	}
	defer in.Close()
	orders, err := boot.ReadOrders(f.orders, in, f.column)
	if err != nil {
		return usage(err)
	}
	var since time.Time
	if f.since != "" {
		if since, err = parseMoment("since", f.since, env.Now()); err != nil {
			return err
		}
	}
	if err := checkNames(ctx, env, nil, f.destinations, f.events); err != nil {
		return err
	}
	all, err := env.Reconcile(ctx, orders, since)
	if err != nil {
		return err
	}
	rows := []reconciledJSON{}
	for i := range all {
		x := &all[i]
		in := func(list []string, word string) bool { return len(list) == 0 || slices.Contains(list, word) }
		if !x.Known {
			rows = append(rows, reconciledJSON{Order: x.Order.ID.Transaction, Line: x.Order.Line, State: "unknown"})
		} else if in(f.destinations, x.Destination) && in(f.events, x.SourceEvent) {
			rows = append(rows, reconciledJSON{
				Order: x.Order.ID.Transaction, Line: x.Order.Line, State: stateWord(x.State.String()), DestinationID: x.Destination, SourceEvent: x.SourceEvent,
				Status: x.Status.String(), Reason: x.Reason.String(), ValueDiffers: x.Differs,
			})
		}
	}
	return r.printReconciled(f, len(orders), rows)
}

// stateWord says failed in the words of who asks about an order.
func stateWord(state string) string {
	if state == "failed" {
		return "not delivered"
	}
	return state
}

func reconciledGroups(rows []reconciledJSON) []reconciledGroup {
	type key struct{ destination, state, reason string }
	by := map[key]*reconciledGroup{}
	for _, row := range rows {
		k := key{row.DestinationID, row.State, row.Reason}
		if by[k] == nil {
			by[k] = &reconciledGroup{DestinationID: k.destination, State: k.state, Reason: k.reason}
		}
		by[k].Orders++
		if row.ValueDiffers {
			by[k].ValueDiffers++
		}
	}
	groups := []reconciledGroup{}
	for _, g := range by {
		groups = append(groups, *g)
	}
	slices.SortFunc(groups, func(a, b reconciledGroup) int {
		return cmp.Or(cmp.Compare(a.DestinationID, b.DestinationID), cmp.Compare(a.State, b.State), cmp.Compare(b.Orders, a.Orders), cmp.Compare(a.Reason, b.Reason))
	})
	return groups
}

func (r *root) printReconciled(f *reconcileFlags, orders int, rows []reconciledJSON) error {
	groups := reconciledGroups(rows)
	if f.output == "json" {
		return printJSON(r.Out, struct {
			Orders int               `json:"orders_read"`
			Groups []reconciledGroup `json:"groups"`
			Rows   []reconciledJSON  `json:"orders"`
		}{orders, groups, rows})
	}
	rows = terminal.Shown(rows)
	g := grid{header: []any{"destination", "state", "reason", "orders", "value differs"}, right: []int{3, 4}}
	for _, row := range groups {
		g.rows = append(g.rows, []any{cmp.Or(row.DestinationID, "-"), row.State, row.Reason, row.Orders, row.ValueDiffers})
	}
	list := grid{title: "\nNot delivered", header: []any{"order", "destination", "state", "reason"}}
	for _, row := range rows {
		if row.State != "delivered" {
			list.rows = append(list.rows, []any{row.Order, cmp.Or(row.DestinationID, "-"), row.State, row.Reason})
		}
	}
	if !f.list {
		list.rows = nil
	}
	for _, table := range []grid{g, list} {
		if len(table.rows) > 0 {
			if err := printGrid(r.Out, table); err != nil {
				return err
			}
		}
	}
	_, err := fmt.Fprintf(r.Out, "\n%s read\n", count(orders, "order"))
	return err
}
