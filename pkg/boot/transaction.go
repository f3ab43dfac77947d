package boot

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// transactClient writes in transactions of a name, and has taken it: whoever
// had it before can write no more.
func (e *Env) transactClient(ctx context.Context, name string) (*kgo.Client, error) {
	cfg, err := e.Kafka()
	if err != nil {
		return nil, err
	}
	opts, err := kafka.Options(cfg)
	if err != nil {
		return nil, err
	}
	opts = append(append(opts, kafka.ProducerOptions(cfg)...), kafka.TransactOptions(kafka.Transact{ID: name})...)
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("making a client to write: %w", err)
	}
	e.OnClose(func() error { client.Close(); return nil })
	if _, _, err := client.ProducerID(ctx); err != nil {
		return nil, fmt.Errorf("taking the right to write: %w", err)
	}
	return client, nil
}

// writeTogether writes all of the records, or none of them.
func writeTogether(ctx context.Context, client *kgo.Client, records []*kgo.Record) error {
	if err := client.BeginTransaction(); err != nil {
		return fmt.Errorf("beginning the transaction: %w", err)
	}
	err := client.ProduceSync(ctx, records...).FirstErr()
	if err == nil {
		return client.EndTransaction(ctx, kgo.TryCommit)
	}
	// The first error is what matters; a transaction that cannot even be
	// aborted is aborted by the broker.
	_ = client.EndTransaction(context.WithoutCancel(ctx), kgo.TryAbort)
	return err
}

// fenced tells whether somebody else has taken the right to write. Who takes it
// ends the transaction that is open; a broker that is asked to end it once more
// may name that instead.
func fenced(err error) bool {
	return errors.Is(err, kerr.ProducerFenced) || errors.Is(err, kerr.InvalidProducerEpoch) || errors.Is(err, kerr.InvalidProducerIDMapping) ||
		errors.Is(err, kerr.InvalidTxnState)
}
