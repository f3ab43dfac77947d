package reconcile_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/ops/lines"
	"github.com/sluicehq/sluice/pkg/ops/reconcile"
)

var pseudonym = identity.NewPseudonym("k1", []byte("0123456789abcdef0123456789abcdef"))

func decided(order string, status decision.Status, reason decision.Reason, value float64) decision.Decision {
	return decision.Decision{
		Stage: decision.StageSender, Status: status, Reason: reason, CustomerID: "acme", DestinationID: "acme-meta", Mapping: "m", Provider: "meta",
		EventID: "e-" + order, SourceEvent: "purchase", TransactionID: order, Value: event.Some(value), Currency: "EUR", Time: 1000,
	}
}

func reconciler(decisions ...decision.Decision) *reconcile.Reconciler {
	return reconcile.New(reconcile.Deps{Pseudonym: pseudonym, Decisions: func(_ context.Context, _ time.Time, take func(*decision.Decision)) error {
		for i := range decisions {
			take(&decisions[i])
		}
		return nil
	}})
}

func TestEveryOrderIsDeliveredOrHasAReasonOrIsUnknown(t *testing.T) {
	t.Parallel()
	orders, err := reconcile.ReadOrders("orders.csv", strings.NewReader("order_id,value,currency\no-1,10,EUR\no-2,10,EUR\no-3,10,EUR\nann@mail.example,10,EUR\no-5,1,EUR\no-5,1,EUR\n"), "")
	require.NoError(t, err)
	require.Len(t, orders, 5, "one order twice is one")
	answer, err := reconciler(
		decided("o-1", decision.Delivered, decision.ReasonDelivered, 10), decided("o-2", decision.Delivered, decision.ReasonDelivered, 12),
		decided("o-3", decision.Skipped, decision.ConsentDenied, 10), decided(pseudonym.ID("ann@mail.example"), decision.Delivered, decision.ReasonDelivered, 10),
	).Reconcile(t.Context(), reconcile.Request{Orders: orders})
	require.NoError(t, err)
	var got []string
	for _, row := range answer.Rows {
		word := row.State + " " + row.Reason
		if row.ValueDiffers {
			word += " differs"
		}
		got = append(got, word)
	}
	require.Equal(t, []string{"delivered delivered", "delivered delivered differs", "not delivered consent.denied", "delivered delivered", "unknown "}, got)
	require.Equal(t, 5, answer.Read)
	require.Equal(t, reconcile.Group{DestinationID: "acme-meta", State: "delivered", Reason: "delivered", Orders: 3, ValueDiffers: 1}, answer.Groups[1])
}

func TestARequestNarrowsByDestinationAndEvent(t *testing.T) {
	t.Parallel()
	orders, err := reconcile.ReadOrders("orders.csv", strings.NewReader("id\no-1\n"), "")
	require.NoError(t, err)
	for _, q := range []reconcile.Request{{Destinations: []string{"other"}}, {Events: []string{"lead"}}} {
		q.Orders = orders
		answer, err := reconciler(decided("o-1", decision.Delivered, decision.ReasonDelivered, 1)).Reconcile(t.Context(), q)
		require.NoError(t, err)
		require.Empty(t, answer.Rows)
		require.Empty(t, answer.Groups)
	}
}

func TestEveryBadLineOfAFileIsTold(t *testing.T) {
	t.Parallel()
	_, err := reconcile.ReadOrders("orders.csv", strings.NewReader("transaction_id;value\n;1\no-1;ten\no-2;2\n"), "")
	var bad *lines.Error
	require.ErrorAs(t, err, &bad)
	require.Equal(t, 2, bad.Count)
	_, err = reconcile.ReadOrders("orders.csv", strings.NewReader("a,b\n"), "c")
	require.ErrorContains(t, err, "no column is called c; there are a, b")
}
