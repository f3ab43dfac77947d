package dedup

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// server is what a server says about the data that it holds. A replica that
// becomes the primary takes a new replication id and keeps every key that had
// reached it, the sentinel among them: only the id tells that acknowledged
// claims may be gone. A server that restarts takes a new one, too, and may have
// lost what its disk did not have yet.
type server struct {
	// replication is master_replid; empty where the server does not tell.
	replication string
	// run is run_id, which lasts as long as the process; empty where not asked for.
	run string
	// second is master_replid2, the id before a promotion; zeros where there was none.
	second string
	// role is "master" or "slave".
	role     string
	version  string // redis_version
	replicas int    // connected_slaves
	cluster  bool
}

// noSecond is master_replid2 of a server that was never promoted, or that has
// been without replicas for repl-backlog-ttl (an hour) since.
const noSecond = "0000000000000000000000000000000000000000"

// parseServer reads the sections server, replication and cluster of INFO.
func parseServer(info string) server {
	var id server
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch name {
		case "master_replid":
			id.replication = value
		case "master_replid2":
			id.second = value
		case "run_id":
			id.run = value
		case "redis_version":
			id.version = value
		case "role":
			id.role = value
		case "connected_slaves":
			id.replicas, _ = strconv.Atoi(value) // what is no number is no replica that could be waited for
		case "cluster_enabled":
			id.cluster = value == "1"
		}
	}
	return id
}

// identify asks the server who it is. One that forbids INFO is an empty answer.
func (s *Store) identify(ctx context.Context) (server, error) {
	pipe := s.redis.Pipeline()
	life, replication, cluster := pipe.Info(ctx, "server"), pipe.Info(ctx, "replication"), pipe.Info(ctx, "cluster")
	if _, err := pipe.Exec(ctx); err != nil && !answered(err) {
		return server{}, fmt.Errorf("asking redis for its replication id: %w", err)
	}
	return parseServer(life.Val() + "\n" + replication.Val() + "\n" + cluster.Val()), nil
}

// answered tells an error that the server itself gave, such as NOPERM, from one
// of the way to it.
func answered(err error) bool {
	var said redis.Error
	return errors.As(err, &said)
}

// readiness is a sentinel's value "ready:<number>[:<replication id>:<run id>]".
type readiness struct {
	number      int64
	replication string
	run         string
}

func (r readiness) String() string {
	text := readyPrefix + strconv.FormatInt(r.number, 10)
	if r.replication != "" {
		text += ":" + r.replication + ":" + r.run
	}
	return text
}

func parseReadiness(value string) (readiness, bool) {
	rest, ok := strings.CutPrefix(value, readyPrefix)
	if !ok {
		return readiness{}, false
	}
	number, ids, _ := strings.Cut(rest, ":")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n <= 0 {
		return readiness{}, false
	}
	replication, run, _ := strings.Cut(ids, ":")
	return readiness{number: n, replication: replication, run: run}, true
}

// otherServer tells whether the claims were declared complete on another server,
// or by another life of this one, than the one with this replication id. A
// server that does not tell its id is taken for the same.
func (r readiness) otherServer(replication string) bool {
	return r.replication != "" && replication != "" && r.replication != replication
}

// adopt keeps the ready number where the server has taken a new replication id
// without having lost anything: the same process, never promoted, gives its old
// id up an hour after its last replica went (repl-backlog-ttl). It also notes
// the id where the sentinel has none.
func (s *Store) adopt(ctx context.Context, was string, id server) (bool, error) {
	r, ok := parseReadiness(was)
	if !ok || id.replication == "" {
		return false, nil
	}
	sameLife := r.run != "" && r.run == id.run && id.role == "master" && id.second == noSecond
	if r.replication != "" && !sameLife {
		return false, nil
	}
	r.replication, r.run = id.replication, id.run
	if err := s.cas(ctx, was, r.String(), 0); err != nil {
		return false, fmt.Errorf("noting the replication id: %w", err)
	}
	return true, nil
}

// Replicas says how many replicas the server has, and how many of them have
// what was written until now.
type Replicas struct{ Connected, Current int }

// Replicated writes a key and waits at most the given time, rounded to
// milliseconds, until every replica has it (WAIT). It is a signal and no
// promise: a replica that was current may be behind with the next claim.
func (s *Store) Replicated(ctx context.Context, atMost time.Duration) (Replicas, error) {
	info, err := s.redis.Info(ctx, "replication").Result()
	if err != nil {
		return Replicas{}, fmt.Errorf("asking redis for its replicas: %w", err)
	}
	r := Replicas{Connected: parseServer(info).replicas}
	if r.Connected == 0 {
		return r, nil
	}
	pipe := s.redis.Pipeline() // one connection: WAIT speaks of what the same connection wrote
	pipe.Set(ctx, s.sentinel+":beat", time.Now().UnixMilli(), time.Minute)
	waited := pipe.Do(ctx, "wait", r.Connected, milliseconds(atMost))
	if _, err := pipe.Exec(ctx); err != nil {
		return r, fmt.Errorf("waiting for the replicas of redis: %w", err)
	}
	current, err := waited.Int()
	if err != nil {
		return r, fmt.Errorf("waiting for the replicas of redis: %w", err)
	}
	r.Current = min(current, r.Connected)
	return r, nil
}
