package dedup

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// forgetScript deletes a key while it holds the owner's claim or the owner's
// mark: not another's.
const forgetScript = `local v=redis.call('get',KEYS[1]) if v==ARGV[1] or v==ARGV[2] then return redis.call('del',KEYS[1]) end return 0`

// Forget gives claims and marks back where they are the owner's: the provider
// took the event and refused it later, so that a corrected copy, or a replay,
// can pass. [Store.Release] never touches a mark. Repeating it changes
// nothing, unless the same input record was delivered again in between.
func (s *Store) Forget(ctx context.Context, reqs []Request) error {
	cmds := make([]redis.Cmder, 0, len(reqs)+1)
	for _, r := range reqs {
		cmds = append(cmds, redis.NewCmd(ctx, "eval", forgetScript, 1, s.key(r.Key), int64(r.Owner.Claim()), int64(r.Owner.Mark())))
	}
	return s.all(ctx, "forgetting refused deliveries", cmds)
}
