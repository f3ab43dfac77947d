package dedup

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

// Pending says for every key whether somebody has claimed it and the provider
// has not answered yet. An adjustment waits while that is so for the event
// that it adjusts. Nothing is taken and nothing is renewed.
func (s *Store) Pending(ctx context.Context, keys []Key) ([]bool, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	cmds := make([]redis.Cmder, 0, len(keys)+1)
	heads := make([]*redis.StringCmd, len(keys))
	for i, k := range keys {
		heads[i] = redis.NewStringCmd(ctx, "get", s.key(k))
		cmds = append(cmds, heads[i])
	}
	const doing = "reading claims"
	if _, err := s.exec(ctx, cmds, 0); err != nil {
		return nil, unavailable(doing, err)
	}
	pending := make([]bool, len(keys))
	for i, cmd := range heads {
		owner, err := number64(cmd)
		switch {
		case errors.Is(err, redis.Nil):
		case foreign(err):
			pending[i] = true // it may be; whoever claims it lists it
		case err != nil:
			return nil, unavailable(doing, err)
		default:
			pending[i] = !Owner(owner).Delivered()
		}
	}
	return pending, nil
}
