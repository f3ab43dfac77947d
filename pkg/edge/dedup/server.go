package dedup

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// ServerReport is what [Store.CheckServer] found out about the server.
type ServerReport struct {
	// Version and Policy are "unknown" where the server does not say: managed
	// services often forbid CONFIG and INFO.
	Version, Policy string
	// Problems must be fixed; Warnings could not be checked. Each says what to do.
	Problems, Warnings []string
}

const unknown = "unknown"

// CheckServer looks at the server's version and eviction policy. The error is
// only about not reaching it.
func (s *Store) CheckServer(ctx context.Context) (ServerReport, error) {
	r := ServerReport{Version: unknown, Policy: unknown}
	if err := s.redis.Ping(ctx).Err(); err != nil {
		return r, fmt.Errorf("reaching redis: %w", err)
	}
	if info, err := s.redis.Info(ctx, "server").Result(); err == nil {
		for line := range strings.Lines(info) {
			if v, ok := strings.CutPrefix(strings.TrimSpace(line), "redis_version:"); ok {
				r.Version = v
			}
		}
	}
	if conf, err := s.redis.ConfigGet(ctx, "maxmemory-policy").Result(); err == nil && conf["maxmemory-policy"] != "" {
		r.Policy = conf["maxmemory-policy"]
	}
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
