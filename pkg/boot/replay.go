package boot

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/unready"
	"github.com/sluicehq/sluice/pkg/ops/deadletter"
	"github.com/sluicehq/sluice/pkg/role/replay"
)

// replayTransaction begins the transactional ids of replays, as the topology's
// operator role allows it.
const replayTransaction = "sluice-cli-replay-"

type claimStore = dedup.Store

// ReplayOptions of Replay.
type ReplayOptions struct {
	// ID of a replay; empty makes one.
	ID         string
	Definition replay.Definition
	// Resume: only the id was given; the definition is the stored one.
	Resume bool
	DryRun bool
	Rate   float64
	Author string
	// Begin is told what will be done, before anything is. Optional.
	Begin    func(replay.State)
	Progress func(replay.Progress)
}

// ReplayRefused says why a replay does not begin although everything is there.
type ReplayRefused struct{ Why string }

// Error says why.
func (e *ReplayRefused) Error() string { return e.Why }

var replayID = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$`)

// Replay sends again what was not delivered, or, in a dry run, says what it
// would send.
func (e *Env) Replay(ctx context.Context, o ReplayOptions) (replay.State, error) {
	state, err := e.replayState(ctx, &o)
	if err != nil || state.Phase == replay.Complete {
		return state, err
	}
	claims, err := e.readyClaims(ctx)
	if err != nil {
		return state, err
	}
	if !o.DryRun {
		held, lease, err := claims.Lease(ctx, "replay", state.ID+" ("+e.Instance()+", process "+strconv.Itoa(os.Getpid())+")")
		if err != nil {
			return state, replayLease(err)
		}
		ctx = held
		defer func() { _ = lease.Release(ctx) }() // it runs out by itself
	}
	if state.Places == nil {
		if state.Places, err = e.replayPlaces(ctx, &state.Definition); err != nil {
			return state, err
		}
	}
	return e.runReplay(ctx, &o, state, claims)
}

func replayLease(err error) error {
	if leased := (*dedup.LeasedError)(nil); errors.As(err, &leased) {
		return &unready.Error{
			What: "another replay runs: " + leased.By,
			Fix:  "wait for it, or interrupt it; the lease of one that was killed ends within 30 s",
		}
	}
	return err
}

// replayState is what is stored under the id, or a new state.
func (e *Env) replayState(ctx context.Context, o *ReplayOptions) (replay.State, error) {
	if o.ID != "" && !replayID.MatchString(o.ID) {
		return replay.State{}, &ReplayRefused{"a replay's id consists of a-z, 0-9 and -, at most 48 of them"}
	}
	states, err := e.states().All(ctx)
	if err != nil {
		return replay.State{}, err
	}
	stored, exists := states[replay.Kind][o.ID]
	switch {
	case o.ID != "" && exists:
		state, err := replay.StateOf(&stored)
		if err == nil && !o.Resume && state.Definition.Asked != o.Definition.Asked {
			err = &ReplayRefused{"the replay " + o.ID + " exists and was asked for something else: " + state.Definition.Asked}
		}
		return state, err
	case o.Resume:
		return replay.State{}, &ReplayRefused{"there is no replay " + o.ID + "; known are " + listed(states[replay.Kind])}
	}
	state := replay.State{ID: o.ID, Definition: o.Definition, Author: o.Author, UpdatedAt: e.Now().UnixMilli()}
	if state.ID == "" {
		state.ID = e.newReplayID()
	}
	return state, o.Definition.Validate()
}

func listed(states map[string]codec.State) string {
	if len(states) == 0 {
		return "none"
	}
	return fmt.Sprint(slices.Sorted(maps.Keys(states)))
}

func (e *Env) newReplayID() string {
	var b [2]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return e.Now().UTC().Format("20060102-150405") + "-" + hex.EncodeToString(b[:])
}

// runReplay runs a replay beside the tables that it decides with.
func (e *Env) runReplay(ctx context.Context, o *ReplayOptions, state replay.State, claims *dedup.Store) (replay.State, error) {
	cfg, deps, err := e.replayParts(ctx, o, &state, claims)
	if err != nil {
		return state, err
	}
	tables, err := e.tables(0, state.Definition.From == replay.FromDeadLetters)
	if err != nil {
		return state, err
	}
	// The tables outlive an interruption: the batch in hand is finished.
	following, stop := context.WithCancel(context.WithoutCancel(ctx))
	var follower sync.WaitGroup
	var failed error
	follower.Go(func() { failed = tables.Run(following, nil) })
	defer func() { stop(); follower.Wait() }()
	deps.Tables, deps.SubjectKeys = tables, tables
	if err := e.firstView(ctx, tables); err != nil {
		return state, err
	}
	kafkaConfig, err := e.Cluster.Kafka()
	if err != nil {
		return state, err
	}
	if o.Begin != nil {
		o.Begin(state)
	}
	cfg.MaxBytes = int(kafkaConfig.MaxMessageBytes())
	state, err = replay.Run(ctx, cfg, replay.RunConfig{
		Kafka: kafkaConfig, TransactionalID: replayTransaction + state.ID, Rate: o.Rate, Progress: o.Progress, Notice: e.Cluster.Noticed,
	}, deps, state)
	stop()
	follower.Wait()
	if cause := context.Cause(ctx); errors.Is(cause, dedup.ErrLeaseLost) {
		err = errors.Join(err, fmt.Errorf("the replay %s was interrupted, run it again with --id %s: %w", state.ID, state.ID, cause))
	}
	return state, errors.Join(err, failed)
}

// viewer gives a view of the tables.
type viewer interface {
	Await(ctx context.Context) (gate.View, error)
}

// firstView waits until the tables can be used at all.
func (e *Env) firstView(ctx context.Context, tables viewer) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if _, err := tables.Await(ctx); err != nil {
		return &unready.Error{What: "the tables of resources and consent cannot be read", Err: err, Fix: "run `sluice doctor`"}
	}
	return nil
}

func (e *Env) replayParts(ctx context.Context, o *ReplayOptions, state *replay.State, claims *dedup.Store) (replay.Config, replay.Deps, error) {
	cfg := replay.Config{ID: state.ID, Definition: state.Definition, DryRun: o.DryRun, Topics: e.Names, Input: e.Config.Topics.Input}
	deps := replay.Deps{Claims: claims, Now: e.Now}
	id, err := e.inputID(ctx)
	if err != nil {
		return cfg, deps, err
	}
	cfg.InputID = id
	if deps.Events, err = e.Events(); err != nil {
		return cfg, deps, err
	}
	registry, err := e.Registry.Codec()
	if err != nil {
		return cfg, deps, err
	}
	if deps.Deliveries, err = codec.Deliveries(registry); err != nil {
		return cfg, deps, err
	}
	if deps.DeadLetters, err = codec.DeadLetters(registry); err != nil {
		return cfg, deps, err
	}
	if deps.Recorder, err = e.recorder(); err != nil {
		return cfg, deps, err
	}
	if deps.Seals, err = e.seals(); err != nil {
		return cfg, deps, err
	}
	if deps.Writer, err = e.toolWriter(ctx); err != nil {
		return cfg, deps, err
	}
	if deps.Discarded, err = deadletter.GivenUp(ctx, e.states()); err != nil {
		return cfg, deps, err
	}
	deps.History, err = e.History(ctx, dedup.HistoryBefore(state.Definition.Since))
	return cfg, deps, err
}

// inputID is Kafka's id of the input topic, which claims are owned by.
func (e *Env) inputID(ctx context.Context) (event.TopicID, error) {
	input := e.Config.Topics.Input
	if err := e.Cluster.RequireTopics(ctx, input); err != nil {
		return event.TopicID{}, err
	}
	admin, err := e.Cluster.Admin(ctx)
	if err != nil {
		return event.TopicID{}, err
	}
	topics, err := admin.ListTopics(ctx, input)
	if err != nil {
		return event.TopicID{}, fmt.Errorf("asking for the id of %s: %w", input, err)
	}
	return event.TopicID(topics[input].ID), nil
}
