package cluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// Transaction writes records together under a transactional id. Only one can:
// making another with the same id takes the right away from the first, so that
// what was read before writing still holds.
type Transaction struct{ client *kgo.Client }

// Transaction takes the right to write under an id. The caller closes it.
func (c *Cluster) Transaction(ctx context.Context, id string) (*Transaction, error) {
	cfg, err := c.cfg.Kafka()
	if err != nil {
		return nil, err
	}
	opts, err := kafka.Options(cfg)
	if err != nil {
		return nil, err
	}
	opts = append(append(opts, kafka.ProducerOptions(cfg)...), kafka.TransactOptions(kafka.Transact{ID: id})...)
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("making a client to write: %w", err)
	}
	if _, _, err := client.ProducerID(ctx); err != nil {
		client.Close()
		return nil, fmt.Errorf("taking the right to write: %w", err)
	}
	return &Transaction{client: client}, nil
}

// Close gives up the connection.
func (t *Transaction) Close() { t.client.Close() }

// Write writes all of the records, or none of them.
func (t *Transaction) Write(ctx context.Context, records ...*kgo.Record) error {
	if err := t.client.BeginTransaction(); err != nil {
		return fmt.Errorf("beginning the transaction: %w", err)
	}
	err := t.client.ProduceSync(ctx, records...).FirstErr()
	if err == nil {
		return t.client.EndTransaction(ctx, kgo.TryCommit)
	}
	// The first error is what matters; a transaction that cannot even be
	// aborted is aborted by the broker.
	_ = t.client.EndTransaction(context.WithoutCancel(ctx), kgo.TryAbort)
	return err
}

// Fenced tells whether somebody else has taken the right to write. Who takes it
// ends the transaction that is open; a broker that is asked to end it once more
// may name that instead.
func Fenced(err error) bool {
	return errors.Is(err, kerr.ProducerFenced) || errors.Is(err, kerr.InvalidProducerEpoch) || errors.Is(err, kerr.InvalidProducerIDMapping) ||
		errors.Is(err, kerr.InvalidTxnState)
}
