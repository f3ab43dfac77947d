package dedup

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// Look says what [Store.Claim] would answer, and takes nothing: Taken means
// that the claim is free. It is for dry runs.
func (s *Store) Look(ctx context.Context, reqs []Request) ([]Result, error) {
	if len(reqs) == 0 {
		return nil, nil
	}
	cmds := make([]redis.Cmder, 0, len(reqs)+1)
	heads := make([]*redis.StringCmd, len(reqs))
	for i, r := range reqs {
		heads[i] = redis.NewStringCmd(ctx, "get", s.key(r.Key))
		cmds = append(cmds, heads[i])
	}
	const doing = "looking at claims"
	if _, err := s.exec(ctx, cmds, 0); err != nil {
		return nil, unavailable(doing, err)
	}
	results := make([]Result, len(reqs))
	for i, cmd := range heads {
		result, err := answer(cmd, reqs[i].Owner.Claim())
		if err != nil {
			return nil, unavailable(doing, err)
		}
		results[i] = result
	}
	return results, nil
}
