package dedup

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ServerReport is what [Store.CheckServer] found out about the server.
type ServerReport struct {
	// Version and Policy are "unknown" where the server does not say: managed
	// services often forbid CONFIG and INFO.
	Version, Policy string
	// Problems must be fixed; Warnings could not be checked, or are worth a change.
	// Each says what to do.
	Problems, Warnings []string

	cluster bool
}

// ErrCluster says why a node of a Redis cluster is refused.
var ErrCluster = errors.New("the server is a node of a Redis cluster: one batch of claims would reach several primaries, " +
	"and the one key that says whether claims are complete cannot speak for all of them; use one primary with replicas (Sentinel)")

// Refusal is the reason why no role may run on this server, or nil.
func (r ServerReport) Refusal() error {
	switch {
	case r.cluster:
		return ErrCluster
	case len(r.Problems) > 0:
		return errors.New(r.Problems[0])
	default:
		return nil
	}
}

const unknown = "unknown"

// CheckServer looks at the server's version, eviction policy, role and replicas. The error is
// only about not reaching it.
func (s *Store) CheckServer(ctx context.Context) (ServerReport, error) {
	r := ServerReport{Version: unknown, Policy: unknown}
	if err := s.redis.Ping(ctx).Err(); err != nil {
		return r, fmt.Errorf("reaching redis: %w", err)
	}
	id, err := s.identify(ctx)
	if err != nil {
		return r, err
	}
	if id.version != "" {
		r.Version = id.version
	}
	r.Policy = s.setting(ctx, "maxmemory-policy")
	r.judgeReplication(id, s.setting(ctx, "min-replicas-to-write"))
	r.judge()
	return r, nil
}

func (r *ServerReport) judge() {
	major, _, _ := strings.Cut(r.Version, ".")
	if n, err := strconv.Atoi(major); err != nil {
		r.Warnings = append(r.Warnings, "the server does not tell its version; claims need Redis 7 or later, where SET takes NX and GET together")
	} else if n < 7 {
		r.Problems = append(r.Problems, fmt.Sprintf("the server is Redis %s; claims need SET with NX and GET together: upgrade to Redis 7 or later", r.Version))
	}
	switch r.Policy {
	case "volatile-ttl", "noeviction":
	case unknown:
		r.Warnings = append(r.Warnings, "the server does not tell its eviction policy (CONFIG is not permitted); make sure that maxmemory-policy is volatile-ttl or noeviction")
	default:
		r.Problems = append(r.Problems, fmt.Sprintf("maxmemory-policy is %s, which evicts claims at random and so sends duplicates: CONFIG SET maxmemory-policy volatile-ttl", r.Policy))
	}
}

// setting is a setting of the server, or "unknown" where CONFIG is not permitted.
func (s *Store) setting(ctx context.Context, name string) string {
	conf, err := s.redis.ConfigGet(ctx, name).Result()
	if err != nil || conf[name] == "" {
		return unknown
	}
	return conf[name]
}

// judgeReplication looks at what a failover would mean.
func (r *ServerReport) judgeReplication(id server, minReplicas string) {
	r.cluster = id.cluster
	if id.cluster {
		r.Problems = append(r.Problems, ErrCluster.Error())
	}
	if id.role == "slave" {
		r.Problems = append(r.Problems, "the server is a replica, which takes no claims: name its primary in redis.address, or the sentinels in redis.sentinel")
	}
	switch {
	case id.replication == "":
		r.Warnings = append(r.Warnings, "the server does not tell its replication id (INFO is not permitted), so that a failover, which can lose claims, goes unnoticed; let this user run INFO")
	case id.replicas > 0 && (minReplicas == "0" || minReplicas == unknown):
		r.Warnings = append(r.Warnings, fmt.Sprintf("the server has %d replicas and min-replicas-to-write is %s: a failover loses the claims that no replica has yet, and they are rebuilt from the diagnostics; CONFIG SET min-replicas-to-write 1 and min-replicas-max-lag 2 make it few", id.replicas, minReplicas))
	}
}
