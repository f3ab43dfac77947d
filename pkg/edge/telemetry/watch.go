package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// The Watch methods ask a function whenever metrics are collected. The
// function must be safe to call from any goroutine, quick, and must not wait;
// stop ends it. Whoever starts watching stops before what it asks is gone.

// Oldest is the age of the oldest unprocessed record of one place.
type Oldest struct {
	// Stage is router, hold, verdict, sender or parked.
	Stage string
	// Provider is empty where the stage has none.
	Provider string
	Age      time.Duration
}

// WatchOldest reports ages, one per stage and provider.
func (m *Metrics) WatchOldest(ask func() []Oldest) (stop func() error, err error) {
	return m.watch(func(o metric.Observer) {
		for _, place := range ask() {
			labels := []attribute.KeyValue{attribute.String("stage", place.Stage)}
			if place.Provider != "" {
				labels = append(labels, attribute.String("provider", place.Provider))
			}
			o.ObserveFloat64(m.gauges.oldest, place.Age.Seconds(), metric.WithAttributes(labels...))
		}
	}, m.gauges.oldest)
}

// Table is the state of one table.
type Table struct {
	Name      string
	Ready     bool
	Staleness time.Duration
	Entries   int
	Bytes     int64
}

// WatchTables reports the tables of a process.
func (m *Metrics) WatchTables(ask func() []Table) (stop func() error, err error) {
	g := m.gauges
	return m.watch(func(o metric.Observer) {
		for _, t := range ask() {
			labels := metric.WithAttributes(attribute.String("table", t.Name))
			o.ObserveInt64(g.tableReady, flag(t.Ready), labels)
			o.ObserveFloat64(g.tableStaleness, t.Staleness.Seconds(), labels)
			o.ObserveInt64(g.tableEntries, int64(t.Entries), labels)
			o.ObserveInt64(g.tableBytes, t.Bytes, labels)
		}
	}, g.tableReady, g.tableStaleness, g.tableEntries, g.tableBytes)
}

// DestinationState is how a destination stands at one sender.
type DestinationState struct {
	Provider, Destination string
	// State is open, waiting or blocked.
	State         string
	Parked        int64
	ParkedBytes   int64
	RequestsGoing int
}

// destinationStates are all states, so that the one that ended goes to 0
// instead of staying at 1.
var destinationStates = []string{"open", "waiting", "blocked"}

// WatchDestinations reports the destinations of a sender.
func (m *Metrics) WatchDestinations(ask func() []DestinationState) (stop func() error, err error) {
	g := m.gauges
	return m.watch(func(o metric.Observer) {
		for _, d := range ask() {
			provider, destination := attribute.String("provider", d.Provider), attribute.String("destination", d.Destination)
			for _, state := range destinationStates {
				o.ObserveInt64(g.destination, flag(state == d.State), metric.WithAttributes(provider, destination, attribute.String("state", state)))
			}
			labels := metric.WithAttributes(provider, destination)
			o.ObserveInt64(g.parked, d.Parked, labels)
			o.ObserveInt64(g.parkedBytes, d.ParkedBytes, labels)
			o.ObserveInt64(g.inFlight, int64(d.RequestsGoing), labels)
		}
	}, g.destination, g.parked, g.parkedBytes, g.inFlight)
}

// WatchWindow reports the bytes of unfinished deliveries.
func (m *Metrics) WatchWindow(ask func() int64) (stop func() error, err error) {
	return m.watch(func(o metric.Observer) { o.ObserveInt64(m.gauges.windowBytes, ask()) }, m.gauges.windowBytes)
}

// WatchClaimWindow reports the effective claim window; ok is false while it
// is not known.
func (m *Metrics) WatchClaimWindow(ask func() (window time.Duration, ok bool)) (stop func() error, err error) {
	return m.watch(func(o metric.Observer) {
		if window, ok := ask(); ok {
			o.ObserveFloat64(m.gauges.claimWindow, window.Seconds())
		}
	}, m.gauges.claimWindow)
}

// WatchClaimReplicas reports how many replicas are behind; ok is false while it is
// not known.
func (m *Metrics) WatchClaimReplicas(ask func() (behind int64, ok bool)) (stop func() error, err error) {
	return m.watch(func(o metric.Observer) {
		if behind, ok := ask(); ok {
			o.ObserveInt64(m.gauges.claimsBehind, behind)
		}
	}, m.gauges.claimsBehind)
}

// Quota is a provider's budget of requests for one project.
type Quota struct {
	Provider, Project string
	// Requests that this process has made since it started.
	Requests int64
	// PerMinute and PerDay are the limits, over all processes.
	PerMinute, PerDay int64
}

// WatchQuotas reports quotas.
func (m *Metrics) WatchQuotas(ask func() []Quota) (stop func() error, err error) {
	return m.watch(func(o metric.Observer) {
		for _, q := range ask() {
			labels := []attribute.KeyValue{attribute.String("provider", q.Provider), attribute.String("project", q.Project)}
			o.ObserveInt64(m.gauges.quotaRequests, q.Requests, metric.WithAttributes(labels...))
			for period, limit := range map[string]int64{"minute": q.PerMinute, "day": q.PerDay} {
				period := attribute.String("period", period)
				o.ObserveInt64(m.gauges.quotaLimit, limit, metric.WithAttributes(labels...), metric.WithAttributes(period))
			}
		}
	}, m.gauges.quotaRequests, m.gauges.quotaLimit)
}

func (m *Metrics) watch(observe func(metric.Observer), instruments ...metric.Observable) (func() error, error) {
	registration, err := m.meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		observe(o)
		return nil
	}, instruments...)
	if err != nil {
		return nil, err
	}
	return registration.Unregister, nil
}

func flag(on bool) int64 {
	if on {
		return 1
	}
	return 0
}
