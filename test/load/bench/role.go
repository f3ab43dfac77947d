package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/config"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// The roles, run as their commands run them.
const (
	kindRouter = "router"
	kindSender = "sender"
)

// version stands where a build's version would.
const version = "bench"

// benchKey makes the pseudonyms; nothing of a benchmark is kept.
const benchKey = "a key for benchmarks, which keep nothing"

// config are Sluice's settings with those of the order.
func (o order) config() (config.Config, error) {
	var sources config.Sources
	for _, path := range slices.Sorted(maps.Keys(o.Settings)) {
		sources.Set = append(sources.Set, config.Setting{Path: path, Value: o.Settings[path], Flag: "the benchmark"})
	}
	cfg, err := config.Load(sources)
	if err != nil {
		return cfg, err
	}
	cfg.Privacy.Key, cfg.Privacy.KeyID = config.Literal(benchKey), "bench"
	return cfg, nil
}

// kafka is how the order's child reaches the cluster.
func (o order) kafka() (kafka.Config, error) {
	cfg, err := o.config()
	if err != nil {
		return kafka.Config{}, err
	}
	env, err := boot.NewEnv(cfg, boot.Options{Version: version})
	if err != nil {
		return kafka.Config{}, err
	}
	return env.Cluster.Kafka()
}

// token is what the counting provider takes for a credential, as anything.
type token struct{}

// Resolve implements sender.Secrets.
func (token) Resolve(string) (identity.Raw, string, error) {
	return identity.NewRaw(`{"access_token":"bench"}`), "1", nil
}

// running is a role of Sluice in this process.
type running struct {
	env   *boot.Env
	drain chan struct{}
	ended chan error
}

func openRole(ctx context.Context, o order, log io.Writer) (part, error) {
	cfg, err := o.config()
	if err != nil {
		return nil, err
	}
	env, err := boot.NewEnv(cfg, boot.Options{Version: version, Log: log})
	if err != nil {
		return nil, err
	}
	roles := boot.Roles{Router: o.Kind == kindRouter}
	if o.Kind == kindSender {
		roles.Senders = env.AllSenders()
	}
	r := &running{env: env, drain: make(chan struct{}), ended: make(chan error, 1)}
	ready := make(chan struct{})
	go func() {
		r.ended <- env.Run(ctx, r.drain, roles, boot.RunOptions{
			Sender: boot.SenderOptions{Secrets: token{}, MaxBatch: o.MaxBatch}, Output: log, Ready: func() { close(ready) },
		})
	}()
	select {
	case <-ready:
		return r, nil
	case err := <-r.ended:
		return nil, errors.Join(fmt.Errorf("starting %s: it ended at once: %w", o.Kind, err), env.Close())
	}
}

func (*running) hello() answer { return answer{} }

// await is not known here: what a role has done is asked of its consumer
// group, as operators do.
func (*running) await(context.Context, int64) error { return errNotHere }

func (*running) provider() (providerSummary, error) { return providerSummary{}, errNotHere }

func (r *running) close() error {
	close(r.drain)
	return errors.Join(<-r.ended, r.env.Close())
}
