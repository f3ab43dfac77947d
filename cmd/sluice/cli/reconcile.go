package cli

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/cmd/sluice/terminal"
	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/ops/reconcile"
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

func (r *root) reconcile(ctx context.Context, env *boot.Env, f *reconcileFlags) error {
	in, err := r.open("orders", f.orders)
	if err != nil {
		return err
	}
	defer in.Close()
	orders, err := reconcile.ReadOrders(f.orders, in, f.column)
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
	reconciler, err := boot.Reconciler(env)
	if err != nil {
		return err
	}
	answer, err := reconciler.Reconcile(ctx, reconcile.Request{Orders: orders, Since: since, Destinations: f.destinations, Events: f.events})
	if err != nil {
		return err
	}
	if f.output == "json" {
		return printJSON(r.Out, answer)
	}
	return r.printReconciled(f, &answer)
}

func (r *root) printReconciled(f *reconcileFlags, a *reconcile.Answer) error {
	g := grid{header: []any{"destination", "state", "reason", "orders", "value differs"}, right: []int{3, 4}}
	for _, row := range terminal.Shown(a.Groups) {
		g.rows = append(g.rows, []any{cmp.Or(row.DestinationID, "-"), row.State, row.Reason, row.Orders, row.ValueDiffers})
	}
	list := grid{title: "\nNot delivered", header: []any{"order", "destination", "state", "reason"}}
	for _, row := range terminal.Shown(a.Rows) {
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
	_, err := fmt.Fprintf(r.Out, "\n%s read\n", count(a.Read, "order"))
	return err
}
