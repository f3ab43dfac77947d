package dedup

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// witnessEvery is how often a witness is written.
const witnessEvery = time.Hour

// Window tells how far back claims reach: window where nothing was evicted,
// else less. Call it now and then, from any number of processes.
//
// Redis does not say what it has evicted, and managed services do not even say
// how much. So each hour leaves a witness that lives as long as a claim of that
// hour, and a list of them, which has no time to live and is never evicted: the
// age of the youngest witness that is gone before its time is how far back
// claims can be relied on. A Redis that was emptied has neither, and what a
// rebuild restored is complete.
func (s *Store) Window(ctx context.Context, now time.Time, window time.Duration) (time.Duration, error) {
	hour := now.UnixMilli() / witnessEvery.Milliseconds()
	// Witnesses of the oldest hours may be about to end by themselves.
	oldest := hour - int64(window/witnessEvery) + 1
	list := s.sentinel + ":witnesses"
	pipe := s.redis.Pipeline()
	added := pipe.ZAdd(ctx, list, redis.Z{Score: float64(hour), Member: hour})
	pipe.ZRemRangeByScore(ctx, list, "-inf", "("+strconv.FormatInt(oldest, 10))
	known := pipe.ZRange(ctx, list, 0, -1)
	if _, err := pipe.Exec(ctx); err != nil {
		return 0, unavailable("reading the witnesses of the claim window", err)
	}
	if added.Val() > 0 {
		if err := s.redis.Set(ctx, s.witness(strconv.FormatInt(hour, 10)), 1, window).Err(); err != nil {
			// The list names a witness that is not there: it would count as evicted.
			return 0, errors.Join(unavailable("writing a witness of the claim window", err), s.redis.ZRem(ctx, list, hour).Err())
		}
	}
	return s.reach(ctx, hour, window, known.Val())
}

// reach is the age of the youngest witness that is gone.
func (s *Store) reach(ctx context.Context, hour int64, window time.Duration, hours []string) (time.Duration, error) {
	keys := make([]string, len(hours))
	for i, h := range hours {
		keys[i] = s.witness(h)
	}
	found, err := s.redis.MGet(ctx, keys...).Result()
	if err != nil {
		return 0, unavailable("reading the witnesses of the claim window", err)
	}
	for i := len(hours) - 1; i >= 0; i-- {
		if at, err := strconv.ParseInt(hours[i], 10, 64); found[i] == nil && err == nil && at < hour {
			return min(window, time.Duration(hour-at)*witnessEvery), nil
		}
	}
	return window, nil
}

func (s *Store) witness(hour string) string { return s.sentinel + ":witness:" + hour }
