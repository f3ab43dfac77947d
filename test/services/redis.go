package services

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
)

// sentinels are three, of which two must agree.
const sentinels = 3

// prepareRedis enters the server and, with sentinels, its replica and them.
func (s *Set) prepareRedis(ctx context.Context, cfg Config, t tools) error {
	if !cfg.Redis && !cfg.Sentinel {
		return nil
	}
	ports, err := s.freePorts(ctx, 2+sentinels)
	if err != nil {
		return err
	}
	s.state.Addresses.Redis = ports[0]
	if err := s.addRedis(cfg, t, "redis", ports[0]); err != nil || !cfg.Sentinel {
		return err
	}
	host, port, err := net.SplitHostPort(ports[0])
	if err != nil {
		return err
	}
	if err := s.addRedis(cfg, t, "redis-replica", ports[1], "--replicaof", host, port); err != nil {
		return err
	}
	for i, address := range ports[2:] {
		if err := s.addSentinel(t, fmt.Sprintf("sentinel-%d", i+1), address, host, port); err != nil {
			return err
		}
		s.state.Addresses.Sentinels = append(s.state.Addresses.Sentinels, address)
	}
	return nil
}

func (s *Set) addRedis(cfg Config, t tools, name, address string, more ...string) error {
	dir := filepath.Join(s.Dir(), name)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("preparing Redis: %w", err)
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	command := slices.Concat([]string{
		t.redis, "--bind", "127.0.0.1", "--port", port, "--dir", dir,
		// Claims are rebuilt from diagnostics; what a restart loses is part of
		// what tests look at.
		"--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0",
	}, more, cfg.RedisArguments)
	s.add(spec{Name: name, Kind: redisKind, Address: address, Command: command, Env: t.redisEnv, Dir: s.Dir()})
	return nil
}

// addSentinel writes a configuration, which the sentinel itself rewrites when
// it learns of others and of a fail-over.
func (s *Set) addSentinel(t tools, name, address, host, port string) error {
	dir := filepath.Join(s.Dir(), name)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("preparing a sentinel: %w", err)
	}
	_, own, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	text := fmt.Sprintf(`bind 127.0.0.1
port %[1]s
dir %[2]s
sentinel monitor %[3]s %[4]s %[5]s 2
sentinel down-after-milliseconds %[3]s 1000
sentinel failover-timeout %[3]s 5000
sentinel parallel-syncs %[3]s 1
`, own, dir, SentinelMaster, host, port)
	file := filepath.Join(dir, "sentinel.conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return fmt.Errorf("preparing a sentinel: %w", err)
	}
	s.add(spec{Name: name, Kind: sentinelKind, Address: address, Env: t.redisEnv, Dir: s.Dir(), Command: []string{t.redis, file, "--sentinel"}})
	return nil
}
