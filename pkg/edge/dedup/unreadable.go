package dedup

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// A claim that holds something else than a number, because another program
// writes to this Redis, says nothing about its event. It is one key that cannot
// be judged, and never a reason to give up the batch that asked for it: its
// [State] is Unreadable, and it is listed for whoever repairs it.

// maxUnreadable bounds the list.
const maxUnreadable = 1000

// errForeign is the error of a value that is no claim.
var errForeign = errors.New("not a claim")

// foreign tells whether a reply is a value that Sluice did not write.
func foreign(err error) bool {
	return errors.Is(err, errForeign) || redis.HasErrorPrefix(err, "WRONGTYPE")
}

// number64 reads a value that is a number.
func number64(cmd *redis.StringCmd) (int64, error) {
	value, err := cmd.Result()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return 0, errForeign
	}
	return n, nil
}

func (s *Store) unreadableList() string { return s.sentinel + ":unreadable" }

// note lists keys that are unreadable. It is best effort: they are met again.
func (s *Store) note(ctx context.Context, keys []Key) {
	if len(keys) == 0 {
		return
	}
	pipe := s.redis.Pipeline()
	for _, k := range keys {
		pipe.ZAdd(ctx, s.unreadableList(), redis.Z{Score: float64(time.Now().UnixMilli()), Member: hex.EncodeToString(k[:])})
	}
	pipe.ZRemRangeByRank(ctx, s.unreadableList(), 0, -maxUnreadable-1)
	_, _ = pipe.Exec(ctx) // whoever meets the key again lists it again
}

// Unreadable gives the Redis keys, in the notation of redis-cli, that were met
// holding something that is no claim and still do; at most 1,000.
func (s *Store) Unreadable(ctx context.Context) ([]string, error) {
	keys, err := s.foreignKeys(ctx)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = quoted(key)
	}
	return names, nil
}

// quoted writes a binary key as redis-cli reads it.
func quoted(key string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(key) {
		fmt.Fprintf(&b, `\x%02x`, key[i])
	}
	b.WriteByte('"')
	return b.String()
}

// foreignKeys are the listed keys that still hold something else.
func (s *Store) foreignKeys(ctx context.Context) ([]string, error) {
	const doing = "looking for claims that cannot be read"
	listed, err := s.redis.ZRange(ctx, s.unreadableList(), 0, -1).Result()
	if err != nil && !foreign(err) {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	pipe := s.redis.Pipeline()
	var keys []string
	var values []*redis.StringCmd
	for _, text := range listed {
		raw, err := hex.DecodeString(text)
		if err != nil || len(raw) != len(Key{}) {
			continue // not ours either
		}
		key := s.key(Key(raw))
		keys, values = append(keys, key), append(values, pipe.Get(ctx, key))
	}
	if len(keys) == 0 {
		return nil, nil
	}
	if _, err := pipe.Exec(ctx); err != nil && !answered(err) {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	still := keys[:0]
	for i, value := range values {
		if _, err := number64(value); foreign(err) {
			still = append(still, keys[i])
		}
	}
	return still, nil
}

// clear removes what is no claim, so that a rebuild can write what is.
func (s *Store) clear(ctx context.Context) error {
	keys, err := s.foreignKeys(ctx)
	if err != nil {
		return err
	}
	if err := s.redis.Del(ctx, append(keys, s.unreadableList())...).Err(); err != nil {
		return fmt.Errorf("removing %d claims that cannot be read: %w", len(keys), err)
	}
	return nil
}
