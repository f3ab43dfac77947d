package kafka

import (
	"context"
	"log/slog"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// NewLogger gives the Kafka client's messages to l, one level lower where the
// client is chatty: it logs every transaction at info. Records, raw bytes and
// whole requests are left out, whatever the client passes, so that no record
// data can reach a log.
func NewLogger(l *slog.Logger) kgo.Logger { return logger{l} }

type logger struct{ to *slog.Logger }

func (l logger) Level() kgo.LogLevel {
	ctx := context.Background()
	switch {
	case l.to.Enabled(ctx, slog.LevelDebug):
		return kgo.LogLevelInfo
	case l.to.Enabled(ctx, slog.LevelWarn):
		return kgo.LogLevelWarn
	case l.to.Enabled(ctx, slog.LevelError):
		return kgo.LogLevelError
	default:
		return kgo.LogLevelNone
	}
}

func (l logger) Log(level kgo.LogLevel, msg string, keyvals ...any) {
	attrs := make([]slog.Attr, 0, 1+len(keyvals)/2)
	attrs = append(attrs, slog.String("client", msg))
	for i := 0; i+1 < len(keyvals); i += 2 {
		key, ok := keyvals[i].(string)
		if !ok {
			continue
		}
		switch v := keyvals[i+1].(type) {
		case []byte, *kgo.Record, []*kgo.Record, kgo.Record, kmsg.Request, kmsg.Response:
			continue
		case error:
			attrs = append(attrs, slog.String(key, v.Error()))
		default:
			attrs = append(attrs, slog.Any(key, v))
		}
	}
	l.to.LogAttrs(context.Background(), slogLevel(level), "kafka client", attrs...)
}

func slogLevel(level kgo.LogLevel) slog.Level {
	switch level {
	case kgo.LogLevelError:
		return slog.LevelError
	case kgo.LogLevelWarn:
		return slog.LevelWarn
	default:
		return slog.LevelDebug
	}
}
