package boot

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/sluicehq/sluice/pkg/core/health"
	"github.com/sluicehq/sluice/pkg/edge/lifecycle"
	"github.com/sluicehq/sluice/pkg/edge/table"
	"github.com/sluicehq/sluice/pkg/edge/telemetry"
	"github.com/sluicehq/sluice/pkg/role/monitor"
)

// monitorRole makes the alert states of every destination metrics. One that is
// started again reads the diagnostics again; what the last one said stands
// until it has.
func (e *Env) monitorRole(ctx context.Context, tables *table.Tables, tel *telemetry.Telemetry) (lifecycle.Role, error) {
	var now atomic.Pointer[monitor.Monitor]
	role, err := e.restarting(ctx, tel, func(context.Context) (lifecycle.Role, func() error, error) {
		log, err := e.Diagnostics()
		if err != nil {
			return nil, nil, err
		}
		m := monitor.New(monitor.Deps{
			Diagnostics: log, Tables: tables, Statuses: e.DestinationStatuses, Versions: e.apiVersions, Log: e.Log, Now: e.Now,
		}, now.Load())
		now.Store(m)
		return lifecycle.Func("monitor", nil, m.Run), nil, nil
	})
	if err != nil {
		return nil, err
	}
	stop, err := tel.Metrics.WatchAlerts(func() []telemetry.Alert { return measured(now.Load().Alerts()) })
	if err != nil {
		return nil, fmt.Errorf("making the monitor: %w", err)
	}
	e.OnClose(stop)
	return role, nil
}

// measured are alerts as the metric has them.
func measured(alerts []health.Alert) []telemetry.Alert {
	all := make([]telemetry.Alert, len(alerts))
	for i, a := range alerts {
		all[i] = telemetry.Alert{
			Name: string(a.Name), Destination: a.Destination, Customer: a.Customer, Provider: a.Provider, Owner: a.Owner, Runbook: a.Runbook, Firing: a.Firing,
		}
	}
	return all
}
