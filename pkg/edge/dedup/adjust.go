package dedup

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// Adjustment is the event time of an adjustment of one transaction.
type Adjustment struct {
	Key  Key // an AdjustmentKey
	Time time.Time
	TTL  time.Duration
}

// Newest returns, for every key, the event time of the newest adjustment that
// was sent, zero where none was. An adjustment older than that must not be
// sent: it would undo a newer one.
func (s *Store) Newest(ctx context.Context, keys []Key) ([]time.Time, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	cmds := make([]redis.Cmder, 0, len(keys)+1)
	heads := make([]*redis.StringCmd, len(keys))
	for i, k := range keys {
		heads[i] = redis.NewStringCmd(ctx, "get", s.key(k))
		cmds = append(cmds, heads[i])
	}
	const doing = "reading the newest adjustments"
	if _, err := s.exec(ctx, cmds, 0); err != nil {
		return nil, unavailable(doing, err)
	}
	out := make([]time.Time, len(keys))
	for i, cmd := range heads {
		ms, err := number64(cmd)
		switch {
		case errors.Is(err, redis.Nil), foreign(err): // nothing is known to be newer
		case err != nil:
			return nil, unavailable(doing, err)
		default:
			out[i] = time.UnixMilli(ms).UTC()
		}
	}
	return out, nil
}

// advanceScript keeps the largest value. Milliseconds are far below 2^53, so
// Lua's numbers hold them.
// What is no number is replaced.
const advanceScript = `local v=redis.pcall('get',KEYS[1]) if type(v)=='string' then v=tonumber(v) else v=nil end ` +
	`if v and v>=tonumber(ARGV[1]) then return redis.call('pexpire',KEYS[1],ARGV[2]) end ` +
	`redis.call('set',KEYS[1],ARGV[1],'px',ARGV[2]) return 1`

// Advance records adjustments that the provider has taken. A time that is not
// newer than the one recorded changes nothing but the TTL.
func (s *Store) Advance(ctx context.Context, as []Adjustment) error {
	cmds := make([]redis.Cmder, 0, len(as)+1)
	for _, a := range as {
		cmds = append(cmds, redis.NewCmd(ctx, "eval", advanceScript, 1, s.key(a.Key), a.Time.UnixMilli(), milliseconds(a.TTL)))
	}
	return s.all(ctx, "recording adjustments", cmds)
}
