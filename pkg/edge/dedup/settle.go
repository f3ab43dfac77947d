package dedup

import (
	"context"
	"errors"
	"slices"

	"github.com/redis/go-redis/v9"
)

// Mark turns claims into marks, whoever holds them: the provider has answered.
// Repeating it changes nothing.
func (s *Store) Mark(ctx context.Context, reqs []Request) error {
	var (
		pack  = s.pack(reqs, 5)
		heads = make([]redis.StatusCmd, len(reqs))
		cmds  = make([]redis.Cmder, 0, len(reqs)+1)
	)
	for i := range reqs {
		pack.owners[i] = int64(reqs[i].Owner.Mark())
		heads[i] = *redis.NewStatusCmd(ctx, pack.of("set", &pack.keys[i], &pack.owners[i], "px", &pack.ttls[i])...)
		cmds = append(cmds, &heads[i])
	}
	return s.all(ctx, "marking deliveries", cmds)
}

// releaseScript deletes a key only while it holds the claim that the caller
// means: not another's, and not a mark.
const releaseScript = `if redis.pcall('get',KEYS[1])==ARGV[1] then return redis.call('del',KEYS[1]) end return 0`

// Release gives claims back where they are still the owner's and not marks, so
// that a corrected copy of the event can pass. Repeating it changes nothing.
func (s *Store) Release(ctx context.Context, reqs []Request) error {
	if err := s.release(ctx, reqs); err != nil {
		return unavailable("releasing claims", err)
	}
	return nil
}

// release asks in pieces: a batch that was read again may have thousands to give
// back, and a slow Redis that cannot answer all of them in time would be asked
// for the same ones for ever. What one piece gave back stays given back.
func (s *Store) release(ctx context.Context, reqs []Request) error {
	for piece := range slices.Chunk(reqs, releaseChunk) {
		pipe := s.redis.Pipeline()
		for _, r := range piece {
			pipe.Eval(ctx, releaseScript, []string{s.key(r.Key)}, int64(r.Owner.Claim()))
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// releaseChunk is how many claims one round trip gives back.
const releaseChunk = 250

// Renew gives claims and marks their TTL again. A key that is gone stays gone:
// the next [Store.Claim] finds out.
func (s *Store) Renew(ctx context.Context, reqs []Request) error {
	cmds := make([]redis.Cmder, 0, len(reqs)+1)
	for _, r := range reqs {
		cmds = append(cmds, redis.NewIntCmd(ctx, "pexpire", s.key(r.Key), milliseconds(r.TTL)))
	}
	return s.all(ctx, "renewing claims", cmds)
}

// all runs commands whose replies do not matter as long as they are no errors.
func (s *Store) all(ctx context.Context, doing string, cmds []redis.Cmder) error {
	if len(cmds) == 0 {
		return nil
	}
	if _, err := s.exec(ctx, cmds, 0); err != nil {
		return unavailable(doing, err)
	}
	for _, cmd := range cmds {
		if err := cmd.Err(); err != nil && !errors.Is(err, redis.Nil) {
			return unavailable(doing, err)
		}
	}
	return nil
}
