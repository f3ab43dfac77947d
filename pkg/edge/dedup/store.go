package dedup

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// Config of a Store.
type Config struct {
	// Instance names this process in the rebuild lease. Required.
	Instance string
	// Prefix of every key, for a Redis that is shared after all; it costs its
	// length with every claim. At most 16 bytes. Default none.
	Prefix string
	// Lease is how long a rebuild that died blocks the next. Default 30 s.
	Lease time.Duration
}

// Store reads and writes claims. Safe for concurrent use.
type Store struct {
	redis    redis.UniversalClient
	prefix   string
	sentinel string
	instance string
	lease    time.Duration
	known    atomic.Int64 // the ready number; 0: none seen yet
	silent   atomic.Bool  // the server does not answer INFO: its replication id is not known
}

// New makes a store over a client, which stays the caller's to close. Make the
// client with [Options].
func New(client redis.UniversalClient, cfg Config) (*Store, error) {
	if cfg.Instance == "" || strings.ContainsAny(cfg.Instance, "\r\n") {
		return nil, errors.New("making claim store: an instance name is needed")
	}
	if len(cfg.Prefix) > 16 {
		return nil, fmt.Errorf("making claim store: prefix %q is longer than 16 bytes", cfg.Prefix)
	}
	if cfg.Lease == 0 {
		cfg.Lease = 30 * time.Second
	}
	return &Store{
		redis: client, prefix: cfg.Prefix, sentinel: cfg.Prefix + "sluice:claims",
		instance: cfg.Instance, lease: cfg.Lease,
	}, nil
}

const (
	readyPrefix      = "ready:"
	rebuildingPrefix = "rebuilding:"
)

// judge compares a sentinel's value with what this process knows and with the
// replication id of the server that answered. A ready number that it did not
// know is learned, for the next attempt; epoch 0 asks for any ready number.
func (s *Store) judge(value string, err error, replication string, epoch int64) (int64, error) {
	switch {
	case errors.Is(err, redis.Nil):
		return 0, ErrEmpty
	case err != nil:
		return 0, err
	}
	if by, ok := strings.CutPrefix(value, rebuildingPrefix); ok {
		return 0, &RebuildingError{By: by}
	}
	r, ok := parseReadiness(value)
	switch {
	case !ok:
		return 0, fmt.Errorf("%w: the sentinel says %q", ErrUnavailable, value)
	case r.otherServer(replication):
		return 0, ErrFailedOver
	}
	s.known.Store(r.number)
	if epoch != 0 && r.number != epoch {
		return 0, ErrChanged
	}
	return r.number, nil
}

// Status reads the sentinel and the server's replication id: nil when Redis is
// ready, else an ErrUnavailable. A server that refused INFO is asked again.
func (s *Store) Status(ctx context.Context) error {
	s.silent.Store(false)
	if _, err := s.exec(ctx, nil, 0); err != nil {
		return unavailable("reading the state of claims", err)
	}
	return nil
}
