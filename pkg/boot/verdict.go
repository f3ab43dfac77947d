package boot

import (
	"context"
	"fmt"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
	"github.com/sluicehq/sluice/pkg/edge/lifecycle"
	"github.com/sluicehq/sluice/pkg/edge/telemetry"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender/verdict"
)

// VerdictGroup is the consumer group that asks what became of a provider's
// accepted requests.
func (e *Env) VerdictGroup(providerName string) string {
	return e.senderGroup(providerName) + ".verdicts"
}

// verdictRoles ask a provider that judges later what became of what s has
// sent; none for other providers. every is zero for the real delay.
func (e *Env) verdictRoles(ctx context.Context, p provider.Provider, s *currentSender, tel *telemetry.Telemetry, store *dedup.Store, every time.Duration) ([]lifecycle.Role, error) {
	if !p.Spec().Asynchronous {
		return nil, nil
	}
	asks, ok := p.(provider.Verdicts)
	if !ok {
		return nil, fmt.Errorf("starting the verdicts of %s: the provider says that it judges later and cannot be asked", p.Name())
	}
	name := "verdicts-" + p.Name()
	if every <= 0 {
		every = verdict.DefaultEvery
	}
	role, err := e.restarting(ctx, tel, func(ctx context.Context) (lifecycle.Role, func() error, error) {
		worker, err := e.verdictWorker(ctx, p.Name(), asks, s, tel, store, every)
		if err != nil {
			return nil, nil, err
		}
		loop, err := e.verdictLoop(name, p.Name(), worker, tel, every)
		if err != nil {
			return nil, nil, err
		}
		return lifecycle.Func(name, loop.Ready(), loop.Run), nil, nil
	})
	return []lifecycle.Role{role}, err
}

func (e *Env) verdictLoop(name, providerName string, worker *verdict.Worker, tel *telemetry.Telemetry, every time.Duration) (*transact.Loop, error) {
	base, err := e.Cluster.Kafka()
	if err != nil {
		return nil, err
	}
	base.Hooks = tel.KafkaHooks()
	group := e.VerdictGroup(providerName)
	seen := &observedLoop{name: name, stage: decision.StageVerdict.String()}
	loop, err := transact.New(transact.Config{
		Kafka: base, Group: group, Topics: []string{e.Names.Submissions(providerName)}, Delay: every,
		TransactionalID: group + "-" + e.Instance(), MaxRecords: verdict.MaxRecords, MaxBytes: verdict.MaxBytes,
	}, transact.Deps{
		Work: worker.Work, Now: e.Now, Log: tel.Logger.With("loop", name),
		Observer: &verdictObserver{
			loopObserver: loopObserver{name: name, stage: decision.StageVerdict, tel: tel, log: tel.Logger, seen: seen}, worker: worker,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("making the verdict loop of %s: %w", providerName, err)
	}
	seen.loop = loop
	e.observed.addLoop(seen)
	return loop, nil
}

func (e *Env) verdictWorker(ctx context.Context, name string, asks provider.Verdicts, s *currentSender, tel *telemetry.Telemetry, store *dedup.Store, every time.Duration) (*verdict.Worker, error) {
	registry, err := e.Registry.Codec()
	if err != nil {
		return nil, err
	}
	submissions, err := codec.Submissions(registry)
	if err != nil {
		return nil, err
	}
	writer, err := e.Writer(ctx)
	if err != nil {
		return nil, err
	}
	return verdict.New(verdict.Config{
		Provider: name, Topics: e.Names, Every: every, Bypass: e.Config.Dedup.OnUnavailable == "bypass", AppVersion: e.Version,
	}, verdict.Deps{
		Asker: s, Verdicts: asks, Submissions: submissions, Claims: store, Encoder: writer,
		Meter: verdictMeter{tel.Metrics, name}, Log: tel.Logger.With("provider", name), Now: e.Now,
	}), nil
}

// verdictObserver counts what a committed batch came to.
type verdictObserver struct {
	loopObserver
	worker *verdict.Worker
}

// Committed implements transact.Observer.
func (o *verdictObserver) Committed(c transact.Commit) {
	o.worker.Committed()
	o.tel.Metrics.Transaction(context.Background(), o.name, telemetry.TransactionCommitted, c.Read, c.Transaction)
}

// verdictMeter gives a verdict loop's counts to the instruments.
type verdictMeter struct {
	m        *telemetry.Metrics
	provider string
}

// Verdict implements verdict.Meter.
func (v verdictMeter) Verdict(status decision.Status, reason decision.Reason, n int) {
	t := telemetry.NewTally(decision.StageVerdict)
	t.Add(status, reason, int64(n))
	v.m.AddTally(context.Background(), t)
}

// Asked implements verdict.Meter.
func (v verdictMeter) Asked(o verdict.Outcome, n int) {
	v.m.VerdictAsked(context.Background(), v.provider, o.String(), n)
}
