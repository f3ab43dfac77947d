package router

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/decision"
	"github.com/sluicehq/sluice/pkg/dedup"
	"github.com/sluicehq/sluice/pkg/event"
	"github.com/sluicehq/sluice/pkg/gate"
	"github.com/sluicehq/sluice/pkg/kafka/transact"
	"github.com/sluicehq/sluice/pkg/resource"
)

// claim notes that an eligible case wants its claim. The key is the same for
// every record that means the same thing to the provider, the owner is this
// record: reading it again after a crash finds its own claim and goes on.
func (s *Session) claim(it *item, c *gate.Case, r *gate.Result) error {
	owner, err := ownerOf(c.Event.Origin)
	if err != nil {
		return err
	}
	d := &it.delivery
	key := keyOf(c, r.Built.ClaimID)
	window := c.Route.Destination.Dedup.WindowMS
	d.ClaimKey, d.ClaimOwner = [16]byte(key), int64(owner)
	if r.Built.Adjust {
		d.PlainKey = [16]byte(keyOf(c, r.Built.PlainClaimID))
		d.NewestKey = [16]byte(dedup.AdjustmentKey(c.Event.CustomerID, c.Route.Mapping.DestinationID, c.Route.Target.Target, r.Built.PlainClaimID))
	}
	it.decision.ClaimKey, it.decision.ClaimWindowMS = [16]byte(key), window
	s.requests = append(s.requests, dedup.Request{Key: key, Owner: owner, TTL: time.Duration(window) * time.Millisecond})
	s.owners = append(s.owners, len(s.items)-1)
	return nil
}

// keyOf keeps shadow mode apart: trying a destination out must not take the
// claims of the real thing.
func keyOf(c *gate.Case, id string) dedup.Key {
	d := c.Route.Destination
	shadow := d != nil && d.Mode == resource.ModeShadow
	return dedup.NewKey(shadow, c.Event.CustomerID, c.Route.Mapping.DestinationID, c.Route.Target.Target, id)
}

func ownerOf(at event.Coordinates) (dedup.Owner, error) {
	owner, err := dedup.NewOwner([16]byte(at.TopicID), at.Partition, at.Offset)
	if err != nil {
		return 0, fmt.Errorf("naming the owner of %s: %w", at, err)
	}
	return owner, nil
}

// takeClaims asks Redis once for the whole batch and turns what others own
// into duplicates. Claims come after every gate and before the transaction.
func (s *Session) takeClaims(ctx context.Context) error {
	if len(s.stale) > 0 {
		if err := s.deps.Claims.Release(ctx, s.stale); err != nil {
			return s.unavailable(err)
		}
	}
	if len(s.requests) == 0 {
		return nil
	}
	claimed, err := s.deps.Claims.Claim(ctx, s.requests)
	if err != nil {
		return s.unavailable(err)
	}
	s.claimed, s.sure = claimed, true
	for i, result := range claimed.Results {
		it := &s.items[s.owners[i]]
		switch result.State {
		case dedup.Taken, dedup.Own:
		case dedup.OwnDelivered, dedup.Delivered:
			it.becomeDuplicate(decision.DuplicateDelivered, result.Holder)
		default:
			it.becomeDuplicate(it.duplicate, result.Holder)
		}
	}
	return nil
}

// BeforeCommit asks whether the claims of the batch still stand: Redis may
// have been emptied since, and then others may own the same events.
func (s *Session) BeforeCommit(ctx context.Context) error {
	if !s.sure {
		return nil
	}
	if err := s.deps.Claims.Check(ctx, s.claimed); err != nil {
		return s.unavailable(err)
	}
	return nil
}

// unavailable applies the installation's choice: wait, or go on and say so.
func (s *Session) unavailable(err error) error {
	if s.cfg.Bypass && errors.Is(err, dedup.ErrUnavailable) {
		s.deps.Log.Warn("routing without claims: Redis is unavailable and dedup.on_unavailable is bypass", "error", err)
		return nil
	}
	return fmt.Errorf("%w: claiming events: %w", transact.ErrWait, err)
}

func (it *item) becomeDuplicate(reason decision.Reason, owner dedup.Owner) {
	it.queued = false
	d := &it.decision
	d.Status, d.Reason = decision.Duplicate, reason
	d.DuplicateOf = owner.String()
	d.Message = reason.Info().Sentence
	d.ID = decision.NewID(d.Source, d.DestinationID, d.Mapping, d.Stage, d.Status, d.ReplayID, 0)
}

// releaseStale gives back a claim that this very record may hold from an
// earlier reading, whose batch died after claiming: today's decision is
// negative, and a corrected copy must be able to pass.
func (s *Session) releaseStale(c *gate.Case) {
	built, ok := gate.ClaimOf(c, &s.scratch)
	if !ok {
		return
	}
	owner, err := ownerOf(c.Event.Origin)
	if err != nil {
		return // an owner that cannot be named has never claimed
	}
	s.stale = append(s.stale, dedup.Request{Key: keyOf(c, built.ClaimID), Owner: owner})
}

// rereads knows which records may have been read before by somebody who took
// claims and died: those of the first batch's length after a partition was
// assigned, and every batch that is tried again.
type rereads struct {
	again bool
	since map[string]map[int32]int64 // first offset seen in this assignment
	limit int64
}

func newRereads() rereads {
	return rereads{since: make(map[string]map[int32]int64), limit: maxBatchRecords}
}

// maxBatchRecords bounds what one batch can have claimed; see
// transact.Config.MaxRecords, of which it is the default.
const maxBatchRecords = 10_000

func (r *rereads) batch(b *transact.Batch) {
	r.again = b.Attempt > 1
	for topic, partitions := range r.since {
		for p := range partitions {
			if !b.Assignment.Has(topic, p) {
				delete(partitions, p)
			}
		}
	}
}

func (r *rereads) maybeClaimed(record *kgo.Record) bool {
	partitions := r.since[record.Topic]
	if partitions == nil {
		partitions = make(map[int32]int64)
		r.since[record.Topic] = partitions
	}
	first, known := partitions[record.Partition]
	if !known || record.Offset < first {
		first = record.Offset
		partitions[record.Partition] = first
	}
	return r.again || record.Offset-first < r.limit
}
