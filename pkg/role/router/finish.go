package router

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
)

// finish claims, mends what others own, and gives what the batch came to.
func (s *Session) finish(ctx context.Context, p *pass) ([]*kgo.Record, error) {
	if err := s.takeClaims(ctx); err != nil {
		return nil, err
	}
	// Claiming may have taken long: decisions on stale tables never count.
	if err := p.view.Err(); err != nil {
		return nil, fmt.Errorf("%w: deciding a batch: %w", transact.ErrWait, err)
	}
	s.forgetEvent()
	return s.out.list(), nil
}

// Committed is told when the batch's transaction has committed: only then do
// its decisions count.
func (s *Session) Committed(ctx context.Context) {
	s.deps.Meter.AddTally(ctx, s.tally)
	s.tally.Reset()
	s.forget()
}
