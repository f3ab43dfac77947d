package boot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
	"github.com/sluicehq/sluice/pkg/edge/lifecycle"
	"github.com/sluicehq/sluice/pkg/edge/table"
	"github.com/sluicehq/sluice/pkg/edge/telemetry"
	"github.com/sluicehq/sluice/pkg/role/router"
)

// unmapped are the words of diagnostics.unmapped.
var unmapped = map[string]router.Unmapped{"count": router.CountUnmapped, "sample": router.SampleUnmapped, "all": router.AllUnmapped}

// recorder describes decisions with the installation's privacy key.
func (e *Env) recorder() (gate.Recorder, error) {
	key, err := e.Config.Privacy.Key.Resolve()
	if err != nil {
		return gate.Recorder{}, fmt.Errorf("reading privacy.key: %w", err)
	}
	return gate.Recorder{Pseudonym: identity.NewPseudonym(e.Config.Privacy.KeyID, []byte(key.Reveal())), AppVersion: e.Version}, nil
}

// routerRoles are the sessions of the router and the loop of the hold topic.
func (e *Env) routerRoles(ctx context.Context, tables *table.Tables, tel *telemetry.Telemetry, claims *dedup.Store) ([]lifecycle.Role, error) {
	cfg, deps, err := e.routerParts(ctx, tables, tel, claims)
	if err != nil {
		return nil, err
	}
	c := e.Config.Router
	start, err := kafka.ParsePosition(c.Start)
	if err != nil {
		return nil, err
	}
	base, err := e.Cluster.Kafka()
	if err != nil {
		return nil, err
	}
	base.Hooks = tel.KafkaHooks()
	var roles []lifecycle.Role
	for i := range c.Sessions {
		role, err := e.restarting(ctx, tel, func(context.Context) (lifecycle.Role, func() error, error) {
			session := router.NewSession(cfg, deps, decision.StageRouter)
			return e.loop("router-"+strconv.Itoa(i), decision.StageRouter, session, session.Route, tel, transact.Config{
				Kafka: base, Group: c.Group, Topics: []string{e.Config.Topics.Input}, Start: start,
				TransactionalID: c.Group + "-" + e.Instance() + "-" + strconv.Itoa(i),
				MaxRecords:      c.Batch.Records, MaxBytes: c.Batch.Bytes.Int(), MaxWait: c.Batch.Wait.Std(),
			})
		})
		if err != nil {
			return nil, err
		}
		roles = append(roles, role)
	}
	role, err := e.restarting(ctx, tel, func(context.Context) (lifecycle.Role, func() error, error) {
		hold := router.NewSession(cfg, deps, decision.StageHold)
		return e.loop("hold", decision.StageHold, hold, hold.Release, tel, transact.Config{
			Kafka: base, Group: c.Hold.Group, Topics: []string{e.Names.Hold()}, Delay: c.Hold.After.Std(),
			TransactionalID: c.Hold.Group + "-" + e.Instance(),
			MaxRecords:      c.Batch.Records, MaxBytes: c.Batch.Bytes.Int(), MaxWait: c.Batch.Wait.Std(),
		})
	})
	if err != nil {
		return nil, err
	}
	return append(roles, role), nil
}

func (e *Env) routerParts(ctx context.Context, tables *table.Tables, tel *telemetry.Telemetry, claims *dedup.Store) (router.Config, router.Deps, error) {
	events, err := e.Events()
	if err != nil {
		return router.Config{}, router.Deps{}, err
	}
	registry, err := e.Registry.Codec()
	if err != nil {
		return router.Config{}, router.Deps{}, err
	}
	holds, err := codec.Holds(registry)
	if err != nil {
		return router.Config{}, router.Deps{}, err
	}
	writer, err := e.Writer(ctx)
	if err != nil {
		return router.Config{}, router.Deps{}, err
	}
	recorder, err := e.recorder()
	if err != nil {
		return router.Config{}, router.Deps{}, err
	}
	seals, err := e.seals()
	if err != nil {
		return router.Config{}, router.Deps{}, err
	}
	cfg := router.Config{
		Outlets:  router.NewOutlets(e.Names, slices.Sorted(maps.Keys(e.Providers()))),
		Unmapped: unmapped[e.Config.Diagnostics.Unmapped], SampleRate: e.Config.Diagnostics.SampleRate,
		Bypass: e.Config.Dedup.OnUnavailable == "bypass", MaxRecords: e.Config.Router.Batch.Records,
	}
	return cfg, router.Deps{
		Tables: tables, Events: events, Claims: meteredClaims{claims, tel.Metrics}, Holds: holds, Writer: writer,
		Recorder: recorder, Seals: seals, SubjectKeys: tables, Now: e.Now, Meter: tel.Metrics, Tracing: tel.Tracing, Log: tel.Logger,
	}, nil
}

// loop makes a role of one session.
func (e *Env) loop(name string, stage decision.Stage, session *router.Session, work transact.Work, tel *telemetry.Telemetry, cfg transact.Config) (lifecycle.Role, func() error, error) {
	seen := &observedLoop{name: name, stage: stage.String()}
	observer := &loopObserver{name: name, stage: stage, session: session, tel: tel, log: tel.Logger, seen: seen}
	deps := transact.Deps{
		Work: func(ctx context.Context, b transact.Batch) ([]*kgo.Record, error) {
			seen.hold(b)
			return work(ctx, b)
		},
		BeforeCommit: session.BeforeCommit, Now: e.Now, Log: tel.Logger.With("loop", name), Observer: observer,
		Oversized: session.Oversized,
	}
	if stage == decision.StageRouter { // nobody else writes to the other topics
		deps.Bomb = session.Bomb
	}
	l, err := transact.New(cfg, deps)
	if err != nil {
		return nil, nil, err
	}
	seen.loop = l
	e.observed.addLoop(seen)
	return lifecycle.Func(name, l.Ready(), func(ctx context.Context, drain <-chan struct{}) error {
		err := l.Run(ctx, drain)
		if errors.Is(err, transact.ErrFenced) {
			return fmt.Errorf("%w\n  fix: another live process has the same router.instance %q; give each its own (SLUICE_ROUTER_INSTANCE)", err, e.Instance())
		}
		return err
	}), nil, nil
}

// loopObserver passes on what happens in a loop.
type loopObserver struct {
	transact.NoObserver
	name    string
	stage   decision.Stage
	session *router.Session
	tel     *telemetry.Telemetry
	log     *slog.Logger
	seen    *observedLoop
}

// Committed implements transact.Observer.
func (o *loopObserver) Committed(c transact.Commit) {
	o.seen.oldest.Store(0)
	o.session.Committed(context.Background())
	o.tel.Metrics.Transaction(context.Background(), o.name, telemetry.TransactionCommitted, c.Read, c.Transaction)
}

// Aborted implements transact.Observer.
func (o *loopObserver) Aborted(transact.Abort) {
	o.tel.Metrics.Transaction(context.Background(), o.name, telemetry.TransactionAborted, 0, 0)
}

// GaveUp implements transact.Observer. The loop itself logs why.
func (o *loopObserver) GaveUp(error) {
	o.tel.Metrics.Transaction(context.Background(), o.name, telemetry.TransactionGivenUp, 0, 0)
}

// LostRange implements transact.Observer.
func (o *loopObserver) LostRange(l transact.LostRange) {
	o.log.Error("records were deleted before they were read", "reason", decision.SourceLost.String(),
		"topic", l.Topic, "partition", l.Partition, "from", l.From, "to", l.To, "fix", decision.SourceLost.Info().Fix)
	o.tel.Metrics.LostRecords(context.Background(), o.stage, max(l.To-l.From, 0))
}

// Bomb implements transact.Observer. The loop itself logs which batch it is.
func (o *loopObserver) Bomb(transact.Bomb) { o.tel.Metrics.OversizedBatch(context.Background()) }

// Recreated implements transact.Observer.
func (o *loopObserver) Recreated(r transact.Recreated) {
	o.log.Warn("a topic was deleted and created again", "reason", decision.SourceRecreated.String(), "topic", r.Topic)
}
