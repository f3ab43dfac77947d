package sender_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// A client reads nothing of a topic that was deleted and created again, and says
// nothing of it. The sender ends within two seconds, so that it is started anew,
// and the new topic is read from its beginning.
func TestARecreatedDeliveryTopicIsReadFromItsBeginning(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		s := r.start()
		r.order(0, "order", "a", "b", "c")
		r.await(func() bool { return s.Status().Idle() && r.lag() == 0 }, "idle")

		topic := r.names.Delivery("meta", decision.LaneRealtime)
		require.NoError(t, r.inside.Cluster().DeleteTopic(topic))
		require.NoError(t, r.inside.Cluster().CreateTopic(topic, 2, nil))
		r.producer.Client().PurgeTopicsFromClient(topic)
		r.order(0, "order", "d")
		r.pass(2 * time.Second)
		select {
		case err := <-s.done:
			var again *kafka.RecreatedError
			require.ErrorAs(t, err, &again)
			require.Equal(t, topic, again.Topic)
		default:
			t.Fatal("the sender goes on with a topic that it does not read")
		}

		s = r.start()
		r.order(0, "order", "e")
		r.await(func() bool { return s.Status().Idle() && r.lag() == 0 && r.accepted(0, "Lead", "e") == 1 }, "delivered")
		for _, id := range []string{"a", "b", "c", "d", "e"} {
			require.Equal(t, 1, r.accepted(0, "Lead", id), id)
		}
		r.stop(s)
	})
}
