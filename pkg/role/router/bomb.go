package router

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
)

// maxBombLetters bounds the dead letters of one batch. Its header says how many
// records it has, and whoever wrote it chooses the header.
const maxBombLetters = 1_000

// Bomb turns a batch that unpacks to too much into a dead letter and a decision
// (event.too_large) for each of its offsets. The records stay in the input
// topic: they are named by their coordinates, with no bytes and no key. Where
// the batch claims more than maxBombLetters, the last one names the rest.
func (s *Session) Bomb(ctx context.Context, b transact.Bomb) ([]*kgo.Record, error) {
	s.begin()
	p, err := s.pass(ctx, decision.StageRouter)
	if err != nil {
		return nil, err
	}
	for offset := b.First; offset < b.Next; offset++ {
		detail := fmt.Sprintf("its compressed batch (offsets %d to %d) unpacks to more than %d bytes", b.First, b.Next-1, kafka.MaxUnpackedBatchBytes)
		last := offset-b.First == maxBombLetters-1 && offset < b.Next-1
		if last {
			detail += fmt.Sprintf("; this stands for all offsets from %d on", offset)
		}
		record := &kgo.Record{Topic: b.Topic, Partition: b.Partition, Offset: offset}
		s.decision = s.deps.Recorder.Unread(coordinates(record, event.TopicID(b.ID), p.now), p.stage, "", "", decision.EventTooLarge, detail, p.now)
		it := s.add(record)
		if err := s.deadLetter(&p, it); err != nil {
			return nil, err
		}
		s.describe(it)
		if last {
			break
		}
	}
	return s.finish(ctx, &p)
}
