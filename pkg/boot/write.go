package boot

import (
	"context"
	"time"

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
