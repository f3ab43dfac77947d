package main

import (
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/sluicehq/sluice/pkg/edge/telemetry"
)

// instrument is one metric as Prometheus shows it.
type instrument struct {
	Name, Kind, Description string
}

// recorder is a meter that notes what is declared. /metrics itself shows a
// series only once there was something to count, so it cannot be the list. A
// kind of instrument that it does not know stops it with a nil call, instead of
// being left out of the list.
type recorder struct {
	metric.Meter
	made noop.Meter
	all  []instrument
}

func (r *recorder) add(name, unit, kind, description string) {
	// The rules of the exporter: dots become underscores, the unit and, for
	// counters, _total are appended; units in braces are only words.
	full := strings.ReplaceAll(name, ".", "_")
	switch unit {
	case "s":
		full += "_seconds"
	case "By":
		full += "_bytes"
	}
	full = strings.ReplaceAll(full, "_bytes_bytes", "_bytes")
	if kind == "counter" {
		full += "_total"
	}
	r.all = append(r.all, instrument{full, kind, description})
}

// Int64Counter notes a counter.
func (r *recorder) Int64Counter(name string, o ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	c := metric.NewInt64CounterConfig(o...)
	r.add(name, c.Unit(), "counter", c.Description())
	return r.made.Int64Counter(name, o...)
}

// Int64ObservableCounter notes a counter.
func (r *recorder) Int64ObservableCounter(name string, o ...metric.Int64ObservableCounterOption) (metric.Int64ObservableCounter, error) {
	c := metric.NewInt64ObservableCounterConfig(o...)
	r.add(name, c.Unit(), "counter", c.Description())
	return r.made.Int64ObservableCounter(name, o...)
}

// Int64Histogram notes a histogram.
func (r *recorder) Int64Histogram(name string, o ...metric.Int64HistogramOption) (metric.Int64Histogram, error) {
	c := metric.NewInt64HistogramConfig(o...)
	r.add(name, c.Unit(), "histogram", c.Description())
	return r.made.Int64Histogram(name, o...)
}

// Float64Histogram notes a histogram.
func (r *recorder) Float64Histogram(name string, o ...metric.Float64HistogramOption) (metric.Float64Histogram, error) {
	c := metric.NewFloat64HistogramConfig(o...)
	r.add(name, c.Unit(), "histogram", c.Description())
	return r.made.Float64Histogram(name, o...)
}

// Int64ObservableGauge notes a gauge.
func (r *recorder) Int64ObservableGauge(name string, o ...metric.Int64ObservableGaugeOption) (metric.Int64ObservableGauge, error) {
	c := metric.NewInt64ObservableGaugeConfig(o...)
	r.add(name, c.Unit(), "gauge", c.Description())
	return r.made.Int64ObservableGauge(name, o...)
}

// Float64ObservableGauge notes a gauge.
func (r *recorder) Float64ObservableGauge(name string, o ...metric.Float64ObservableGaugeOption) (metric.Float64ObservableGauge, error) {
	c := metric.NewFloat64ObservableGaugeConfig(o...)
	r.add(name, c.Unit(), "gauge", c.Description())
	return r.made.Float64ObservableGauge(name, o...)
}

// metrics lists what pkg/edge/telemetry declares.
func metrics() ([]instrument, error) {
	var r recorder
	if _, err := telemetry.NewMetrics(&r); err != nil {
		return nil, err
	}
	slices.SortFunc(r.all, func(a, b instrument) int { return strings.Compare(a.Name, b.Name) })
	return r.all, nil
}

func metricsPage(string) ([]byte, error) {
	all, err := metrics()
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString(`# Metrics

<!-- Made from pkg/edge/telemetry by make generate; do not edit. -->

Everything under ` + "`/metrics`" + ` that begins with ` + "`sluice_`" + `. A histogram has the
series ` + "`_bucket`, `_sum` and `_count`" + `. A series exists once there was something to
count. [operations.md](operations.md#metrics) says what to look at first,
[deploy.md](deploy.md) how alerts and dashboards use them.

| metric | kind | meaning |
| --- | --- | --- |
`)
	for _, i := range all {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", i.Name, i.Kind, i.Description)
	}
	return []byte(b.String()), nil
}
