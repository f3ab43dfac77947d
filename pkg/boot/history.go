package boot

import (
	"context"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/history"
)

// History folds the diagnostics from a time on to what became of each event.
// It reads on until what open transactions hold is decided. The zero time is
// everything that is kept.
func (e *Env) History(ctx context.Context, since time.Time) (*history.Fold, error) {
	var fold history.Fold
	err := e.EachDecision(ctx, since, func(d *decision.Decision) { fold.Add(d) })
	return &fold, err
}

// EachDecision reads the diagnostics from a time on to where they end now. A
// record that nobody can read is reported in the log and passed over. The
// decision is valid until take returns.
func (e *Env) EachDecision(ctx context.Context, since time.Time, take func(*decision.Decision)) error {
	if err := e.Cluster.RequireTopics(ctx, e.Names.Diagnostics()); err != nil {
		return err
	}
	log, err := e.Diagnostics()
	if err != nil {
		return err
	}
	_, err = log.Each(ctx, since, take)
	return err
}
