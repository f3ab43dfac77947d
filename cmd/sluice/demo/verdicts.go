package demo

import (
	"context"
	"time"

	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
)

// Verdicts in the demo: half an hour becomes a second.
const (
	// processing is how long the sandbox's Google takes to judge a request.
	processing = 300 * time.Millisecond
	// verdictEvery is how long after the acceptance it is asked.
	verdictEvery = time.Second
	// verdictPatience is how long the demo waits for the last verdicts: the
	// accounting does not need them, and a fault may hold them up.
	verdictPatience = 5 * time.Second
)

// awaitVerdicts waits a little until every request was asked about and the
// accounting has read what came of it.
func (s *stage) awaitVerdicts(ctx context.Context, ledger *Ledger) error {
	ctx, cancel := context.WithTimeout(ctx, verdictPatience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		over, err := s.judged(ctx, ledger)
		switch {
		case ctx.Err() != nil:
			return nil // they come too late for this demo, or it was told to end
		case err != nil || over:
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// judged asks first whether all submissions are dealt with, then whether their
// diagnostics were read: both are written in one transaction.
func (s *stage) judged(ctx context.Context, ledger *Ledger) (bool, error) {
	admin, err := s.admin()
	if err != nil {
		return false, err
	}
	for _, p := range s.env.AllSenders() {
		topic, group := s.env.Names.Submissions(p), s.env.VerdictGroup(p)
		ends, err := reader.StableEnds(ctx, admin, topic)
		if err != nil {
			return false, err
		}
		sent := false
		for _, end := range ends {
			sent = sent || end > 0
		}
		if !sent {
			continue // nobody asks this provider
		}
		committed, err := reader.Committed(ctx, admin, group)
		if err != nil {
			return false, err
		}
		waiting := false
		for p, end := range ends {
			waiting = waiting || end > 0 && committed[p] < end
		}
		if waiting {
			return false, nil
		}
	}
	read, err := s.ends(ctx)
	return err == nil && ledger.ReadTo(read), err
}
