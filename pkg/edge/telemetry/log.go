package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"go.opentelemetry.io/otel/trace"

	"github.com/sluicehq/sluice/pkg/edge/config"
)

// NewLogger makes the logger of a process: JSON or text lines on w, with the
// ids of the current trace where there is one.
func NewLogger(w io.Writer, cfg config.Log) (*slog.Logger, error) {
	handler, err := newHandler(w, cfg)
	if err != nil {
		return nil, err
	}
	return slog.New(traced{handler}), nil
}

func newHandler(w io.Writer, cfg config.Log) (slog.Handler, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Level)); err != nil {
		return nil, fmt.Errorf("setting up logs: %w", err)
	}
	options := &slog.HandlerOptions{Level: level}
	switch cfg.Format {
	case "json":
		return slog.NewJSONHandler(w, options), nil
	case "text":
		return slog.NewTextHandler(w, options), nil
	default:
		return nil, fmt.Errorf("setting up logs: %q is neither json nor text", cfg.Format)
	}
}

// traced adds trace_id and span_id, so that a log line leads to its trace.
type traced struct{ slog.Handler }

// Handle implements slog.Handler.
func (h traced) Handle(ctx context.Context, r slog.Record) error {
	if span := trace.SpanContextFromContext(ctx); span.IsSampled() {
		r = r.Clone()
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h traced) WithAttrs(attrs []slog.Attr) slog.Handler { return traced{h.Handler.WithAttrs(attrs)} }

// WithGroup implements slog.Handler.
func (h traced) WithGroup(name string) slog.Handler { return traced{h.Handler.WithGroup(name)} }
