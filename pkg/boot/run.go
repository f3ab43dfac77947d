package boot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/admin"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/lifecycle"
	"github.com/sluicehq/sluice/pkg/edge/table"
	"github.com/sluicehq/sluice/pkg/edge/telemetry"
	"github.com/sluicehq/sluice/pkg/edge/unready"
)

// Roles says what a process does.
type Roles struct {
	Router bool
	// Senders are providers, by name.
	Senders []string
	// Monitor judges alerts from the diagnostics.
	Monitor bool
}

// claim says whether a role of them claims events in Redis; the monitor only
// reads Kafka.
func (r Roles) claim() bool { return r.Router || len(r.Senders) > 0 }

// expect makes the counters exist that must never count.
func (r Roles) expect(ctx context.Context, m *telemetry.Metrics) {
	var stages []decision.Stage
	if r.Router {
		stages = append(stages, decision.StageRouter, decision.StageHold)
	}
	if len(r.Senders) > 0 {
		stages = append(stages, decision.StageSender)
	}
	m.Expect(ctx, stages...)
}

// RunOptions of Run beside the configuration.
type RunOptions struct {
	Sender SenderOptions
	// Output receives the log.
	Output io.Writer
	// Ready is called once every role does its work. Optional.
	Ready func()
}

// AllSenders names every provider that the configuration asks for, or that the
// binary knows.
func (e *Env) AllSenders() []string {
	if len(e.Config.Sender.Run) > 0 {
		return e.Config.Sender.Run
	}
	return slices.Sorted(maps.Keys(e.Providers()))
}

// Run runs roles until drain is closed and they have finished what is in hand,
// or ctx ends. It returns nil for both.
func (e *Env) Run(ctx context.Context, drain <-chan struct{}, roles Roles, o RunOptions) (err error) {
	tel, err := telemetry.New(ctx, telemetry.Config{Telemetry: e.Config.Telemetry, Version: e.Version, Instance: e.Instance()}, telemetry.Deps{Output: o.Output})
	if err != nil {
		return err
	}
	defer func() {
		flush, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err = errors.Join(err, tel.Shutdown(flush))
	}()
	e.Log = tel.Logger
	e.metrics.Store(tel.Metrics)
	roles.expect(ctx, tel.Metrics)
	phase := &starting{}
	stopAdmin, err := e.serveAdmin(ctx, tel, phase)
	if err != nil {
		return err
	}
	defer stopAdmin()
	until, settled := lifecycle.Waiting(ctx, drain)
	defer settled()
	store, tables, err := e.foundation(until, roles)
	if err != nil {
		return unlessDrained(until, tel, err)
	}
	// Tables and claims outlive the roles: draining needs both.
	below, stop := context.WithCancel(ctx)
	var keepers sync.WaitGroup
	defer keepers.Wait()
	defer stop()
	if roles.claim() {
		keepers.Go(func() { e.keepClaims(below, store, tel.Metrics) })
	}
	following := make(chan error, 1)
	working, refuse := context.WithCancelCause(ctx)
	defer refuse(nil)
	keepers.Go(func() { following <- e.keepTables(below, tables, refuse) })

	e.observed.tables, e.observed.now, e.observed.window, e.observed.replicasBehind = tables, e.Now, e.claimWindow, e.replicasBehind
	group, err := e.group(until, roles, tables, tel, store, o)
	if err != nil {
		return unlessDrained(until, tel, err)
	}
	settled()
	phase.run(tables, group)
	unwatch, err := e.observed.watch(tel.Metrics)
	if err != nil {
		return err
	}
	defer unwatch()
	keepers.Go(func() { announce(below, group, o.Ready) })
	err = group.Run(working, drain)
	stop()
	return errors.Join(err, <-following)
}

// announce calls ready, if there is one, once every role does its work.
func announce(ctx context.Context, group *lifecycle.Group, ready func()) {
	select {
	case <-group.Ready():
		if ready != nil {
			ready()
		}
	case <-ctx.Done():
	}
}

// unlessDrained is the error of a start, or nil where somebody ended it: nothing
// was in hand yet.
func unlessDrained(until context.Context, tel *telemetry.Telemetry, err error) error {
	if !errors.Is(context.Cause(until), lifecycle.ErrDrained) {
		return err
	}
	tel.Logger.Info("told to stop before the roles ran; nothing was in hand", "waited_for", err)
	return nil
}

// foundation checks what every role stands on before it starts.
func (e *Env) foundation(ctx context.Context, roles Roles) (*dedup.Store, *table.Tables, error) {
	if err := e.CheckTopics(ctx); err != nil {
		return nil, nil, err
	}
	store, err := e.Claims()
	if err != nil {
		return nil, nil, err
	}
	if roles.claim() {
		if err := e.checkRedis(ctx, store); err != nil {
			return nil, nil, err
		}
	}
	tables, err := e.tablesOf(ctx, roles)
	return store, tables, err
}

// checkRedis refuses a Redis that would lose claims silently.
func (e *Env) checkRedis(ctx context.Context, store *dedup.Store) error {
	report, err := store.CheckServer(ctx)
	if err != nil {
		return &unready.Error{What: "Redis does not answer at " + e.Config.Redis.Address, Err: err, Fix: "start Redis, or correct redis.address (--redis)"}
	}
	if !e.embeddedRedis {
		for _, warning := range report.Warnings {
			e.Log.Warn("Redis could not be checked completely", "detail", warning)
		}
	}
	if refusal := report.Refusal(); refusal != nil {
		return &unready.Error{What: "Redis is not fit to hold claims: " + refusal.Error(), Fix: "see docs/operations.md, section Redis"}
	}
	return nil
}

func (e *Env) group(ctx context.Context, roles Roles, tables *table.Tables, tel *telemetry.Telemetry, store *dedup.Store, o RunOptions) (*lifecycle.Group, error) {
	var all []lifecycle.Role
	if roles.Router {
		routers, err := e.routerRoles(ctx, tables, tel, store)
		if err != nil {
			return nil, err
		}
		all = append(all, routers...)
	}
	known := e.Providers()
	for _, name := range roles.Senders {
		p, ok := known[name]
		if !ok {
			return nil, fmt.Errorf("starting a sender: no provider is called %q; known are %v", name, slices.Sorted(maps.Keys(known)))
		}
		senders, err := e.senderRoles(ctx, p, tables, tel, store, o.Sender)
		if err != nil {
			return nil, err
		}
		all = append(all, senders...)
	}
	if roles.Monitor {
		monitor, err := e.monitorRole(ctx, tables, tel)
		if err != nil {
			return nil, err
		}
		all = append(all, monitor)
	}
	return lifecycle.New("sluice", lifecycle.Config{DrainTimeout: e.Config.Shutdown.Drain.Std(), Log: tel.Logger}, all...)
}

// serveAdmin starts the operators' endpoint; the function that it returns
// stops it and waits.
func (e *Env) serveAdmin(ctx context.Context, tel *telemetry.Telemetry, phase *starting) (func(), error) {
	if e.Config.Admin.Listen == admin.Off {
		return func() {}, nil
	}
	server, err := admin.New(ctx, admin.Config{Listen: e.Config.Admin.Listen}, admin.Deps{
		Logger: tel.Logger, Metrics: tel.Handler(), Now: e.Now,
		Ready:  phase.checks,
		Status: func() any { return phase.status(e) },
	})
	if err != nil {
		return nil, &unready.Error{What: "the admin endpoint cannot listen", Err: err, Fix: "give each process on a machine its own admin.listen (SLUICE_ADMIN_LISTEN), or off"}
	}
	tel.Logger.Info("the admin endpoint listens", telemetry.KeyAddress, server.Addr())
	ctx, stop := context.WithCancel(ctx)
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := server.Run(ctx); err != nil {
			tel.Logger.Error("the admin endpoint failed", "error", err)
		}
	})
	return func() { stop(); serving.Wait() }, nil
}

func checks(tables *table.Tables, group *lifecycle.Group) []admin.Check {
	var all []admin.Check
	for _, t := range tables.Status() {
		all = append(all, admin.Check{Name: "table/" + t.Name, OK: t.Ready, Detail: t.Problem})
	}
	for _, s := range group.States() {
		all = append(all, admin.Check{Name: "role/" + s.Name, OK: s.Running && s.Ready, Detail: s.Error})
	}
	return all
}
