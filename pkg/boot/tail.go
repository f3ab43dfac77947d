package boot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
)

// TailFrom says what part of the diagnostics is read.
type TailFrom struct {
	// Since is where to begin; Latest begins at the end.
	Since  time.Time
	Latest bool
	// Follow goes on where the topic ends.
	Follow bool
}

// TailTo is where the diagnostics go.
type TailTo struct {
	// Take is called for every decision; an error ends the reading with it. The
	// decision is valid until it returns.
	Take func(*decision.Decision) error
	// Bad is told about records that do not decode, and about what happens to
	// the topic meanwhile.
	Bad func(error)
	// Waiting is called once where the topic is followed and the reading begins.
	// Optional.
	Waiting func()
	// Idle is called after each batch, for output that is buffered.
	Idle func() error
}

// TailDiagnostics reads the diagnostics topic, and follows it where asked to
// until ctx ends. A record that does not decode is reported and passed over: it
// must not hide those behind it.
func (e *Env) TailDiagnostics(ctx context.Context, from TailFrom, to TailTo) error {
	topic := e.Names.Diagnostics()
	if err := e.RequireTopics(ctx, topic); err != nil {
		return err
	}
	registry, err := e.Registry()
	if err != nil {
		return err
	}
	decoder, err := codec.Diagnostics(registry)
	if err != nil {
		return err
	}
	var d decision.Decision
	take := func(r *kgo.Record) error {
		err := decoder.Decode(ctx, r.Value, &d)
		if errors.Is(err, codec.ErrSchemaPending) {
			return &NotReadyError{What: "the Schema Registry does not give the schema of " + topic, Err: err, Fix: e.registryFix(err)}
		}
		if err != nil {
			to.Bad(fmt.Errorf("reading diagnostic %s/%d@%d: %w", r.Topic, r.Partition, r.Offset, err))
			return nil
		}
		return to.Take(&d)
	}
	if !from.Follow {
		return e.EachRecord(ctx, topic, from.Since, take)
	}
	return e.follow(ctx, topic, from, take, to)
}

func (e *Env) follow(ctx context.Context, topic string, from TailFrom, take func(*kgo.Record) error, to TailTo) error {
	position := kafka.At(from.Since)
	switch {
	case from.Latest:
		position = kafka.Latest()
	case from.Since.UnixMilli() <= 0:
		position = kafka.Earliest()
	}
	r, err := e.openReader(ctx, reader.Config{Topics: []string{topic}, From: position, Notice: func(n reader.Notice) { to.Bad(errors.New(n.String())) }})
	if err != nil {
		return err
	}
	defer r.Close()
	if to.Waiting != nil {
		to.Waiting()
	}
	return r.Each(ctx, take, to.Idle)
}
