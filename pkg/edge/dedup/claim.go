package dedup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Request is about one claim.
type Request struct {
	Key   Key
	Owner Owner // a claim, not a mark
	// TTL of the claim; at least a millisecond.
	TTL time.Duration
	// Renew gives a claim that exists the TTL again, whoever has it. It is for
	// claims that mostly stand.
	Renew bool
}

// State is what a claim turned out to be.
type State uint8

// The states of a claim.
const (
	// Taken: there was none, it is ours now.
	Taken State = iota + 1
	// Own: it was ours; this record is being read again.
	Own
	// OwnDelivered: our mark; the provider has the event.
	OwnDelivered
	// Duplicate: another record's claim.
	Duplicate
	// Delivered: another record's mark.
	Delivered
	// Unreadable: the key holds something that is no claim, so that nobody knows
	// who owns the event and whether it was sent. [Store.Unreadable] lists it.
	Unreadable
	stateCount
)

// States is how many states there are, for tables by state.
const States = int(stateCount)

var stateNames = [States]string{"", "taken", "own", "own_delivered", "duplicate", "delivered", "unreadable"}

// String is the state in lower case, for logs.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "state " + strconv.Itoa(int(s))
}

// Result of one Request.
type Result struct {
	State State
	// Holder is who has the claim: the request's own owner unless State is
	// Duplicate or Delivered; nobody where it is Unreadable.
	Holder Owner
}

// Claims is the outcome of one [Store.Claim], to be checked before what
// depends on it is committed.
type Claims struct {
	// Results in the order of the requests.
	Results []Result

	epoch int64
	taken []Request
}

// Claim takes claims in one round trip; where some are to be renewed and are
// gone, in two. Requests for the same key are judged in order. On an error,
// which is an [ErrUnavailable], nothing may be relied on; claims that were taken
// are given back where that is possible, and where not, repeating the call
// finds them as Own.
func (s *Store) Claim(ctx context.Context, reqs []Request) (Claims, error) {
	if !slices.ContainsFunc(reqs, func(r Request) bool { return r.Renew }) {
		return s.obtain(ctx, reqs, s.known.Load())
	}
	claims, err := s.standing(ctx, reqs)
	if err != nil {
		return Claims{}, err
	}
	var gone []int
	var rest []Request
	for i := range claims.Results {
		if claims.Results[i].State == 0 {
			gone, rest = append(gone, i), append(rest, reqs[i])
		}
	}
	if len(gone) == 0 {
		return claims, nil
	}
	taken, err := s.obtain(ctx, rest, claims.epoch)
	if err != nil {
		return Claims{}, err
	}
	for n, i := range gone {
		claims.Results[i] = taken.Results[n]
	}
	claims.taken = taken.taken
	return claims, nil
}

// standing reads and renews, with one command each, the claims that are to be
// renewed. Those that are gone, and the others, have no state in the result.
func (s *Store) standing(ctx context.Context, reqs []Request) (Claims, error) {
	var (
		pack  = s.pack(reqs, 4)
		heads = make([]redis.StringCmd, len(reqs))
		cmds  = make([]redis.Cmder, 0, len(reqs)+2)
	)
	for i := range reqs {
		if reqs[i].Renew {
			heads[i] = *redis.NewStringCmd(ctx, pack.of("getex", &pack.keys[i], "px", &pack.ttls[i])...)
			cmds = append(cmds, &heads[i])
		}
	}
	const doing = "renewing claims"
	epoch, err := s.exec(ctx, cmds, s.known.Load())
	if err != nil {
		return Claims{}, unavailable(doing, err)
	}
	claims := Claims{Results: make([]Result, len(reqs)), epoch: epoch}
	for i := range heads {
		if !reqs[i].Renew {
			continue
		}
		result, err := answer(&heads[i], reqs[i].Owner.Claim())
		if err != nil {
			return Claims{}, unavailable(doing, err)
		}
		if result.State != Taken { // there is none
			claims.Results[i] = result
		}
	}
	s.noteUnreadable(ctx, reqs, claims.Results)
	return claims, nil
}

// obtain takes claims under the given ready number; zero: any.
func (s *Store) obtain(ctx context.Context, reqs []Request, epoch int64) (Claims, error) {
	var (
		pack  = s.pack(reqs, 7)
		heads = make([]redis.StringCmd, len(reqs))
		cmds  = make([]redis.Cmder, 0, len(reqs)+2)
	)
	for i := range reqs {
		heads[i] = *redis.NewStringCmd(ctx, pack.of("set", &pack.keys[i], &pack.owners[i], "nx", "get", "px", &pack.ttls[i])...)
		cmds = append(cmds, &heads[i])
	}
	epoch, err := s.exec(ctx, cmds, epoch)
	claims := Claims{Results: make([]Result, len(reqs)), epoch: epoch}
	for i := range heads {
		result, bad := answer(&heads[i], reqs[i].Owner.Claim())
		if bad != nil {
			if err == nil {
				err = bad
			}
			continue
		}
		claims.Results[i] = result
		if result.State == Taken {
			claims.taken = append(claims.taken, reqs[i])
		}
	}
	if err != nil {
		return Claims{}, s.withdraw(ctx, claims, unavailable("taking claims", err))
	}
	s.noteUnreadable(ctx, reqs, claims.Results)
	return claims, nil
}

func (s *Store) noteUnreadable(ctx context.Context, reqs []Request, results []Result) {
	var keys []Key
	for i := range results {
		if results[i].State == Unreadable {
			keys = append(keys, reqs[i].Key)
		}
	}
	s.note(ctx, keys)
}

// answer reads the reply of one SET NX GET, or of a GET.
func answer(cmd *redis.StringCmd, mine Owner) (Result, error) {
	n, err := number64(cmd)
	switch {
	case errors.Is(err, redis.Nil):
		return Result{State: Taken, Holder: mine}, nil
	case foreign(err):
		return Result{State: Unreadable}, nil
	case err != nil:
		return Result{}, err
	}
	holder := Owner(n)
	switch {
	case holder == mine:
		return Result{State: Own, Holder: mine}, nil
	case holder.Same(mine):
		return Result{State: OwnDelivered, Holder: mine}, nil
	case holder.Delivered():
		return Result{State: Delivered, Holder: holder.Claim()}, nil
	default:
		return Result{State: Duplicate, Holder: holder}, nil
	}
}

// exec runs a pipeline whose last commands read the server's replication id and
// the sentinel, on the connection that the claims took. redis.Nil is an answer
// like any other here; which command failed is the caller's to find.
func (s *Store) exec(ctx context.Context, cmds []redis.Cmder, epoch int64) (int64, error) {
	var info *redis.StringCmd
	if !s.silent.Load() {
		info = redis.NewStringCmd(ctx, "info", "replication")
		cmds = append(cmds, info)
	}
	last := redis.NewStringCmd(ctx, "get", s.sentinel)
	pipe := s.redis.Pipeline()
	if err := pipe.BatchProcess(ctx, append(cmds, last)...); err != nil {
		return 0, err
	}
	_, execErr := pipe.Exec(ctx)
	value, err := last.Result()
	if err == nil || errors.Is(err, redis.Nil) {
		return s.judge(value, err, s.replication(info), epoch)
	}
	return 0, errors.Join(err, execErr)
}

// replication is the id in an answer of INFO. A server that refuses the command
// is not asked again with every batch; [Store.CheckServer] warns of it.
func (s *Store) replication(info *redis.StringCmd) string {
	if info == nil {
		return ""
	}
	text, err := info.Result()
	if err != nil {
		s.silent.Store(answered(err))
		return ""
	}
	_, rest, _ := strings.Cut(text, "master_replid:")
	id, _, _ := strings.Cut(rest, "\n")
	return strings.TrimRight(id, "\r")
}

// Check says, right before a commit, whether claims still stand: nil, or an
// [ErrUnavailable] after giving the new ones back.
func (s *Store) Check(ctx context.Context, claims Claims) error {
	if _, err := s.exec(ctx, nil, claims.epoch); err != nil {
		return s.withdraw(ctx, claims, unavailable("checking claims", err))
	}
	return nil
}

// withdraw gives back the new claims of a batch that is given up. What cannot
// be given back is found as Own when the batch is read again.
func (s *Store) withdraw(ctx context.Context, claims Claims, cause error) error {
	if len(claims.taken) == 0 {
		return cause
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := s.release(ctx, claims.taken); err != nil {
		return fmt.Errorf("%w (giving %d claims back: %w)", cause, len(claims.taken), err)
	}
	return cause
}

func (s *Store) key(k Key) string { return s.prefix + string(k[:]) }

func milliseconds(d time.Duration) int64 { return max(d.Milliseconds(), 1) }
