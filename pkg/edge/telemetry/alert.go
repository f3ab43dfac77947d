package telemetry

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Alert is the state of one alert, judged from the diagnostics.
type Alert struct {
	// Name is one of package health's.
	Name string
	// Destination and what follows are empty for alerts about the installation.
	Destination, Customer, Provider string
	Owner, Runbook                  string
	Firing                          bool
}

// WatchAlerts reports alerts, 1 where one fires and 0 where it does not.
func (m *Metrics) WatchAlerts(ask func() []Alert) (stop func() error, err error) {
	return m.watch(func(o metric.Observer) {
		for _, a := range ask() {
			o.ObserveInt64(m.gauges.alert, flag(a.Firing), metric.WithAttributes(
				attribute.String("alert", a.Name), attribute.String("destination", a.Destination), attribute.String("customer", a.Customer),
				attribute.String("provider", a.Provider), attribute.String("owner", a.Owner), attribute.String("runbook", a.Runbook)))
		}
	}, m.gauges.alert)
}
