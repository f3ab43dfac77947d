package transact

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// session is one client with one group membership and one transactional id. A
// loop has one at a time, and makes another when the state of this one is in
// doubt.
type session struct {
	gts *kgo.GroupTransactSession
	cl  *kgo.Client

	mu      sync.Mutex
	revoked chan struct{} // closed once partitions were taken; replaced by rewind
}

// open makes the client, takes the transactional id, and joins the group.
// Taking the id at once ends what a killed predecessor left open; until that
// has ended, its pending offsets would keep this member from reading its own.
func (l *Loop) open(ctx context.Context) (*session, error) {
	opts, err := kafka.Options(l.cfg.Kafka)
	if err != nil {
		return nil, err
	}
	s := &session{revoked: make(chan struct{})}
	opts = append(opts, kafka.ReaderOptions(l.cfg.Start)...)
	opts = append(opts, kafka.GroupOptions(kafka.Group{
		Name: l.cfg.Group, Topics: l.cfg.Topics, InstanceID: l.cfg.InstanceID, SessionTimeout: l.cfg.SessionTimeout,
	})...)
	opts = append(opts, kafka.ProducerOptions(l.cfg.Kafka)...)
	opts = append(opts, kafka.TransactOptions(kafka.Transact{ID: l.cfg.TransactionalID, Timeout: l.cfg.TransactionTimeout})...)
	opts = append(opts,
		// A topic that takes less than we are configured for is only known by its refusal.
		kgo.ProducerBatchMaxBytesFn(l.limits.of),
		kgo.OnOffsetsFetched(func(_ context.Context, _ *kgo.Client, resp *kmsg.OffsetFetchResponse) error {
			l.pos.fetched(resp, l.pos.name)
			return nil
		}),
		kgo.AdjustFetchOffsetsFn(func(ctx context.Context, offsets map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
			return l.resolve(ctx, s, offsets)
		}),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, added map[string][]int32) {
			if len(added) == 0 { // more loops than partitions: ready with nothing to do
				l.becomeReady()
			}
		}),
		kgo.OnPartitionsRevoked(func(_ context.Context, _ *kgo.Client, gone map[string][]int32) {
			if len(gone) > 0 {
				s.revoke()
			}
		}),
		kgo.OnPartitionsLost(func(context.Context, *kgo.Client, map[string][]int32) { s.revoke() }),
	)
	if err := s.start(opts); err != nil {
		return nil, err
	}
	if _, _, err := s.cl.ProducerID(ctx); err != nil {
		s.close()
		return nil, fmt.Errorf("taking transactional id %s: %w", l.cfg.TransactionalID, err)
	}
	return s, nil
}

// start makes the client under the lock, because resolve may be called before
// it has returned.
func (s *session) start(opts []kgo.Opt) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gts, err = kgo.NewGroupTransactSession(opts...); err != nil {
		return fmt.Errorf("making transaction client: %w", err)
	}
	s.cl = s.gts.Client()
	return nil
}

// resolve is called by the group before it begins to read new partitions.
func (l *Loop) resolve(ctx context.Context, s *session, offsets map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	out, err := l.pos.adjust(ctx, s.client(), l.cfg, offsets)
	if err != nil {
		l.log.Warn("resolving offsets", "group", l.cfg.Group, "error", err)
		l.status.failed(err)
		return nil, err
	}
	l.becomeReady()
	return out, nil
}

func (s *session) client() *kgo.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cl
}

// assignment is what this member reads. The client's table of committed
// offsets has every assigned partition, because resolve gives each a number.
func (s *session) assignment() Assignment {
	a := Assignment{}
	for topic, parts := range s.cl.CommittedOffsets() {
		for p := range parts {
			a[topic] = append(a[topic], p)
		}
		slices.Sort(a[topic])
	}
	return a
}

func (s *session) revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.revoked:
	default:
		close(s.revoked)
	}
}

// taken is closed once partitions were taken since the last rewind.
func (s *session) taken() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.revoked
}

func (s *session) wasRevoked() bool {
	select {
	case <-s.taken():
		return true
	default:
		return false
	}
}

// rewind gives up what was polled: an empty transaction that aborts asks the
// brokers for nothing, sets the positions back to what is committed, and
// clears the session's memory of a rebalance.
func (s *session) rewind(ctx context.Context) error {
	s.mu.Lock() // before End: a revocation in between costs one rewind more, never one less
	select {
	case <-s.revoked:
		s.revoked = make(chan struct{})
	default:
	}
	s.mu.Unlock()
	if err := s.gts.Begin(); err != nil {
		return fmt.Errorf("rewinding: %w", err)
	}
	if _, err := s.gts.End(ctx, kgo.TryAbort); err != nil {
		return fmt.Errorf("rewinding: %w", err)
	}
	return nil
}

// close leaves the group, so that others need not wait for the session to
// time out, and closes the client. It takes no longer than a few seconds even
// when no broker answers.
func (s *session) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	// An error means that nobody answered; the session timeout does the rest.
	_ = s.cl.LeaveGroupContext(ctx)
	s.cl.Close()
}
