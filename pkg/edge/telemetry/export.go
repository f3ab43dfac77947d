package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/sluicehq/sluice/pkg/edge/config"
)

// exporters are the OTLP exporters; nil ones are not configured.
type exporters struct {
	metrics metric.Exporter
	traces  trace.SpanExporter
	logs    log.Exporter
}

func newExporters(ctx context.Context, cfg config.OTLP) (exporters, error) {
	if cfg.Endpoint == "" {
		return exporters{}, nil
	}
	headers, err := exportHeaders(cfg.Headers)
	if err != nil {
		return exporters{}, err
	}
	base := strings.TrimSuffix(cfg.Endpoint, "/")
	var out exporters
	var errs [3]error
	out.metrics, errs[0] = otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(base+"/v1/metrics"), otlpmetrichttp.WithHeaders(headers))
	out.traces, errs[1] = otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(base+"/v1/traces"), otlptracehttp.WithHeaders(headers))
	if cfg.Logs {
		out.logs, errs[2] = otlploghttp.New(ctx, otlploghttp.WithEndpointURL(base+"/v1/logs"), otlploghttp.WithHeaders(headers))
	}
	if err := errors.Join(errs[:]...); err != nil {
		return exporters{}, fmt.Errorf("setting up the export to %s: %w", cfg.Endpoint, err)
	}
	return out, nil
}

// exportHeaders reads name=value pairs separated by commas. Its errors never
// repeat them: they are credentials.
func exportHeaders(secret config.Secret) (map[string]string, error) {
	raw, err := secret.Resolve()
	if err != nil {
		return nil, fmt.Errorf("reading telemetry.otlp.headers: %w", err)
	}
	headers := map[string]string{}
	for i, pair := range strings.Split(raw.Reveal(), ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return nil, fmt.Errorf("reading telemetry.otlp.headers: entry %d is not name=value", i+1)
		}
		headers[name] = strings.TrimSpace(value)
	}
	return headers, nil
}

func (t *Telemetry) setUpLogs(cfg Config, deps Deps, about *resource.Resource, out exporters) error {
	lines, err := newHandler(deps.Output, cfg.Log)
	if err != nil {
		return err
	}
	handler := slog.Handler(traced{lines})
	if out.logs != nil {
		provider := log.NewLoggerProvider(log.WithResource(about), log.WithProcessor(log.NewBatchProcessor(out.logs)))
		t.stops = append(t.stops, provider.Shutdown)
		exported := otelslog.NewHandler(scope, otelslog.WithLoggerProvider(provider))
		handler = slog.NewMultiHandler(handler, atLevel{Handler: exported, of: lines})
	}
	t.Logger = slog.New(handler)
	return nil
}

// atLevel exports what is also written, and no debug lines beyond.
type atLevel struct {
	slog.Handler
	of slog.Handler
}

// Enabled implements slog.Handler.
func (h atLevel) Enabled(ctx context.Context, level slog.Level) bool {
	return h.of.Enabled(ctx, level) && h.Handler.Enabled(ctx, level)
}

// WithAttrs implements slog.Handler.
func (h atLevel) WithAttrs(attrs []slog.Attr) slog.Handler {
	return atLevel{Handler: h.Handler.WithAttrs(attrs), of: h.of}
}

// WithGroup implements slog.Handler.
func (h atLevel) WithGroup(name string) slog.Handler {
	return atLevel{Handler: h.Handler.WithGroup(name), of: h.of}
}
