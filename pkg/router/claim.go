package router

import (
	"context"
	"errors"
	"fmt"

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
func (s *Session) claim(it *item, c *gate.Case, r *gate.Result) {
	d := &it.delivery
	key := keyOf(c, r.Built.ClaimID)
	owner := ownerOf(c.Event.Origin)
	window := c.Route.Destination.Dedup.WindowMS
	d.ClaimKey, d.ClaimOwner = [16]byte(key), int64(owner)
	if r.Built.Adjust {
		d.PlainKey = [16]byte(keyOf(c, r.Built.PlainClaimID))
		d.NewestKey = [16]byte(newestKeyOf(c, r.Built.PlainClaimID))
	}
	it.decision.ClaimKey, it.decision.ClaimWindowMS = [16]byte(key), window
	s.requests = append(s.requests, dedup.Request{Key: key, Owner: owner, TTLMS: window})
	s.owners = append(s.owners, len(s.items)-1)
}

// keyOf keeps shadow mode apart: trying a destination out must not take the
// claims of the real thing.
func keyOf(c *gate.Case, id string) dedup.Key {
	return dedup.NewKey(space(c), c.Event.CustomerID, c.Route.Mapping.DestinationID, c.Route.Target.Target, id)
}

func newestKeyOf(c *gate.Case, id string) dedup.Key {
	return dedup.NewKey(dedup.Newest, c.Event.CustomerID, c.Route.Mapping.DestinationID, c.Route.Target.Target, id)
}

func space(c *gate.Case) dedup.Space {
	if c.Route.Destination != nil && c.Route.Destination.Mode == resource.ModeShadow {
		return dedup.Shadow
	}
	return dedup.Live
}

func ownerOf(at event.Coordinates) dedup.Owner {
	return dedup.NewOwner([16]byte(at.TopicID), at.Partition, at.Offset)
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
	var err error
	if s.results, err = s.deps.Claims.Claim(ctx, s.requests, s.results[:0]); err != nil {
		return s.unavailable(err)
	}
	for i, result := range s.results {
		it := &s.items[s.owners[i]]
		switch result.State {
		case dedup.Taken, dedup.Own:
		case dedup.OwnMark, dedup.OtherMark:
			it.becomeDuplicate(decision.DuplicateDelivered, result.Owner)
		default:
			it.becomeDuplicate(it.duplicate, result.Owner)
		}
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
	d.ID = decision.NewID(d.Source, d.Mapping, d.Stage, d.Status, d.ReplayID, 0)
}

// releaseStale gives back a claim that this very record may hold from an
// earlier reading, whose batch died after claiming: today's decision is
// negative, and a corrected copy must be able to pass.
func (s *Session) releaseStale(c *gate.Case) {
	built, ok := gate.ClaimOf(c, &s.scratch)
	if !ok {
		return
	}
	s.stale = append(s.stale, dedup.Request{Key: keyOf(c, built.ClaimID), Owner: ownerOf(c.Event.Origin)})
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
