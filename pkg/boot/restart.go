package boot

import (
	"context"
	"errors"

	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
	"github.com/sluicehq/sluice/pkg/edge/lifecycle"
	"github.com/sluicehq/sluice/pkg/edge/telemetry"
)

// restarting makes a role that is built anew when it fails, while the others go
// on. What is wrong when it is first built ends the process, as does what
// hopeless says of its run.
func (e *Env) restarting(ctx context.Context, tel *telemetry.Telemetry, build lifecycle.Build) (lifecycle.Role, error) {
	r, err := lifecycle.Restart(ctx, lifecycle.Restarts{
		Log:    tel.Logger,
		Failed: func(ctx context.Context, role string) { tel.Metrics.RoleRestarts(ctx, role, 1) },
	}, func(ctx context.Context) (lifecycle.Role, func() error, error) {
		role, release, err := build(ctx)
		if err != nil {
			return nil, nil, err
		}
		return lifecycle.Func(role.Name(), role.Ready(), func(ctx context.Context, drain <-chan struct{}) error {
			err := role.Run(ctx, drain)
			if hopeless(err) {
				return lifecycle.Permanent(err)
			}
			return err
		}), release, nil
	})
	if err != nil {
		return nil, err
	}
	tel.Metrics.RoleRestarts(ctx, r.Name(), 0)
	e.OnClose(r.Close)
	return r, nil
}

// hopeless tells which failures are a matter of the configuration, that starting
// again does not heal: two processes with one router.instance would take turns
// for ever. Refused rights are none of them, they come back.
func hopeless(err error) bool { return errors.Is(err, transact.ErrFenced) }
