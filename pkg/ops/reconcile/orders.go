// Package reconcile compares the orders of a backend with what was decided about
// them.
package reconcile

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/history"
	"github.com/sluicehq/sluice/pkg/ops/lines"
)

// Order is one line of a file of backend orders.
type Order struct {
	Line     int
	ID       history.OrderID // as the file has it
	Value    float64
	HasValue bool
	Currency string
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
