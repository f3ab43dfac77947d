package sender_test

import (
	"context"
	"strings"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/topology"
)

// journal notes in which order things happened.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) note(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

// read gives what was noted and begins anew.
func (j *journal) read() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	lines := j.lines
	j.lines = nil
	return lines
}

// noting writes records and notes their topics once they are acknowledged.
type noting struct {
	log   *journal
	to    *kafka.Producer
	names topology.Names
}

func (n *noting) Produce(ctx context.Context, records ...*kgo.Record) error {
	if err := n.to.Produce(ctx, records...); err != nil {
		return err
	}
	for _, r := range records {
		if r.Topic != n.names.DestinationStatus() {
			n.log.note(strings.Split(r.Topic, ".")[1])
		}
	}
	return nil
}

// notingClaims notes what is done to claims.
type notingClaims struct {
	*dedup.Store
	log *journal
}

func (n *notingClaims) Mark(ctx context.Context, rs []dedup.Request) error {
	n.log.note("mark")
	return n.Store.Mark(ctx, rs)
}

func (n *notingClaims) Release(ctx context.Context, rs []dedup.Request) error {
	n.log.note("release")
	return n.Store.Release(ctx, rs)
}

func (n *notingClaims) Renew(ctx context.Context, rs []dedup.Request) error {
	n.log.note("renew")
	return n.Store.Renew(ctx, rs)
}
