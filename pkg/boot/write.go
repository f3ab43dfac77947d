package boot

import (
	"context"
	"time"

	"github.com/sluicehq/sluice/pkg/edge/cluster"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// newProducer makes a producer that is closed with the Env.
func (e *Env) newProducer() (*kafka.Producer, error) {
	producer, err := e.Cluster.Producer()
	if err != nil {
		return nil, err
	}
	e.OnClose(func() error {
		closing, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		return producer.Close(closing)
	})
	return producer, nil
}

// transaction takes the right to write under an id, until the Env is closed.
func (e *Env) transaction(ctx context.Context, id string) (*cluster.Transaction, error) {
	t, err := e.Cluster.Transaction(ctx, id)
	if err != nil {
		return nil, err
	}
	e.OnClose(func() error { t.Close(); return nil })
	return t, nil
}
