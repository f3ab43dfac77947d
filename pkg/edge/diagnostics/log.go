package diagnostics

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
	"github.com/sluicehq/sluice/pkg/edge/unready"
)

// Cluster is what of a cluster is needed to read its topics.
type Cluster interface {
	// OpenReader opens a reader; see reader.Open.
	OpenReader(ctx context.Context, cfg reader.Config) (*reader.Reader, error)
	// RequireTopics fails with *unready.Error where one of them is missing.
	RequireTopics(ctx context.Context, topics ...string) error
}

// Deps of what reads diagnostics.
type Deps struct {
	Cluster  Cluster
	Registry *codec.Registry
	// RegistryFix says what to do about a registry that failed with an error.
	RegistryFix func(error) string
	// Log receives records that cannot be read. Nil is silent.
	Log *slog.Logger
}

// Log is the diagnostics topic. It holds nothing open between calls and is safe
// for concurrent use.
type Log struct {
	topic   string
	deps    Deps
	decoder *codec.Decoder[decision.Decision]
}

// Open makes a Log of a topic. Nothing is read yet.
func Open(topic string, deps Deps) (*Log, error) {
	decoder, err := codec.Diagnostics(deps.Registry)
	if err != nil {
		return nil, err
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	return &Log{topic: topic, deps: deps, decoder: decoder}, nil
}

// Topic is its name.
func (l *Log) Topic() string { return l.topic }

// Search decodes the diagnostics that a search is about. What take is given is
// its own to keep where the search has Contains, and valid until it returns
// where it has none. Records that are no diagnostics are counted and passed
// over.
func (l *Log) Search(ctx context.Context, s Search, take func(*decision.Decision) error) (Searched, error) {
	var shared decision.Decision
	return SearchTopic(ctx, l.deps.Cluster, l.topic, s, func(value []byte) (bool, error) {
		d := &shared
		if s.Contains != nil {
			// A few of very many: their own memory, so that they do not keep whole
			// fetches alive.
			d, value = new(decision.Decision), bytes.Clone(value)
		}
		err := l.decoder.Decode(ctx, value, d)
		if errors.Is(err, codec.ErrSchemaPending) {
			return false, l.pending(err)
		}
		if err != nil {
			return false, nil //nolint:nilerr // counted as unreadable
		}
		return true, take(d)
	})
}

func (l *Log) pending(err error) error {
	return pending(l.topic, err, l.deps)
}

// pending is the error of a registry that does not give a schema.
func pending(topic string, err error, deps Deps) error {
	failed := &unready.Error{What: "the Schema Registry does not give the schema of " + topic, Err: err}
	if deps.RegistryFix != nil {
		failed.Fix = deps.RegistryFix(err)
	}
	return failed
}

// Each reads the diagnostics from a time on to where the topic ends now, in
// order within a partition. What a transaction that is still open has written
// is waited for, because it may be committed in the next moment. A record that
// is no diagnostic is logged, passed over and counted. A decision is valid until
// take returns. The zero time is everything that is kept.
func (l *Log) Each(ctx context.Context, since time.Time, take func(*decision.Decision)) (unread int, err error) {
	r, err := l.deps.Cluster.OpenReader(ctx, reader.Config{Topics: []string{l.topic}, From: kafka.At(since), To: reader.Written})
	if err != nil {
		return 0, err
	}
	defer r.Close()
	var d decision.Decision
	err = r.Each(ctx, func(r *kgo.Record) error {
		err := l.decoder.Decode(ctx, r.Value, &d)
		if _, bad := errors.AsType[*codec.DecodeError](err); bad {
			unread++
			l.deps.Log.Error("a record is no diagnostic; claims may be lost with it", "topic", r.Topic, "partition", r.Partition, "offset", r.Offset, "error", err)
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading diagnostic %s/%d@%d: %w", r.Topic, r.Partition, r.Offset, err)
		}
		take(&d)
		return nil
	}, nil)
	return unread, err
}

// From says what part of the diagnostics Tail reads.
type From struct {
	// Since is where to begin; Latest begins at the end.
	Since  time.Time
	Latest bool
	// Follow goes on where the topic ends.
	Follow bool
}

// To is where Tail gives the diagnostics.
type To struct {
	// Take is called for every decision; an error ends the reading with it. The
	// decision is valid until it returns.
	Take func(*decision.Decision) error
	// Bad is told about records that do not decode, and about what happens to
	// the topic meanwhile.
	Bad func(error)
	// Waiting is called once where the topic is followed and the reading begins.
	// Optional.
	Waiting func()
	// CaughtUp is called once where the topic is followed and what it held at
	// the beginning was given. Optional.
	CaughtUp func()
	// Idle is called after each batch, for output that is buffered. Optional.
	Idle func() error
}

// Tail reads the topic, and follows it where asked to until ctx ends. A record
// that does not decode is reported and passed over: it must not hide those
// behind it.
func (l *Log) Tail(ctx context.Context, from From, to To) error {
	if err := l.deps.Cluster.RequireTopics(ctx, l.topic); err != nil {
		return err
	}
	cfg := reader.Config{Topics: []string{l.topic}, From: kafka.At(from.Since)}
	switch {
	case from.Follow && from.Latest:
		cfg.From = kafka.Latest()
	case from.Since.UnixMilli() <= 0:
		cfg.From = kafka.Earliest()
	}
	if !from.Follow {
		cfg.To = reader.Stable
	} else {
		cfg.CaughtUp = to.CaughtUp
		cfg.Notice = func(n reader.Notice) { to.Bad(errors.New(n.String())) }
	}
	r, err := l.deps.Cluster.OpenReader(ctx, cfg)
	if err != nil {
		return err
	}
	defer r.Close()
	if from.Follow && to.Waiting != nil {
		to.Waiting()
	}
	var d decision.Decision
	return r.Each(ctx, func(r *kgo.Record) error {
		err := l.decoder.Decode(ctx, r.Value, &d)
		if errors.Is(err, codec.ErrSchemaPending) {
			return l.pending(err)
		}
		if err != nil {
			to.Bad(fmt.Errorf("reading diagnostic %s/%d@%d: %w", r.Topic, r.Partition, r.Offset, err))
			return nil
		}
		return to.Take(&d)
	}, to.Idle)
}
