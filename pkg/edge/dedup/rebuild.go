package dedup

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Entry is one claim or mark to restore, with what is left of its time.
type Entry struct {
	Key   Key
	Owner Owner // a mark where the event was delivered
	TTL   time.Duration
}

// Rebuilt says what a rebuild has written.
type Rebuilt struct {
	Claims, Marks int
	// Lost counts what the caller could not read: claims that may be missing.
	Lost int
	// Skipped is true where nothing was to do: Redis was ready.
	Skipped bool
}

const rebuildChunk = 1000

// casScript sets the sentinel only while it has the value that the caller
// means; a zero time to live is none.
const casScript = `if redis.call('get',KEYS[1])~=ARGV[1] then return 0 end ` +
	`if ARGV[3]=='0' then redis.call('set',KEYS[1],ARGV[2]) else redis.call('set',KEYS[1],ARGV[2],'px',ARGV[3]) end return 1`

// Rebuild makes Redis complete: it takes the lease, writes every entry of
// source (claims only where nothing stands, marks over anything), and declares
// Redis ready under a new number. A first installation is a rebuild from an
// empty source. Unless force is set it does nothing when Redis is ready.
//
// While another instance holds the lease it returns a *RebuildingError; if
// this one dies, the lease expires and another may start over. An error of
// source ends it, and leaves Redis unavailable.
func (s *Store) Rebuild(ctx context.Context, force bool, source iter.Seq2[Entry, error]) (Rebuilt, error) {
	mine := rebuildingPrefix + s.instance + "/" + strconv.FormatInt(number(), 36)
	before, err := s.identify(ctx)
	if err != nil {
		return Rebuilt{}, err
	}
	took, err := s.take(ctx, mine, force, before)
	if err != nil {
		return Rebuilt{}, fmt.Errorf("taking the rebuild lease: %w", err)
	}
	if !took {
		return Rebuilt{Skipped: true}, nil
	}
	held, cancel := context.WithCancelCause(ctx)
	var keeper sync.WaitGroup
	keeper.Go(func() { s.keep(held, cancel, mine) })
	defer func() {
		cancel(nil)
		keeper.Wait()
	}()
	if err := s.clear(held); err != nil {
		return Rebuilt{}, err
	}
	done, err := s.replay(held, mine, source)
	if cause := context.Cause(held); err != nil && errors.Is(cause, ErrLeaseLost) {
		err = cause
	}
	if err != nil {
		return done, fmt.Errorf("rebuilding claims (%d claims and %d marks so far): %w", done.Claims, done.Marks, err)
	}
	if err := s.declare(ctx, mine, before); err != nil {
		return done, fmt.Errorf("declaring claims ready: %w", err)
	}
	return done, nil
}

// declare ends a rebuild. What was written to a server that is no longer the
// same may be gone, with the lease still there: then it begins again when the
// lease has run out.
func (s *Store) declare(ctx context.Context, mine string, before server) error {
	after, err := s.identify(ctx)
	if err != nil {
		return err
	}
	if after.replication != before.replication {
		return ErrFailedOver
	}
	r := readiness{number: number(), replication: after.replication, run: after.run}
	if err := s.cas(ctx, mine, r.String(), 0); err != nil {
		return err
	}
	s.known.Store(r.number)
	return nil
}

// take gets the lease; false without an error means that Redis is ready.
func (s *Store) take(ctx context.Context, mine string, force bool, at server) (bool, error) {
	was, err := s.redis.Do(ctx, "set", s.sentinel, mine, "nx", "get", "px", milliseconds(s.lease)).Text()
	if errors.Is(err, redis.Nil) {
		return true, nil // there was nothing, it is ours
	}
	if err != nil {
		return false, err
	}
	_, err = s.judge(was, nil, at.replication, 0)
	if err != nil && !errors.Is(err, ErrFailedOver) {
		return false, err
	}
	if !force {
		kept, adoptErr := s.adopt(ctx, was, at)
		if adoptErr != nil || kept || err == nil {
			return false, adoptErr
		}
	}
	return true, s.cas(ctx, was, mine, s.lease)
}

// keep renews the lease until ctx ends, and ends ctx when it is lost.
func (s *Store) keep(ctx context.Context, cancel context.CancelCauseFunc, mine string) {
	t := time.NewTicker(s.lease / 3)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if err := s.cas(ctx, mine, mine, s.lease); errors.Is(err, ErrLeaseLost) {
				cancel(err)
				return
			} // any other error is tried again until the lease runs out, which the writes notice
		}
	}
}

// replay writes the entries in pipelines that end by reading the lease.
func (s *Store) replay(ctx context.Context, mine string, source iter.Seq2[Entry, error]) (Rebuilt, error) {
	var (
		done  Rebuilt
		chunk = make([]Entry, 0, rebuildChunk)
	)
	for e, err := range source {
		if err != nil {
			return done, fmt.Errorf("reading what to restore: %w", err)
		}
		if e.TTL <= 0 {
			continue // it would have expired by now
		}
		if chunk = append(chunk, e); len(chunk) < rebuildChunk {
			continue
		}
		if err := s.write(ctx, mine, chunk, &done); err != nil {
			return done, err
		}
		chunk = chunk[:0]
	}
	return done, s.write(ctx, mine, chunk, &done)
}

func (s *Store) write(ctx context.Context, mine string, chunk []Entry, done *Rebuilt) error {
	pipe := s.redis.Pipeline()
	for _, e := range chunk {
		args := []any{"set", s.key(e.Key), int64(e.Owner), "px", milliseconds(e.TTL)}
		if e.Owner.Delivered() {
			done.Marks++
		} else {
			args = append(args, "nx")
			done.Claims++
		}
		pipe.Do(ctx, args...)
	}
	lease := pipe.Get(ctx, s.sentinel)
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	if value, err := lease.Result(); err != nil || value != mine {
		return ErrLeaseLost
	}
	return nil
}

// cas replaces the sentinel, or returns ErrLeaseLost.
func (s *Store) cas(ctx context.Context, from, to string, ttl time.Duration) error {
	n, err := s.redis.Eval(ctx, casScript, []string{s.sentinel}, from, to, ttl.Milliseconds()).Int()
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrLeaseLost
	}
	return nil
}

// number is positive and never the same twice: the previous one is lost with
// everything else when Redis is emptied.
func number() int64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return int64(binary.BigEndian.Uint64(b[:])>>1 | 1)
}
