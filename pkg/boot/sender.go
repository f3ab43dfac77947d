package boot

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/httpclient"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/lifecycle"
	"github.com/sluicehq/sluice/pkg/edge/table"
	"github.com/sluicehq/sluice/pkg/edge/telemetry"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender"
	"github.com/sluicehq/sluice/pkg/role/sender/verdict"
)

// SenderOptions are what the demo sets and an installation does not.
type SenderOptions struct {
	// Secrets replace the secrets directory and environment.
	Secrets sender.Secrets
	// Delays of the waiting places; zero: the real ones.
	Delays sender.Delays
	// ProbeEvery is how often a blocked destination is tried; zero: hourly.
	ProbeEvery time.Duration
	// VerdictEvery is how long after its acceptance, and then between two
	// questions, a request is asked about; zero: half an hour.
	VerdictEvery time.Duration
	// MaxBatch of events in one request; zero: what the provider takes. Sizes
	// are compared with it.
	MaxBatch int
}

// smaller is a provider that takes fewer events in one request.
type smaller struct {
	provider.Provider
	most int
}

// Spec implements provider.Provider.
func (s smaller) Spec() provider.Spec {
	spec := s.Provider.Spec()
	spec.MaxBatch, spec.RealtimeBatch = min(spec.MaxBatch, s.most), min(spec.RealtimeBatch, s.most)
	return spec
}

// senderGroup is the consumer group that reads a provider's deliveries.
func (e *Env) senderGroup(providerName string) string {
	return e.Config.Sender.Group + "." + providerName
}

// senderRoles send what waits for one provider, and ask later what became of
// it where the provider does not say at once.
func (e *Env) senderRoles(ctx context.Context, p provider.Provider, tables *table.Tables, tel *telemetry.Telemetry, claims *dedup.Store, o SenderOptions) ([]lifecycle.Role, error) {
	current := &currentSender{}
	role, err := e.restarting(ctx, tel, func(ctx context.Context) (lifecycle.Role, func() error, error) {
		s, release, err := e.newSender(ctx, p, tables, tel, claims, o)
		if err != nil {
			return nil, nil, err
		}
		e.observed.addSender(s)
		current.Store(s)
		return senderRole(p.Name(), s), release, nil
	})
	if err != nil {
		return nil, err
	}
	later, err := e.verdictRoles(ctx, p, current, tel, claims, o.VerdictEvery)
	if err != nil {
		return nil, err
	}
	return append([]lifecycle.Role{role}, later...), nil
}

// currentSender is the sender that runs now: one that failed is replaced.
type currentSender struct{ atomic.Pointer[sender.Sender] }

// Ask asks as the sender that runs now.
func (c *currentSender) Ask(ctx context.Context, q verdict.Question) (provider.Answer, error) {
	return c.Load().Ask(ctx, q)
}

func senderRole(name string, s *sender.Sender) lifecycle.Role {
	return lifecycle.Func("sender-"+name, s.Ready(), func(ctx context.Context, drain <-chan struct{}) error {
		ended := make(chan struct{})
		defer close(ended)
		go func() {
			select {
			case <-drain:
				s.Drain()
			case <-ended:
			}
		}()
		return s.Run(ctx)
	})
}

// newSender makes a sender, and what closes its clients.
func (e *Env) newSender(ctx context.Context, p provider.Provider, tables *table.Tables, tel *telemetry.Telemetry, claims *dedup.Store, o SenderOptions) (*sender.Sender, func() error, error) {
	base, err := e.Cluster.Kafka()
	if err != nil {
		return nil, nil, err
	}
	base.Hooks = tel.KafkaHooks()
	deps, release, err := e.senderDeps(ctx, p, base, tel)
	if err != nil {
		return nil, nil, err
	}
	deps.Tables, deps.Claims = tables, meteredClaims{claims, tel.Metrics}
	if o.Secrets != nil {
		deps.Secrets = o.Secrets
	}
	if o.MaxBatch > 0 {
		deps.Provider = smaller{p, o.MaxBatch}
	}
	c, reach := e.Config.Sender, e.Config.Sender.Provider(p.Name())
	s, err := sender.New(sender.Config{
		Kafka: base, Topics: e.Names, Group: e.senderGroup(p.Name()), Instance: e.Instance(),
		BaseURL: reach.BaseURL, TokenURL: reach.TokenURL, Bypass: e.Config.Dedup.OnUnavailable == "bypass",
		WindowBytes: c.Window.Int(), InFlight: c.InFlight,
		RealtimeLinger: c.Lanes.Realtime.Std(), BatchWait: c.Lanes.Batch.Std(), ReplayShare: c.Lanes.ReplayShare,
		Delays: o.Delays, ProbeEvery: o.ProbeEvery,
	}, deps)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("making the sender of %s: %w", p.Name(), err), release())
	}
	return s, release, nil
}

// senderDeps opens what one sender alone uses; the caller adds what all share.
func (e *Env) senderDeps(ctx context.Context, p provider.Provider, base kafka.Config, tel *telemetry.Telemetry) (sender.Deps, func() error, error) {
	writer, err := e.Writer(ctx)
	if err != nil {
		return sender.Deps{}, nil, err
	}
	registry, err := e.Registry.Codec()
	if err != nil {
		return sender.Deps{}, nil, err
	}
	deliveries, err := codec.Deliveries(registry)
	if err != nil {
		return sender.Deps{}, nil, err
	}
	statuses, err := codec.DestinationStatuses(registry)
	if err != nil {
		return sender.Deps{}, nil, err
	}
	recorder, err := e.recorder()
	if err != nil {
		return sender.Deps{}, nil, err
	}
	client, err := e.httpClient(p, tel)
	if err != nil {
		return sender.Deps{}, nil, err
	}
	producer, err := kafka.NewProducer(base)
	if err != nil {
		client.Close()
		return sender.Deps{}, nil, err
	}
	release := func() error {
		client.Close()
		stop, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return producer.Close(stop)
	}
	return sender.Deps{
		Provider: p, Deliveries: deliveries, Encoder: writer, Producer: producer, HTTP: client, Recorder: recorder,
		Secrets: sender.References{Dir: e.Config.Sender.SecretsDir, Env: e.Config.Sender.SecretsEnv},
		Meter:   senderMeter{tel.Metrics, p.Name()}, Tracer: tel.Tracing.Tracer(),
		Log: tel.Logger.With("provider", p.Name()), Now: e.Now,
		Statuses: statuses,
	}, release, nil
}

// nowhere is a name that never resolves (RFC 2606).
const nowhere = "no-host-is-listed.invalid"

// httpClient may go to the provider's hosts, or to where the configuration
// points instead. Without any, its sender runs all the same: it parks what
// somebody maps to an unlisted host and says why, instead of leaving it unread
// until retention deletes it.
func (e *Env) httpClient(p provider.Provider, tel *telemetry.Telemetry) (*httpclient.Client, error) {
	cfg, err := e.httpConfig(p)
	if err != nil {
		return nil, err
	}
	return httpclient.New(cfg, httpclient.Deps{Tracer: tel.Tracing.Tracer(), Now: e.Now})
}

// httpConfig is where requests to a provider may go.
func (e *Env) httpConfig(p provider.Provider) (httpclient.Config, error) {
	reach := e.Config.Sender.Provider(p.Name())
	hosts := append([]string(nil), p.Spec().Hosts...)
	for _, base := range []string{reach.BaseURL, reach.TokenURL} {
		if base == "" {
			continue
		}
		host, err := httpclient.HostOf(base)
		if err != nil {
			return httpclient.Config{}, fmt.Errorf("reading sender.providers.%s: %w", p.Name(), err)
		}
		hosts = append(hosts, host)
	}
	if len(hosts) == 0 {
		hosts = append(hosts, nowhere)
	}
	return httpclient.Config{
		Hosts: hosts, AllowInsecure: reach.AllowInsecure, AllowPrivate: reach.AllowPrivate,
		Timeout: reach.Timeout.Std(), UserAgent: "sluice/" + e.Version,
	}, nil
}

// senderMeter gives a sender's counts to the instruments.
type senderMeter struct {
	m        *telemetry.Metrics
	provider string
}

// Request implements sender.Meter.
func (s senderMeter) Request(r sender.Measurement) {
	answer := provider.Answer{Class: r.Class, Code: r.Code, Unmapped: r.Unmapped}
	s.m.Destination(s.provider, r.Destination).Request(context.Background(), r.Lane, r.Events, r.Bytes, r.Took, &answer)
}

// Settled implements sender.Meter.
func (s senderMeter) Settled(status decision.Status, reason decision.Reason, n int) {
	s.m.Decisions(context.Background(), decision.StageSender, status, reason, int64(n))
}

// Delivered implements sender.Meter.
func (s senderMeter) Delivered(destination string, lane decision.Lane, latency time.Duration) {
	s.m.Destination(s.provider, destination).Delivered(context.Background(), lane, latency)
}
