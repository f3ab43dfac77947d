package world

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// fencingTimeout is the transaction timeout that marks our own requests.
	// The broker keeps the one that the owner of the id has given.
	fencingTimeout = 54_321
	// fencingWithin bounds the additional request.
	fencingWithin = 5 * time.Second
)

// fence lets the embedded cluster fence a transactional id's earlier owner as
// Kafka does. Whoever takes an id over gets an epoch that is at least two ahead:
// one fences, one is the new owner's. The embedded broker raises it once, and
// then takes the earlier owner's late end of its transaction for a repeated
// request (KIP-890), which it answers with the new owner's epoch. Both would
// write under it, and each would be told that what it writes was a repeat of
// what the other has written: decisions would be lost that no real cluster loses.
func fence(cluster *kfake.Cluster, brokers []string, dial func(context.Context, string, string) (net.Conn, error)) (stop func(), err error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.Dialer(dial), kgo.ClientID("loadgen-fence"))
	if err != nil {
		return nil, fmt.Errorf("making the client that fences: %w", err)
	}
	var mu sync.Mutex
	known := map[string]bool{}
	cluster.ControlKey(int16(kmsg.InitProducerID), func(request kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		taken, ok := request.(*kmsg.InitProducerIDRequest)
		if !ok || taken.TransactionalID == nil || taken.TransactionTimeoutMillis == fencingTimeout {
			return nil, nil, false
		}
		mu.Lock()
		before := known[*taken.TransactionalID]
		known[*taken.TransactionalID] = true
		mu.Unlock()
		if !before {
			return nil, nil, false
		}
		cluster.SleepControl(func() {
			ctx, cancel := context.WithTimeout(context.Background(), fencingWithin)
			defer cancel()
			raise := kmsg.NewPtrInitProducerIDRequest()
			raise.TransactionalID, raise.TransactionTimeoutMillis = taken.TransactionalID, fencingTimeout
			raise.ProducerID, raise.ProducerEpoch = -1, -1
			// An id whose coordinator cannot be asked now is taken over as the
			// embedded broker does it.
			_, _ = client.Request(ctx, raise)
		})
		return nil, nil, false
	})
	return client.Close, nil
}
