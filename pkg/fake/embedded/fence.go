package embedded

import (
	"context"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

const (
	// fencingTimeout is the transaction timeout, in milliseconds, that marks our
	// own requests. The broker keeps the one that the owner of the id has given.
	fencingTimeout = 54_321
	// fencingWithin bounds the additional request.
	fencingWithin = 5 * time.Second
)

// fence lets the cluster fence a transactional id's earlier owner as Kafka
// does. Whoever takes an id over gets an epoch that is at least two ahead: one
// fences, one is the new owner's. kfake raises it once, and then takes the
// earlier owner's late end of its transaction for a repeated request (KIP-890),
// which it answers with the new owner's epoch. Both would write under it, and
// each would be told that what it writes was a repeat of what the other has
// written: decisions would be lost that no real cluster loses.
//
// What is under way when ctx ends is given up.
func fence(ctx context.Context, cluster *kfake.Cluster, at kafka.Config) {
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
		if before {
			cluster.SleepControl(func() { raise(ctx, at, *taken.TransactionalID) })
		}
		return nil, nil, false
	})
}

// raise gives an id its next epoch. Its client lives as long as the request,
// which is rare: one that stayed would ask for metadata in every test's bubble.
// Where it may not ask (SASL, TLS), or cannot now, the id is taken over as
// kfake does it.
func raise(ctx context.Context, at kafka.Config, id string) {
	ctx, cancel := context.WithTimeout(ctx, fencingWithin)
	defer cancel()
	opts := []kgo.Opt{kgo.SeedBrokers(at.Brokers...), kgo.ClientID("embedded-fence")}
	if at.Dialer != nil {
		opts = append(opts, kgo.Dialer(at.Dialer))
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return
	}
	defer client.Close()
	request := kmsg.NewPtrInitProducerIDRequest()
	request.TransactionalID, request.TransactionTimeoutMillis = &id, fencingTimeout
	request.ProducerID, request.ProducerEpoch = -1, -1
	_, _ = client.Request(ctx, request)
}
