package boot

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/core/history"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/ops/lines"
)

// Order is one line of a file of backend orders.
type Order struct {
	Line     int
	ID       history.OrderID // as the file has it
	Value    float64
	HasValue bool
	Currency string

	shown history.OrderID // as diagnostics show it
}

// orderColumns are the names that a column of transaction ids may have.
var orderColumns = []string{"transaction_id", "order_id", "id"}

// ReadOrders reads a CSV file with a header: a column transaction_id or
// order_id (or the one that is named), and where there are customer_id, value
// and currency. Columns may be separated by commas or semicolons. Its error is
// a *lines.Error where lines are wrong.
func ReadOrders(file string, in io.Reader, column string) ([]Order, error) {
	text, err := io.ReadAll(in)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	body := strings.TrimPrefix(string(text), "\ufeff")
	head, _, _ := strings.Cut(body, "\n")
	rows := csv.NewReader(strings.NewReader(body))
	if strings.Count(head, ";") > strings.Count(head, ",") {
		rows.Comma = ';'
	}
	rows.FieldsPerRecord, rows.TrimLeadingSpace = -1, true
	names, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("reading the header of %s: %w", file, err)
	}
	at := map[string]int{}
	for i, name := range names {
		at[strings.ToLower(strings.TrimSpace(name))] = i
	}
	wanted := orderColumns
	if column != "" {
		wanted = []string{strings.ToLower(column)}
	}
	i := slices.IndexFunc(wanted, func(name string) bool { _, ok := at[name]; return ok })
	if i < 0 {
		return nil, fmt.Errorf("reading the header of %s: no column is called %s; there are %s", file, strings.Join(wanted, " or "), strings.Join(names, ", "))
	}
	return readOrders(file, rows, at, wanted[i])
}

func readOrders(file string, rows *csv.Reader, at map[string]int, column string) ([]Order, error) {
	bad := &lines.Error{File: file}
	seen := map[history.OrderID]bool{}
	var all []Order
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return all, bad.Err()
		}
		line, _ := rows.FieldPos(0)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
		field := func(name string) string {
			if i, ok := at[name]; ok && i < len(row) {
				return strings.TrimSpace(row[i])
			}
			return ""
		}
		o := Order{Line: line, ID: history.OrderID{Customer: field("customer_id"), Transaction: field(column)}, Currency: strings.ToUpper(field("currency"))}
		if o.ID.Transaction == "" {
			bad.Add(line, errors.New(column+" is empty"))
			continue
		}
		if value := field("value"); value != "" {
			if o.Value, err = strconv.ParseFloat(value, 64); err != nil {
				bad.Add(line, errors.New("value is not a number such as 12.50"))
				continue
			}
			o.HasValue = true
		}
		if !seen[o.ID] {
			seen[o.ID] = true
			all = append(all, o)
		}
	}
}

// Reconciled is one order at one destination.
type Reconciled struct {
	Order *Order
	history.OrderOutcome
	// Known is false where no diagnostic speaks of the order.
	Known bool
	// Differs: it was delivered with another value or currency.
	Differs bool
}

// Reconcile compares orders with what was decided since a time.
func (e *Env) Reconcile(ctx context.Context, orders []Order, since time.Time) ([]Reconciled, error) {
	recorder, err := e.recorder()
	if err != nil {
		return nil, err
	}
	ids := make([]history.OrderID, len(orders))
	for i := range orders {
		o := &orders[i]
		o.shown = o.ID
		if identity.LookID(o.ID.Transaction) != identity.NotSuspect {
			o.shown.Transaction = recorder.Pseudonym.ID(o.ID.Transaction) // as diagnostics show it
		}
		ids[i] = o.shown
	}
	follow := history.NewOrders(ids)
	if err := e.EachDecision(ctx, since, follow.Add); err != nil {
		return nil, err
	}
	var all []Reconciled
	for i := range orders {
		o := &orders[i]
		fates := follow.Of(o.shown)
		if len(fates) == 0 {
			all = append(all, Reconciled{Order: o})
		}
		for _, fate := range fates {
			all = append(all, Reconciled{Order: o, OrderOutcome: fate, Known: true, Differs: differs(o, &fate)})
		}
	}
	return all, nil
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
