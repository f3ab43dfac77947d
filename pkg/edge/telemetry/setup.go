// Package telemetry is what a process tells about itself: logs (slog),
// metrics (OpenTelemetry, served for Prometheus and exported by OTLP where
// that is configured) and traces. Every instrument is declared in
// instruments.go, every log key in keys.go.
//
// Three rules hold for all of it. Nothing that identifies a person goes in:
// no record keys, subjects, identifiers or payloads. Labels come from closed
// sets or from resources that an operator wrote, never from events. And the
// hot path pays almost nothing: the router counts a batch in plain integers
// and hands the sums over once (Tally).
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/sluicehq/sluice/pkg/edge/config"
)

// scope names our instruments and spans.
const scope = "github.com/sluicehq/sluice"

// seriesLimit bounds the series of one instrument: destinations times lanes
// times a few. Beyond it the SDK folds new ones into one that says so.
const seriesLimit = 50_000

// Config says what to set up.
type Config struct {
	config.Telemetry
	// Version and Instance stand in every export.
	Version, Instance string
}

// Deps are what telemetry writes to.
type Deps struct {
	// Output receives the log lines, usually stderr.
	Output io.Writer
}

// Telemetry is a process's logs, metrics and traces.
type Telemetry struct {
	// Logger is the root logger.
	Logger *slog.Logger
	// Metrics are all instruments.
	Metrics *Metrics
	// Tracing starts and continues traces.
	Tracing *Tracing

	registry *prometheus.Registry
	meters   *metric.MeterProvider
	stops    []func(context.Context) error
}

// New sets telemetry up. Exporting begins at once where an OTLP endpoint is
// configured; an endpoint that cannot be reached is logged and retried, it
// never stops the process.
func New(ctx context.Context, cfg Config, deps Deps) (*Telemetry, error) {
	t := &Telemetry{registry: prometheus.NewRegistry()}
	about := resource.NewSchemaless(
		attribute.String("service.name", "sluice"),
		attribute.String("service.version", cfg.Version),
		attribute.String("service.instance.id", cfg.Instance),
	)
	out, err := newExporters(ctx, cfg.OTLP)
	if err != nil {
		return nil, err
	}
	if err := t.setUpLogs(cfg, deps, about, out); err != nil {
		return nil, errors.Join(err, t.Shutdown(ctx))
	}
	if err := t.setUpMetrics(cfg, about, out); err != nil {
		return nil, errors.Join(err, t.Shutdown(ctx))
	}
	t.setUpTraces(cfg, about, out)
	// Export errors have no other way out of the SDK than this global; the
	// default would print them past the log format.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		t.Logger.Warn("telemetry cannot be exported", KeyError, err)
	}))
	return t, nil
}

func (t *Telemetry) setUpMetrics(cfg Config, about *resource.Resource, out exporters) error {
	scrape, err := exporter.New(exporter.WithRegisterer(t.registry), exporter.WithoutScopeInfo())
	if err != nil {
		return fmt.Errorf("setting up metrics: %w", err)
	}
	for _, c := range []prometheus.Collector{collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})} {
		if err := t.registry.Register(c); err != nil {
			return fmt.Errorf("setting up metrics: %w", err)
		}
	}
	options := []metric.Option{metric.WithResource(about), metric.WithReader(scrape), metric.WithCardinalityLimit(seriesLimit)}
	if out.metrics != nil {
		options = append(options, metric.WithReader(metric.NewPeriodicReader(out.metrics, metric.WithInterval(cfg.OTLP.Interval.Std()))))
	}
	t.meters = metric.NewMeterProvider(options...)
	t.stops = append(t.stops, t.meters.Shutdown)
	t.Metrics, err = NewMetrics(t.meters.Meter(scope))
	return err
}

func (t *Telemetry) setUpTraces(cfg Config, about *resource.Resource, out exporters) {
	if out.traces == nil {
		t.Tracing = newTracing(nil, 0)
		return
	}
	provider := trace.NewTracerProvider(
		trace.WithResource(about),
		trace.WithBatcher(out.traces),
		trace.WithSampler(newSampler(cfg.Traces.Ratio)),
	)
	t.stops = append(t.stops, provider.Shutdown)
	t.Tracing = newTracing(provider.Tracer(scope), cfg.Traces.Ratio)
}

// Handler serves the metrics in the Prometheus format.
func (t *Telemetry) Handler() http.Handler {
	return promhttp.HandlerFor(t.registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
}

// Shutdown exports what is left and stops every exporter. It may be called
// twice; ctx bounds it.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	var errs []error
	// Last set up, first stopped; logs go last, so that they can tell.
	for i := len(t.stops) - 1; i >= 0; i-- {
		errs = append(errs, t.stops[i](ctx))
	}
	t.stops = nil
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("stopping telemetry: %w", err)
	}
	return nil
}
