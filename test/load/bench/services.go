package bench

import (
	"context"
	"errors"
	"io"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/sluicehq/sluice/pkg/fake/embedded"
)

// kindServices is a child with services in it. Three of them are started, one
// is used for its Kafka and registry, one for its Redis, and one for its
// provider, so that each has a processor time of its own.
const kindServices = "services"

// addresses are where a child's services listen.
type addresses struct {
	Brokers  []string `json:"brokers,omitempty"`
	Registry string   `json:"registry,omitempty"`
	Redis    string   `json:"redis,omitempty"`
	Provider string   `json:"provider,omitempty"`
}

// standIns are the embedded services and a provider that only counts.
type standIns struct {
	embedded *embedded.Services
	redis    *claimServer
	sink     *sink
}

func openServices(ctx context.Context, _ order, _ io.Writer) (part, error) {
	all, err := embedded.Start(ctx, embedded.Config{KafkaOptions: []kfake.Opt{
		// Small segments, so that what was counted is freed soon.
		kfake.BrokerConfigs(map[string]string{"log.segment.bytes": "1048576", "group.initial.rebalance.delay.ms": "0"}),
	}})
	if err != nil {
		return nil, err
	}
	sink, err := startSink(ctx)
	if err != nil {
		return nil, errors.Join(err, all.Close())
	}
	redis, err := startClaimServer(ctx)
	if err != nil {
		return nil, errors.Join(err, sink.close(), all.Close())
	}
	return &standIns{embedded: all, redis: redis, sink: sink}, nil
}

func (s *standIns) hello() answer {
	return answer{Addresses: addresses{
		Brokers: s.embedded.Kafka().Brokers, Registry: s.embedded.RegistryURL(),
		Redis: s.redis.addr(), Provider: s.sink.url,
	}}
}

func (*standIns) await(context.Context, int64) error { return errNotHere }

func (s *standIns) provider() (providerSummary, error) { return s.sink.summary(), nil }

func (s *standIns) close() error {
	return errors.Join(s.sink.close(), s.redis.close(), s.embedded.Close())
}
