package history_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/history"
)

// An order is what its best event is, at each destination; of an order that
// nobody decided about nothing is known.
func TestOrders(t *testing.T) {
	t.Parallel()
	first, other, unknown := history.OrderID{Customer: "acme", Transaction: "o-1"}, history.OrderID{Transaction: "o-2"}, history.OrderID{Transaction: "o-3"}
	orders := history.NewOrders([]history.OrderID{first, other, unknown})
	say := func(customer, order, id, destination string, status decision.Status, reason decision.Reason, at int64) {
		orders.Add(&decision.Decision{
			CustomerID: customer, TransactionID: order, EventID: id, DestinationID: destination, Mapping: "m", SourceEvent: "transaction.purchase",
			Status: status, Reason: reason, Time: at, Value: event.Some(float64(at)), Currency: "EUR",
		})
	}
	say("acme", "o-1", "e1", "meta", decision.Skipped, decision.ConsentDenied, 1)
	say("acme", "o-1", "e2", "meta", decision.Queued, decision.Eligible, 2)
	say("acme", "o-1", "e2", "meta", decision.Delivered, decision.ReasonDelivered, 3)
	say("acme", "o-1", "e2", "google", decision.DeadLettered, decision.ProviderRejected, 4)
	say("globex", "o-1", "e9", "globex-meta", decision.Delivered, decision.ReasonDelivered, 5)
	say("globex", "o-2", "e3", "globex-meta", decision.Queued, decision.Eligible, 6)
	say("acme", "o-9", "e4", "meta", decision.Delivered, decision.ReasonDelivered, 7)

	fates := orders.Of(first)
	require.Len(t, fates, 2)
	require.Equal(t, "google", fates[0].Destination)
	require.Equal(t, history.Failed, fates[0].State)
	require.Equal(t, decision.ProviderRejected, fates[0].Reason)
	require.Equal(t, history.Delivered, fates[1].State)
	require.Equal(t, event.Some(3.0), fates[1].Value)
	require.Equal(t, history.Pending, orders.Of(other)[0].State)
	require.Empty(t, orders.Of(unknown))
}
