package transact

import (
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// Bomb is a compressed batch of the input that unpacks to more than
// kafka.MaxUnpackedBatchBytes. The client reads none of its records, and never
// reads on behind it by itself.
type Bomb struct {
	Topic     string
	ID        TopicID // zero where the cluster is too old to have ids
	Partition int32
	// First is the batch's first offset, Next the one behind its last.
	First, Next int64
}

// String says where the batch is and what is wrong with it.
func (b Bomb) String() string {
	return fmt.Sprintf("the batch of %s/%d at offsets %d to %d unpacks to more than %d MiB",
		b.Topic, b.Partition, b.First, b.Next-1, kafka.MaxUnpackedBatchBytes>>20)
}

// errBombAgain is why a client is made anew that has met a batch which it
// cannot read and goes back in front of it: it would never read that partition
// again.
var errBombAgain = errors.New("going back in front of a batch that unpacks to too much")

// bombOf reads the client's error.
func (r run) bombOf(err error) (Bomb, bool) {
	tooLarge, ok := errors.AsType[*kgo.ErrDecompressTooLarge](err)
	if !ok {
		return Bomb{}, false
	}
	return Bomb{
		Topic: tooLarge.Topic, ID: r.l.pos.known()[tooLarge.Topic], Partition: tooLarge.Partition,
		First: tooLarge.Offset, Next: tooLarge.NextOffset,
	}, true
}

// skip writes what the Bomb hook makes of a batch and the offset behind it in
// one transaction. Everything in front of it is committed by then: the client
// stops at the batch, and skip comes after the transaction of what was polled
// with it. The client's own commit knows polled records only, so the offset is
// added by hand. The client is made anew afterwards, which begins behind the
// batch, or in front of it where nothing was committed.
func (r run) skip(b Bomb) error {
	l := r.l
	if l.deps.Bomb == nil {
		return fmt.Errorf("reading: %s, and nobody takes it; delete the records up to offset %d", b, b.Next)
	}
	records, err := l.deps.Bomb(r.ctx, b)
	switch {
	case r.ctx.Err() != nil:
		return errDrained
	case errors.Is(err, ErrWait): // nothing is in hand that could be rewound
		l.status.failed(err)
		l.observer.GaveUp(err)
		l.pause(r.ctx, r.drain)
		return nil
	case err != nil:
		return fmt.Errorf("passing over a batch: %s: %w", b, err)
	}
	if err := l.fit(records); err != nil {
		return err
	}
	began := time.Now()
	if err := r.commitSkip(b, records); err != nil {
		l.observer.Aborted(Abort{Reason: "bomb", Err: err})
		return &doubt{fmt.Errorf("passing over a batch: %s: %w", b, err)}
	}
	l.observer.Bomb(b)
	l.observer.Committed(Commit{Written: len(records), Transaction: time.Since(began)})
	return &doubt{fmt.Errorf("reading on behind a batch: %s", b)}
}

func (r run) commitSkip(b Bomb, records []*kgo.Record) error {
	s, ctx := r.s, r.lasting
	if err := s.gts.Begin(); err != nil {
		return fmt.Errorf("beginning transaction: %w", err)
	}
	written := &round{}
	for _, rec := range records {
		s.gts.Produce(ctx, rec, written.done)
	}
	err := s.cl.Flush(ctx)
	if err = errors.Join(err, written.err()); err == nil {
		err = r.commitOffset(b)
	}
	if err != nil {
		_, endErr := s.gts.End(ctx, kgo.TryAbort)
		return errors.Join(err, endErr)
	}
	committed, err := s.gts.End(kgo.PreTxnCommitFnContext(ctx, func(req *kmsg.TxnOffsetCommitRequest) error {
		b.raise(req)
		return r.l.pos.annotate(req)
	}), kgo.TryCommit)
	if err == nil && !committed {
		err = errors.New("partitions moved meanwhile")
	}
	return err
}

// raise puts the offset behind the batch into the client's own commit of the
// same transaction, where that has the partition: the client may commit once
// more what it polled in front of the batch, and the last word counts.
func (b Bomb) raise(req *kmsg.TxnOffsetCommitRequest) {
	for i := range req.Topics {
		t := &req.Topics[i]
		for j := range t.Partitions {
			if t.Topic == b.Topic && t.Partitions[j].Partition == b.Partition {
				t.Partitions[j].Offset, t.Partitions[j].LeaderEpoch = max(b.Next, t.Partitions[j].Offset), -1
			}
		}
	}
}

// commitOffset adds the offset behind a batch to the transaction, as this
// member of the group.
func (r run) commitOffset(b Bomb) error {
	cfg := r.l.cfg
	id, epoch, err := r.s.cl.ProducerID(r.lasting)
	if err != nil {
		return fmt.Errorf("reading the producer id: %w", err)
	}
	add := kmsg.NewPtrAddOffsetsToTxnRequest()
	add.TransactionalID, add.ProducerID, add.ProducerEpoch, add.Group = cfg.TransactionalID, id, epoch, cfg.Group
	added, err := add.RequestWith(r.lasting, r.s.cl)
	if err == nil {
		err = kerr.ErrorForCode(added.ErrorCode)
	}
	if err != nil {
		return fmt.Errorf("adding the group to the transaction: %w", err)
	}
	commit := kmsg.NewPtrTxnOffsetCommitRequest()
	commit.TransactionalID, commit.ProducerID, commit.ProducerEpoch, commit.Group = cfg.TransactionalID, id, epoch, cfg.Group
	commit.MemberID, commit.Generation = r.s.cl.GroupMetadata()
	if cfg.InstanceID != "" {
		commit.InstanceID = &cfg.InstanceID
	}
	meta := commitMetadata(b.ID)
	part := kmsg.NewTxnOffsetCommitRequestTopicPartition()
	part.Partition, part.Offset, part.Metadata = b.Partition, b.Next, &meta
	topic := kmsg.NewTxnOffsetCommitRequestTopic()
	topic.Topic, topic.TopicID, topic.Partitions = b.Topic, b.ID, append(topic.Partitions, part)
	commit.Topics = append(commit.Topics, topic)
	resp, err := commit.RequestWith(r.lasting, r.s.cl)
	if err != nil {
		return fmt.Errorf("committing the offset behind it: %w", err)
	}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return fmt.Errorf("committing the offset behind it: %w", err)
			}
		}
	}
	return nil
}
